"""What a user meets when something is wrong: what, where, and what to do."""

import json
import subprocess

import pytest

from tests.conftest import plain_text, write_documents, write_recipe

pytestmark = pytest.mark.e2e


def test_a_missing_recipe(prealign, folder):
    done = prealign("build", folder / "none.toml")

    assert done.returncode == 2
    assert done.stderr.startswith("error: the recipe")
    assert "hint:  give the path" in done.stderr


def test_an_unknown_pass_is_refused_before_any_work(prealign, folder):
    recipe = write_recipe(folder)
    recipe.write_text(recipe.read_text().replace('"review"', '"reviw"'))

    done = prealign("build", recipe)

    assert done.returncode == 2
    assert "did you mean 'review'" in done.stderr
    assert not (folder / "corpus").exists()


def test_a_source_without_files(prealign, folder):
    done = prealign("build", write_recipe(folder))

    assert done.returncode == 2
    assert "source 'made' matches no file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_does_not_exist(prealign):
    done = prealign("bulid", "x")

    assert done.returncode == 2
    assert "bulid" in done.stderr


def test_status_before_any_build(prealign, folder):
    done = prealign("status", write_recipe(folder))

    assert done.returncode == 2
    assert "no build was started" in done.stderr


def test_an_empty_source_is_a_finished_build_of_nothing(prealign, folder):
    write_documents(folder, [])

    done = prealign("build", write_recipe(folder))

    assert done.returncode == 0
    assert "a finished build of nothing, and no version" in done.stdout
    assert not (folder / "dataset").exists()


def test_an_output_that_cannot_be_written(prealign, folder):
    write_documents(folder, [{"text": plain_text(1)}])
    (folder / "corpus").write_text("a file where the folder should be")

    done = prealign("build", write_recipe(folder))

    assert done.returncode == 1
    assert str(folder / "corpus") in done.stderr
    assert "it continues" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def small_disk(folder):
    """A file system of 300 kB, where the corpus is to lie."""
    disk = folder / "corpus"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_named_and_the_build_continues_later(prealign, folder, small_disk):
    write_documents(folder, [{"id": str(i), "text": plain_text(i)} for i in range(24)])
    recipe = write_recipe(folder)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 280_000)

    full = prealign("build", recipe)
    ballast.unlink()
    done = prealign("build", recipe, "--json")

    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert str(small_disk) in full.stderr
    assert "Traceback" not in full.stderr
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == {"accepted": {"verbatim": 24}}


def test_a_source_whose_text_field_is_misnamed_ends_with_something_to_mend(prealign, folder):
    write_documents(folder, [{"body": plain_text(1)}])

    done = prealign("build", write_recipe(folder))

    assert done.returncode == 2
    assert "no_text" in done.stdout
    assert "nothing was accepted" in done.stdout


def test_more_gpus_than_there_are(prealign, folder):
    write_documents(folder, [{"text": plain_text(1)}])

    done = prealign("build", write_recipe(folder), "--set", "pool.gpus_each=64")

    assert done.returncode == 1
    assert "GPUs each, this machine has" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dataset_that_cannot_be_written_is_refused_before_any_work(prealign, folder):
    write_documents(folder, [{"text": plain_text(1)}])
    (folder / "dataset").write_text("a file where the folder should be")

    done = prealign("build", write_recipe(folder))

    assert done.returncode == 1
    assert str(folder / "dataset") in done.stderr
    assert not (folder / "corpus" / "units").exists()


def test_versions_of_nothing(prealign, folder):
    done = prealign("versions", folder / "none")

    assert done.returncode == 2
    assert "holds no version" in done.stderr
