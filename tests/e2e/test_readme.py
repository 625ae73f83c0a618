"""What the README tells a user to do, done."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.voices.scheme import load_scheme
from tests.conftest import ROOT, plain_text, write_documents, write_recipe

pytestmark = pytest.mark.e2e

CORPUS = ("build", "status", "show", "sample", "retry")
DATASET = ("versions", "pull", "verify", "check")
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_every_command_runs(tmp_path, environment):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    # The other one is about a bucket, and is run where there is one: test_s3.py.
    [own, topics] = blocks("sh")
    assert "bucket.toml" in own

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", topics],
        cwd=tmp_path, env=environment | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "2 files are whole" in done.stdout
    reader = next(code for code in blocks("python") if "pyarrow.dataset" in code)
    again = next(code for code in blocks("python") if "rerender" in code)
    read = subprocess.run(
        [sys.executable, "-c", reader + again], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert read.stdout.startswith("human ")
    assert "\n<Human>" in read.stdout


def test_the_scheme_of_the_readme_is_sound(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(next(toml for toml in blocks("toml") if "[[moves]]" in toml))

    assert load_scheme(str(path)).tags == ("<bot>", "</bot>")


@pytest.fixture
def on_path(environment, folder):
    """Let subprocesses import from this test's folder."""
    before = environment["PYTHONPATH"]
    environment["PYTHONPATH"] = f"{before}:{folder}"
    yield folder
    environment["PYTHONPATH"] = before


def test_the_pass_of_the_readme_is_a_pass(on_path, prealign):
    folder = on_path
    code = next(code for code in blocks("python") if "class Length" in code)
    settings = next(toml for toml in blocks("toml") if "length" in toml)
    (folder / "readme_passes").mkdir()
    (folder / "readme_passes" / "length.py").write_text(code)
    recipe = write_recipe(folder)
    first = '[[pass]]\nuse = "screen"'
    mine = settings.replace('"length"', '"readme_passes.length"')
    recipe.write_text(recipe.read_text().replace(first, f"{mine}\n{first}"))
    write_documents(folder, [{"text": "Too short."}, {"text": plain_text(1)}])

    done = prealign("build", recipe)

    assert done.returncode == 0, done.stderr
    assert "length" in done.stdout


def test_the_tree_names_every_folder_that_is_there():
    tree = README.split("## The tree")[1].split("```")[1]
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    folders = {path.split("/")[0] for path in tracked if "/" in path} - {".ci"}
    inner = {path.split("/")[1] for path in tracked if re.match(r"pipeline/[a-z]+/", path)}
    files = {path.split("/")[1] for path in tracked if re.match(r"pipeline/[a-z]+\.py$", path)}

    assert {f for f in folders if f"\n{f}/" not in f"\n{tree}"} == set()
    assert {f for f in inner if f"  {f}/" not in tree} == set()
    assert {f for f in files if f not in tree} == set()


def test_help_has_an_example_for_each_command(prealign):
    for command in (*CORPUS, *DATASET):
        said = prealign(command, "--help").stdout

        assert f"Example: prealign {command} " in said
        assert "--json" in said
