"""Units: finished when their manifest says so, replayed when something they depend on changes."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.corpus.costs import summed
from pipeline.corpus.outcomes import conserved
from pipeline.recipes import read_recipe
from pipeline.units import planned_units, unit_documents
from pipeline.worker import Job, Worker
from pipeline.workshop import open_workshop
from schemas.errors import ConservationError, CorruptError
from tests.conftest import BAD_DEED, opened, plain_text, write_documents, write_recipe
from tests.unit.meeting import SEEN


@pytest.fixture
def made(folder):
    rows = [{"id": str(i), "text": plain_text(i)} for i in range(5)]
    write_documents(folder, [*rows, {"id": "bad", "text": BAD_DEED}])
    return folder


async def rewritten(path, overrides=None, duplicates=None):
    recipe = read_recipe(path, overrides)
    units = list(planned_units(open_workshop(recipe)))
    worker = Worker(recipe)
    return [
        await worker.rewrite(Job(unit, (duplicates or {}).get(unit.name, {}))) for unit in units
    ]


def asked(results):
    return {q: c.asked for q, c in summed(r.manifest.questions for r in results).items() if c.asked}


def test_units_cover_every_row_once_wherever_they_are_cut(made):
    whole = open_workshop(read_recipe(write_recipe(made, unit_rows=100)))
    cut = open_workshop(read_recipe(write_recipe(made, unit_rows=2)))

    def texts(workshop):
        return [d.text for unit in planned_units(workshop) for d in unit_documents(workshop, unit)]

    assert texts(cut) == texts(whole)
    assert len(texts(whole)) == 6
    assert [u.first for u in planned_units(cut)] == [0, 2, 4]


async def test_every_document_is_a_row_and_the_counts_add_up(made):
    results = await rewritten(write_recipe(made))

    assert [r.documents for r in results] == [
        {"accepted": {"verbatim": 4}},
        {"accepted": {"as_drafted": 1, "verbatim": 1}},
    ]
    corpus = open_workshop(read_recipe(made / "recipe.toml")).corpus
    units = [corpus / "units" / f"made/all.jsonl/{f}" for f in ("0+4", "4+2")]
    counts = conserved(list(zip(units, (r.manifest for r in results), strict=True)), {})
    assert counts == {"accepted": {"as_drafted": 1, "verbatim": 5}}


async def test_a_finished_unit_is_not_done_again(made):
    await rewritten(write_recipe(made))

    again = await rewritten(made / "recipe.toml")

    assert all(result.resumed for result in again)


async def test_how_it_runs_does_not_matter(made):
    await rewritten(write_recipe(made))

    again = await rewritten(made / "recipe.toml", ["pool.workers=5", "pool.in_flight=1"])

    assert all(result.resumed for result in again)


async def test_a_changed_rubric_asks_only_that_rubric_again(made):
    path = write_recipe(made)
    await rewritten(path)
    own = made / "own" / "review"
    own.mkdir(parents=True)
    (own / "character.md").write_text("Rubric: **character**. Is it kind?")

    again = await rewritten(path, [f"corpus.prompts={own.parent}"])

    assert asked(again) == {"review/character": 1}
    assert not any(result.resumed for result in again)


async def test_another_pass_setting_replays_without_asking_what_is_known(made):
    path = write_recipe(made)
    await rewritten(path)
    path.write_text(
        path.read_text().replace('use = "lint"', 'use = "lint"\nmax_remark_chars = 900')
    )

    again = await rewritten(path)

    assert asked(again) == {}
    assert not any(result.resumed for result in again)


async def test_a_known_duplicate_is_settled_without_a_question(made):
    decided = {"made/all.jsonl:0+4": {"made/all.jsonl:2": ("source", "made/0", 0.97)}}

    results = await rewritten(write_recipe(made), duplicates=decided)

    assert results[0].documents["duplicate"] == {"source": 1}
    assert asked(results)["screen"] == 5


async def test_broken_lines_are_rejected_with_their_reason_and_the_rest_goes_on(folder):
    lines = [
        b'{"id": "a", "text": "' + plain_text(1).encode() + b'"}',
        b'{"id": "b", "text": ',
        b'{"id": "c"}',
        b'{"id": "d", "text": "\xff\xfe"}',
        b"[1, 2]",
        b"",
        b'{"id": "e", "text": "x\\ud800y\\u0000z and more words to read here."}',
        b'{"id": "f", "text": ' + b"[" * 100_000,
    ]
    (folder / "documents" / "all.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")

    [result] = await rewritten(write_recipe(folder, unit_rows=100))

    assert result.documents["rejected"] == {
        "no_text": 1, "not_an_object": 1, "not_json": 2, "not_utf8": 1,
        "blank": 1,
    }  # fmt: skip
    assert result.documents["accepted"] == {"verbatim": 2}
    [table] = (folder / "corpus" / "units").rglob("*.parquet")
    details = {r["place"]: r["detail"] for r in pq.read_table(table).to_pylist()}
    assert "at character 21 of the line" in details["made/all.jsonl:2"]


@pytest.mark.parametrize("ending", ["gz", "zst"])
async def test_compressed_files_are_read_and_cut_the_same(made, ending):
    import gzip

    import zstandard

    plain = (made / "documents" / "all.jsonl").read_bytes()
    (made / "documents" / "all.jsonl").unlink()
    pack = gzip.compress if ending == "gz" else zstandard.compress
    (made / "documents" / f"all.jsonl.{ending}").write_bytes(pack(plain))

    results = await rewritten(write_recipe(made))

    assert results[0].documents == {"accepted": {"verbatim": 4}}


@pytest.mark.parametrize(("models", "seen"), [(0, [2, 1]), (1, [1, 1])])
async def test_engines_start_at_once_except_that_models_are_loaded_one_by_one(made, models, seen):
    path = write_recipe(made, engine="tests.unit.meeting", engine_settings=f"models = {models}")
    text = path.read_text().replace('reviewer = "rules"', 'reviewer = "second"')
    second = f'[engines.second]\nuse = "tests.unit.meeting"\nmodels = {models}\n'
    path.write_text(text + second)
    SEEN.clear()

    await rewritten(path)

    assert seen == SEEN


async def test_a_lost_document_breaks_the_build_loudly(made):
    results = await rewritten(write_recipe(made))
    workshop = open_workshop(read_recipe(made / "recipe.toml"))
    folder = workshop.corpus / "units" / "made/all.jsonl/0+4"
    manifest = results[0].manifest
    lost = manifest.model_copy(update={"documents": 5})

    with pytest.raises(ConservationError) as caught:
        conserved([(folder, lost)], {})

    assert "4 documents" in str(caught.value)
    assert "counts 5" in str(caught.value)


async def test_a_decision_about_a_document_that_is_not_there_breaks_the_build(made):
    results = await rewritten(write_recipe(made))
    workshop = open_workshop(read_recipe(made / "recipe.toml"))
    folder = workshop.corpus / "units" / "made/all.jsonl/0+4"
    about = {results[0].unit: {"made/all.jsonl:99": ("output", "made/0", 0.9)}}

    with pytest.raises(ConservationError, match=r"all\.jsonl:99"):
        conserved([(folder, results[0].manifest)], about)


async def test_a_flipped_bit_in_a_unit_is_found(made):
    await rewritten(write_recipe(made))
    table = made / "corpus" / "units" / "made/all.jsonl/0+4/documents.parquet"
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)

    with pytest.raises(CorruptError) as caught:
        await rewritten(made / "recipe.toml")

    assert "documents.parquet" in str(caught.value)
    assert "in the ledger" in caught.value.hint


async def test_a_manifest_that_is_not_one_is_named(made):
    await rewritten(write_recipe(made))
    path = made / "corpus" / "units" / "made/all.jsonl/0+4/manifest.json"
    path.write_text(json.dumps({"format": 9}))

    with pytest.raises(CorruptError, match=r"0\+4/manifest\.json"):
        await rewritten(made / "recipe.toml")


def test_a_file_that_gives_other_rows_than_were_planned_breaks_the_build_loudly(made):
    workshop = opened(made)
    *_, last = planned_units(workshop)

    with pytest.raises(ConservationError, match="planned with 3 rows, its file gives 2"):
        list(unit_documents(workshop, replace(last, rows=3)))
