"""A corpus in another scheme, also one of a user's own: the same spans, no question asked again."""

import json
import shutil

import pyarrow.dataset as ds
import pytest

from pipeline.voices.parse import parse
from pipeline.voices.render import project, rerender, restore
from pipeline.voices.scheme import load_scheme, working_scheme
from schemas.document import StoredSpan, Voice
from schemas.scheme import Scheme
from tests.texts import OWN

pytestmark = pytest.mark.e2e


def rows(folder):
    columns = ["id", "text", "spans"]
    found = ds.dataset(folder / "data").to_table(columns=columns).to_pylist()
    return {row["id"]: (row["text"], [_stored(span) for span in row["spans"]]) for row in found}


def _stored(span):
    return StoredSpan(Voice(span["voice"]), span["start"], span["end"], span["source_start"])


@pytest.fixture(scope="module")
def again(demo, prealign, tmp_path_factory):
    """The finished demo, built once more in a scheme of a user's own, and pulled."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(demo, folder, dirs_exist_ok=True)
    shutil.copy(OWN, folder / "examples" / "own.toml")
    recipe = folder / "examples" / "demo.toml"
    built = prealign("build", recipe, "--json", "--set", "publish.scheme=own.toml")
    assert built.returncode == 0, built.stderr
    pulled = prealign("pull", folder / "work/demo/dataset", "--to", folder / "own")
    assert pulled.returncode == 0, pulled.stderr
    return folder, json.loads(built.stdout)


def test_another_scheme_asks_nothing_again(again):
    _, summary = again

    assert (summary["asked"], summary["version"]) == (0, 2)
    assert summary["remembered"] == 493


def test_the_version_names_its_scheme_and_can_be_parsed_by_it(again):
    folder, _ = again
    manifest = json.loads((folder / "own" / "manifest.json").read_text())
    scheme = load_scheme(OWN)

    assert Scheme.model_validate(manifest["scheme"]) == scheme
    for text, spans in rows(folder / "own").values():
        assert parse(text, scheme) == project(restore(text, spans), scheme)


def test_a_published_row_is_rendered_again_in_every_scheme(again, demo):
    folder, _ = again
    first = rows(demo / "pulled")

    for name, (text, spans) in rows(folder / "own").items():
        back = rerender(text, spans, working_scheme())
        assert (back.text, list(back.spans)) == first[name]


def test_each_version_passes_the_check_by_its_own_manifest(again, demo, prealign):
    folder, _ = again

    dataset = folder / "work/demo/dataset"
    shard = next((folder / "own" / "data").iterdir())

    found = prealign("check", demo / "pulled", folder / "own", shard, dataset, "--json")

    said = json.loads(found.stdout)
    assert found.returncode == 0, said["faults"]
    assert said["texts"] > 2 * 44
    assert said["schemes"] == ["bitter-lesson", "own"]


def test_a_version_read_in_the_wrong_scheme_does_not_pass(demo, prealign):
    found = prealign("check", demo / "pulled", "--scheme", "explicit", "--places", "1")

    assert found.returncode == 1
    assert "no_voice: 78" in found.stdout
    assert "78 texts in 2 files, scheme explicit: 78 errors in 78 places" in found.stdout


def test_a_scheme_that_is_none_is_refused_before_any_work(demo, prealign):
    found = prealign("check", demo / "pulled", "--scheme", "explicid")

    assert found.returncode == 2
    assert "did you mean 'explicit'?" in found.stderr
