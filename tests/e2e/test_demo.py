"""The main job, from a source file to a verified pull, and what is read of it without us."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from itertools import groupby, pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from pipeline.recipes import read_recipe
from pipeline.units import planned_units, unit_documents
from pipeline.voices.words import words
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

    assert documents == {
        "accepted": {"as_drafted": 48, "revised": 3, "trusted": 2, "verbatim": 25},
        "rejected": {"hazard": 1},
        "duplicate": {"source": 2},
    }


def test_status_says_the_same_from_the_folder_alone(demo, summary, prealign):
    said = json.loads(prealign("status", demo / "examples/demo.toml", "--json").stdout)

    assert said["documents"] == summary["documents"]
    assert len(said["units"]) == 12
    assert {unit["stands"] for unit in said["units"]} == {"finished"}
    assert said["questions"]["screen"]["asked"] == 79


def test_the_manifest_says_where_every_document_went_and_how_it_was_made(demo, summary):
    manifest = json.loads((demo / "pulled/manifest.json").read_text())

    assert manifest["documents"] == summary["documents"]
    assert manifest["sources"] == 81
    build = manifest["build"]
    assert build["recipe"] == (demo / "examples/demo.toml").read_text()
    assert build["prompts"]["constitution.md"]
    assert build["cost"]["screen"]["answers"] == 79
    assert str(demo) not in json.dumps(manifest)


def test_a_second_build_finds_everything_finished(demo, prealign):
    again = json.loads(prealign("build", demo / "examples/demo.toml", "--json").stdout)

    assert (again["units"], again["resumed"], again["asked"]) == (12, 12, 0)
    assert (again["version"], again["is_new"]) == (1, False)


def test_every_byte_is_verified(demo, prealign):
    done = prealign("verify", demo / "pulled")

    assert done.returncode == 0
    assert "4 of 4 files are whole" in done.stdout


def test_a_reader_with_only_pyarrow_reads_it_as_promised(demo, rows):
    table = ds.dataset(demo / "pulled" / "data", format="parquet").to_table()

    assert table.schema.equals(PUBLISHED)
    assert table.num_rows == 78
    assert pc.all(pc.less_equal(table["synthetic_share"], 1.0)).as_py()
    for row in rows:
        spans = row["spans"]
        assert all(a["end"] <= b["start"] for a, b in pairwise(spans))
        assert spans[-1]["end"] <= len(row["text"])


def test_human_words_are_those_of_the_source(demo, rows):
    workshop = open_workshop(read_recipe(demo / "examples/demo.toml"))
    units = planned_units(workshop)
    sources = {d.id: d.text for unit in units for d in unit_documents(workshop, unit)}

    whole = 0
    for row in rows:
        if row["form"] == "trusted":
            continue
        source = sources[row["id"]]
        human = [s for s in row["spans"] if s["source_start"] is not None]
        said = [row["text"][s["start"] : s["end"]] for s in human]
        places = zip(human, said, strict=True)
        assert all(source[s["source_start"] :].startswith(text) for s, text in places)
        whole += "".join(said) == source
    # Only what was dangerous was taken out of documents that are commented on.
    dangerous = ("memoir-quarry", "glass-honey", "friday-invoice", "hello-gran", "night-board",
                 "who-is-the-baker")  # fmt: skip
    kept = [row for row in rows if row["form"] in ("commentary", "verbatim")]
    assert whole == len(kept) - sum(any(name in row["id"] for name in dangerous) for row in kept)


def test_what_was_inferred_is_named(rows):
    poem = next(row for row in rows if row["id"] == "everyday/poem-ironing-at-night")

    assert poem["inferred"] == ["language"]
    assert poem["language"] == "en"


def test_every_hazard_is_met_in_every_voice_and_third_and_every_act_in_time(demo, prealign):
    said = json.loads(
        prealign("status", demo / "examples/demo.toml", "--coverage", "--json").stdout
    )

    shown = said["coverage"]
    assert (shown["stops"]["cells"], shown["stops"]["empty"]) == (63, 0)
    assert shown["stops"]["ai"]["share"] > 0.05
    assert shown["commentary"]["only_after"] == shown["commentary"]["none"] == 0
    assert all(form["accepted"] > 1 for form in shown["forms"])


def test_the_lint_finds_nothing_in_what_was_published(demo, prealign):
    done = prealign("check", demo / "pulled")

    assert (done.returncode, "nothing is wrong" in done.stdout) == (0, True), done.stdout


def test_no_opening_is_used_for_more_than_two_percent_of_what_the_ai_says(rows):
    openings = Counter()
    for row in rows:
        for is_ai, spans in groupby(row["spans"], key=lambda s: s["voice"] != "human"):
            if is_ai:
                said = "".join(row["text"][s["start"] : s["end"]] for s in spans)
                openings[" ".join(words(said)[:3])] += 1

    [(opening, most)] = openings.most_common(1)
    assert openings.total() > 200
    assert most <= 0.02 * openings.total(), opening


def test_every_recorded_answer_is_asked_for(demo):
    recorded = Counter()
    for path in (demo / "examples/answers").rglob("*.jsonl"):
        recorded.update(json.loads(line)["question"] for line in path.read_text().splitlines())
    cost = json.loads((demo / "pulled/manifest.json").read_text())["build"]["cost"]

    given = {
        question: sum(n for who, n in row["by"].items() if who.startswith("recorded"))
        for question, row in cost.items()
    }
    assert recorded == {question: count for question, count in given.items() if count}


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
    assert "| accepted | as_drafted | 48 |" in kept["summary"]


def test_the_build_log_holds_events_with_fields(demo):
    logs = sorted((demo / "work/demo/logs").iterdir())

    events = [json.loads(line) for line in logs[0].read_text().splitlines()]

    finished = [e for e in events if e["event"] == "unit finished"]
    assert [e["event"] for e in events][:2] == ["build started", "planned"]
    assert sum(e.get("accepted", 0) for e in finished) == 78
    assert pa.__version__ in (demo / "pulled/manifest.json").read_text()
