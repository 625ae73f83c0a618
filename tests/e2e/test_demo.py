"""The main job, from a source file to a verified pull, and what is read of it without us."""

import json
import sqlite3
import subprocess
import sys
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from pipeline.recipes import read_recipe
from pipeline.units import planned_units, unit_documents
from pipeline.workshop import open_workshop
from schemas.tables import PUBLISHED
from tests.conftest import ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def rows(demo):
    """Every published document, read with pyarrow alone."""
    return ds.dataset(demo / "pulled" / "data", format="parquet").to_table().to_pylist()


def test_all_documents_are_accounted_for(summary):
    documents = summary["documents"]

    assert sum(sum(reasons.values()) for reasons in documents.values()) == 63
    assert documents["duplicate"] == {"source": 2}
    assert documents["accepted"]["revised"] >= 1
    assert documents["accepted"]["as_drafted"] >= 20
    assert documents["accepted"]["trusted"] == 2


def test_status_says_the_same_from_the_folder_alone(demo, summary, prealign):
    said = json.loads(prealign("status", demo / "examples/demo.toml", "--json").stdout)

    assert said["documents"] == summary["documents"]
    assert len(said["units"]) == 9
    assert {unit["stands"] for unit in said["units"]} == {"finished"}
    assert said["questions"]["screen"]["asked"] == 61


def test_the_manifest_says_where_every_document_went_and_how_it_was_made(demo, summary):
    manifest = json.loads((demo / "pulled/manifest.json").read_text())

    assert manifest["documents"] == summary["documents"]
    assert manifest["sources"] == 63
    build = manifest["build"]
    assert build["recipe"] == (demo / "examples/demo.toml").read_text()
    assert build["prompts"]["constitution.md"]
    assert build["cost"]["screen"]["answers"] == 61
    assert str(demo) not in json.dumps(manifest)


def test_a_second_build_finds_everything_finished(demo, prealign):
    again = json.loads(prealign("build", demo / "examples/demo.toml", "--json").stdout)

    assert (again["units"], again["resumed"], again["asked"]) == (9, 9, 0)
    assert (again["version"], again["is_new"]) == (1, False)


def test_every_byte_is_verified(demo, prealign):
    done = prealign("verify", demo / "pulled")

    assert done.returncode == 0
    assert "4 of 4 files are whole" in done.stdout


def test_a_reader_with_only_pyarrow_reads_it_as_promised(demo, rows):
    table = ds.dataset(demo / "pulled" / "data", format="parquet").to_table()

    assert table.schema.equals(PUBLISHED)
    assert table.num_rows == 61
    assert pc.all(pc.less_equal(table["synthetic_share"], 1.0)).as_py()
    for row in rows:
        spans = row["spans"]
        assert all(a["end"] <= b["start"] for a, b in pairwise(spans))
        assert spans[-1]["end"] <= len(row["text"])


def test_human_words_are_those_of_the_source(demo, rows):
    workshop = open_workshop(read_recipe(demo / "examples/demo.toml"))
    units = planned_units(workshop)
    sources = {d.id: d.text for unit in units for d in unit_documents(workshop, unit)}

    for row in rows:
        if row["form"] == "trusted":
            continue
        source = sources[row["id"]]
        human = [s for s in row["spans"] if s["source_start"] is not None]
        said = [row["text"][s["start"] : s["end"]] for s in human]
        assert "".join(said) == source
        places = zip(human, said, strict=True)
        assert all(source[s["source_start"] :].startswith(text) for s, text in places)


def test_what_was_inferred_is_named(rows):
    poem = next(row for row in rows if row["id"] == "everyday/poem-ironing-at-night")

    assert poem["inferred"] == ["language", "topic"]
    assert poem["language"] == "en"


def test_a_reader_with_only_datasets_reads_it_with_its_splits(demo, rows, environment):
    code = (
        "import datasets, json, sys\n"
        "found = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2])\n"
        "assert not {'pipeline', 'schemas', 'prompts', 'flows'} & set(sys.modules)\n"
        "print(json.dumps({s: sorted(found[s]['id']) for s in found}))\n"
        "print(json.dumps(found['train'][0]['spans'][0]))\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", code, demo / "pulled", demo / "cache"],
        env=environment | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    ids, span = map(json.loads, done.stdout.strip().split("\n")[-2:])
    assert set(ids) == {"train", "validation"}
    assert sorted(ids["train"] + ids["validation"]) == sorted(row["id"] for row in rows)
    assert set(span) == {"voice", "start", "end", "source_start"}


def test_the_example_reader_shows_a_document_in_its_voices(demo):
    story = "everyday/story-lake-armbands"
    done = subprocess.run(
        [sys.executable, ROOT / "examples/look.py", demo / "pulled", story],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "<AI>" in done.stdout
    assert "commentary" in done.stdout


def test_prefect_holds_progress_and_summary(demo, environment):
    database = sqlite3.connect(f"{environment['PREFECT_HOME']}/prefect.db")

    kept = dict(database.execute("SELECT key, data FROM artifact ORDER BY created").fetchall())

    assert set(kept) >= {"rewrite", "summary"}
    assert "| accepted | as_drafted | 23 |" in kept["summary"]


def test_the_build_log_holds_events_with_fields(demo):
    logs = sorted((demo / "work/demo/logs").iterdir())

    events = [json.loads(line) for line in logs[0].read_text().splitlines()]

    finished = [e for e in events if e["event"] == "unit finished"]
    assert [e["event"] for e in events][:2] == ["build started", "planned"]
    assert sum(e.get("accepted", 0) for e in finished) == 61
    assert pa.__version__ in (demo / "pulled/manifest.json").read_text()
