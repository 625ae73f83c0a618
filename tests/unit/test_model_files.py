"""A model is told from every other one: by a commit, or by what lies in its folder."""

import os
import subprocess
import sys

import pytest

from pipeline.serving.last_words import LastWords
from pipeline.serving.model_files import model_digest, model_revision
from pipeline.serving.vllm_arguments import decisive
from schemas.errors import RecipeError


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "small"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text('{"layers": 2}')
    (folder / "sub" / "weights.safetensors").write_bytes(bytes(9_000_000))
    return folder


def digest(folder):
    model_digest.cache_clear()
    return model_digest(folder)


def test_the_same_files_are_the_same_model_wherever_they_lie(model, tmp_path):
    before = digest(model)

    moved = model.rename(tmp_path / "elsewhere")

    assert digest(moved) == before


@pytest.mark.parametrize("place", [0, 4_500_000, 8_999_999])
def test_trained_weights_are_another_model(model, place):
    before = digest(model)
    path = model / "sub" / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[max(0, place - 300_000) : place + 1] = b"\1" * (place - max(0, place - 300_000) + 1)

    path.write_bytes(data)

    assert digest(model) != before


@pytest.mark.parametrize("change", ["config", "name", "more", "size"])
def test_any_other_file_is_another_model(model, change):
    before = digest(model)
    if change == "config":
        (model / "config.json").write_text('{"layers": 3}')
    elif change == "name":
        (model / "config.json").rename(model / "other.json")
    elif change == "more":
        (model / "chat_template.jinja").write_text("x")
    else:
        os.truncate(model / "sub" / "weights.safetensors", 9_000_001)

    assert digest(model) != before


def test_what_a_download_keeps_beside_the_model_does_not_count(model):
    before = digest(model)
    (model / ".cache").mkdir()
    (model / ".cache" / "lock").write_text("now")

    assert digest(model) == before


@pytest.mark.parametrize("commit", [None, "main", "v1.0", "abc123"])
def test_a_model_of_the_hub_is_pinned_to_a_commit(commit):
    with pytest.raises(RecipeError, match="is not pinned"):
        model_revision("maker/model", commit)

    assert model_revision("maker/model", "ab" * 20) == "ab" * 20


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecipeError, match="no model at"):
        model_revision(str(tmp_path / "none"), None)


def test_an_argument_that_nobody_has_judged_bears_identity():
    assert decisive({"max_num_seqs": 8, "hf_overrides": {"x": 1}, "new_one": 2}) == {
        "hf_overrides": {"x": 1},
        "new_one": 2,
    }


def test_the_last_error_of_a_child_is_heard_and_passed_on(capfd):
    heard = LastWords()
    code = "import sys; print('INFO ValueError', file=sys.stderr); raise MemoryError('no room')"

    with heard.listening():
        subprocess.run([sys.executable, "-c", code], check=False)
    subprocess.run([sys.executable, "-c", "raise KeyError('later')"], check=False)

    passed_on = ""
    for _ in range(200):
        passed_on += capfd.readouterr().err
        if "no room" in passed_on and heard.error:
            break
    assert heard.error == "MemoryError: no room"
    assert "no room" in passed_on
