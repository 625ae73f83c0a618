"""What a user meets when something is wrong: what, where, and what to do."""

import gzip
import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

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
    assert not (folder / "corpus").exists()
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

    done = prealign("build", write_recipe(folder), "--set", "pool.gpus_each=64", alone=True)

    assert done.returncode == 1
    assert "GPUs, this machine has" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_is_not_there_is_missed_before_any_work(prealign, folder):
    write_documents(folder, [{"text": plain_text(1)}])
    settings = 'urls = ["http://127.0.0.1:9/v1"]\nmodel = "any"\napi_key_env = "NO_SUCH_KEY"'
    recipe = write_recipe(folder, engine="openai_http", engine_settings=settings)

    done = prealign("build", recipe)

    assert done.returncode == 2
    assert "NO_SUCH_KEY is not set" in done.stderr
    assert "export NO_SUCH_KEY" in done.stderr
    assert not (folder / "corpus" / "units").exists()


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


PARQUET = """
[[source]]
name = "tables"
use = "parquet"
url = "tables"
"""


@pytest.fixture
def wrong_turns(folder):
    """A recipe whose sources hold everything that can be wrong with a file or a row."""
    documents = folder / "documents"
    good = [json.dumps({"id": f"good{i}", "text": plain_text(i)}) for i in range(8)]
    lines = [
        b"\xef\xbb\xbf" + good[0].encode(),
        good[1].encode() + b"\r",
        b'{"id": "wrong-type", "text": ["a", "list"]}',
        b'{"id": {"a": 1}, "author": {"b": 2}, "text": "Its id and author are of wrong types."}',
        good[0].encode(),
        b'{"id": "nul", "text": "Nothing\\u0000 and half a pair \\ud800 of letters."}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"id": "deep", "text": "Sound, beside nested data.", "x": '
        + b"[" * 90
        + b"]" * 90
        + b"}",
        b'{"id": "noise", "text": "\xff\xfe"}',
        b"{broken",
        b"",
        b'"no object"',
        b'{"id": "empty", "text": "  "}',
    ]
    (documents / "a.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    long = {"id": "long", "text": f"{plain_text(99)}\n\n" * 120_000}
    (documents / "b.jsonl").write_text(json.dumps(long) + "\n")
    assert (documents / "b.jsonl").stat().st_size > 50_000_000
    (documents / "c.jsonl.gz").write_bytes(gzip.compress(good[2].encode() + b"\n")[:-6])
    noise = "\n".join(json.dumps({"text": os.urandom(3000).hex()}) for _ in range(100))
    (documents / "d.jsonl.zst").write_bytes(zstandard.compress(noise.encode())[:50_000])
    tables = folder / "tables"
    tables.mkdir()
    pq.write_table(pa.table({"id": ["a", "b"], "body": ["x", "y"]}), tables / "other.parquet")
    pq.write_table(pa.table({"id": ["p"], "text": [plain_text(50)]}), tables / "sound.parquet")
    data = (tables / "sound.parquet").read_bytes()
    (tables / "cut.parquet").write_bytes(data[: len(data) // 2])
    return write_recipe(folder, unit_rows=5, extra=PARQUET)


def test_whatever_is_wrong_has_its_reason_and_place_and_the_rest_goes_on(
    folder, wrong_turns, prealign
):
    done = prealign("build", wrong_turns, "--json")
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)["documents"]

    rejected = documents["rejected"]
    assert rejected["no_text"] == 3
    assert rejected["id_taken"] == 1
    assert rejected["not_json"] == 2
    assert rejected["not_utf8"] == rejected["blank"] == rejected["not_an_object"] == 1
    assert rejected["empty"] == 1
    assert rejected["damaged"] == 3
    assert documents["duplicate"]["source"] > 2000
    # Two good ones, the one of wrong types, NUL, nested, one part of the long one, Parquet's.
    accepted = sum(documents["accepted"].values()) + rejected.get("quality", 0)
    assert accepted >= 7
    listed = json.loads(prealign("status", wrong_turns, "--json").stdout)
    places = {seen["place"] for seen in listed["failing"]}
    assert "made/c.jsonl.gz:2" in places or "made/c.jsonl.gz:1" in places
    assert "tables/cut.parquet:1" in places
    shown = prealign("show", wrong_turns, "made/a.jsonl:4").stdout
    assert "field 'id' is an object, not text" in shown
    assert "field 'author' is an object, not text" in shown
    column = prealign("show", wrong_turns, "tables/other.parquet:1").stdout
    assert "there is no column 'text', there are id, body" in column


@pytest.fixture
def read_only_disk(folder, small_disk):
    """The same small file system, after something has made it read-only."""

    def switch(mode):
        subprocess.run(["mount", "-o", f"remount,{mode}", str(small_disk)], check=True)

    yield switch
    switch("rw")


def test_a_read_only_disk_is_named_and_the_build_continues_later(prealign, folder, read_only_disk):
    write_documents(folder, [{"id": str(i), "text": plain_text(i)} for i in range(4)])
    recipe = write_recipe(folder)
    read_only_disk("ro")

    refused = prealign("build", recipe)
    read_only_disk("rw")
    done = prealign("build", recipe, "--json")

    assert refused.returncode == 1
    assert "Read-only file system" in refused.stderr
    assert str(folder / "corpus") in refused.stderr
    assert "Traceback" not in refused.stderr
    assert done.returncode == 0, done.stderr


def test_who_may_not_come_in_is_rejected_with_the_reason_and_counted(prealign, folder):
    rows = [
        {"id": "fine", "text": plain_text(1), "license": "CC0-1.0"},
        {"id": "owned", "text": plain_text(2), "license": "All rights reserved"},
        {"id": "silent", "text": plain_text(3)},
        {"id": "gone", "text": plain_text(4), "license": "CC0-1.0", "url": "https://a.example/x"},
        {"id": "autre", "text": "Il pleuvait sur la ville et personne ne disait rien du tout à "
                                "la gare, où les trains ne passaient plus.", "license": "CC0-1.0"},
    ]  # fmt: skip
    write_documents(folder, rows)
    (folder / "out.txt").write_text("# wrote to us in May\nhttp://a.example/x/\n")
    recipe = write_recipe(folder)
    settings = ['licenses=["CC0-*"]', "opt_out=out.txt", 'languages=["en"]']

    done = prealign(
        "build", recipe, "--json", *(word for s in settings for word in ("--set", f"source.0.{s}"))
    )

    assert json.loads(done.stdout)["documents"] == {
        "accepted": {"verbatim": 1},
        "rejected": {"language": 1, "license": 2, "opted_out": 1},
    }
