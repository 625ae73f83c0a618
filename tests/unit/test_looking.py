"""Looking into a corpus: where it stands, single documents, samples, and what is tried again."""

import gzip
import json

import pytest
from rich.console import Console

from flows.display import status_lines
from flows.document_view import document_lines, sample_lines, visible
from flows.said import counted, duration
from pipeline.corpus.documents import Documents, Wanted, retryable, unfinished
from pipeline.corpus.plans import PLAN, known_cuts, new_plan
from pipeline.corpus.retries import retried, retry
from pipeline.corpus.status import status
from pipeline.dedup.decisions import source_duplicates
from pipeline.ledger import Ledger
from pipeline.recipes import read_recipe
from pipeline.sources.jsonl import Jsonl
from pipeline.units import check_sources, planned_units
from pipeline.worker import Job, Worker, drawn_anew
from pipeline.workshop import open_workshop
from schemas.errors import SourceError, VersionError
from schemas.exchange import Answer, Identity, Request, Role
from schemas.progress import StageProgress
from schemas.unit import Plan, file_folder
from tests.conftest import BAD_DEED, plain_text, write_documents, write_recipe


@pytest.fixture
def made(folder):
    """A folder with seven rows: five plain, one with a bad deed, one that cannot be read."""
    rows = [{"id": str(i), "text": plain_text(i)} for i in range(5)]
    write_documents(folder, [*rows, {"id": "bad", "text": BAD_DEED}])
    with (folder / "documents" / "all.jsonl").open("a") as file:
        file.write("{broken\n")
    return folder


def plan_of(workshop, units):
    workshop.corpus.write(PLAN, new_plan(workshop, units).model_dump_json().encode())


async def built(folder, *, units=None, retries=None, overrides=None, **settings):
    """Plan all units and work on the first ``units`` of them, or on all; return the workshop."""
    recipe = read_recipe(write_recipe(folder, **settings), overrides)
    workshop = open_workshop(recipe)
    planned = list(planned_units(workshop))
    plan_of(workshop, planned)
    worker = Worker(recipe)
    for unit in planned[:units]:
        await worker.rewrite(Job(unit, {}, (retries or {}).get(unit.name, {})))
    return workshop


def shown(lines):
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        for line in lines:
            console.print(line, markup=False)
    return captured.get()


async def test_unfinished_units_are_pending_and_their_tokens_count(made):
    workshop = await built(made, units=1)
    second = list(planned_units(workshop))[1]
    ledger = Ledger(workshop.corpus, second)
    request = Request("made/4", "screen", Role.REVIEWER, (), Plan)
    ledger.add("ab" * 32, request, Answer("{}", Identity("rules", "x")))
    ledger.write()

    found = status(workshop.corpus)

    assert found.documents == {"accepted": {"verbatim": 4}, "pending": {"unit_under_way": 3}}
    assert [unit.stands for unit in found.units] == ["finished", "under_way"]
    assert found.questions["screen"].asked == 5
    assert found.holder is None


async def test_a_unit_that_was_made_by_another_recipe_is_outdated(made):
    workshop = await built(made)
    await built(made, units=0, overrides=["corpus.seed=other"])

    found = status(workshop.corpus)

    assert found.documents == {"pending": {"unit_outdated": 7}}


async def test_a_unit_whose_file_changed_is_outdated(made):
    workshop = await built(made)
    write_documents(made, [{"id": str(i), "text": plain_text(i)} for i in range(4)])
    await built(made, units=0)

    assert status(workshop.corpus).documents == {"pending": {"unit_outdated": 4}}


async def test_a_document_is_found_by_its_id_and_by_its_place(made):
    workshop = await built(made)
    documents = Documents.of(workshop.corpus)

    by_id, by_place = documents.find("made/bad"), documents.find("made/all.jsonl:6")

    assert by_id == by_place
    assert by_id.row["source_text"] == BAD_DEED
    assert {a["question"] for a in by_id.answers} >= {"screen", "draft/commentary"}
    json.dumps(by_id.as_json(), default=str)


async def test_everything_about_a_document_is_shown(made):
    workshop = await built(made)

    said = shown(document_lines(Documents.of(workshop.corpus).find("made/bad")))

    assert "accepted, as_drafted" in said
    assert said.count("He lied to his sister about the letter") == 2
    assert "<AI>" in said
    assert "1 screen: keep" in said
    assert "act deceit, sentences 2–2" in said
    assert "review/character · draw 0 · rules:" in said
    assert '"decision": "approve"' in said


async def test_a_document_that_was_never_asked_about_is_shown_with_its_reason(made):
    workshop = await built(made)

    said = shown(document_lines(Documents.of(workshop.corpus).find("made/all.jsonl:7")))

    assert "rejected, not_json" in said
    assert "no engine was asked" in said


async def test_a_document_of_an_unfinished_unit_is_read_from_its_source(made):
    workshop = await built(made, units=1)

    seen = unfinished(workshop, "made/bad")

    assert (seen.row["outcome"], seen.row["reason"]) == ("pending", "unit_unfinished")
    assert "nothing was written" in shown(document_lines(seen))
    with pytest.raises(VersionError, match="no finished unit holds"):
        Documents.of(workshop.corpus).find("made/bad")
    assert unfinished(workshop, "made/none") is None


async def test_a_sample_is_of_what_is_meant_and_the_same_every_time(made):
    workshop = await built(made)
    documents = Documents.of(workshop.corpus)

    some = documents.sample(Wanted(outcome="accepted", reason="verbatim"), 3, "0")
    again = documents.sample(Wanted(outcome="accepted", reason="verbatim"), 3, "0")
    others = documents.sample(Wanted(outcome="accepted", reason="verbatim"), 3, "1")
    every = documents.sample(Wanted(outcome="accepted"), 50, "0")

    assert [s.row["id"] for s in some] == [s.row["id"] for s in again]
    assert {s.row["id"] for s in some} != {s.row["id"] for s in others}
    assert {s.row["reason"] for s in some} == {"verbatim"}
    assert len(every) == 6


async def test_a_sample_of_nothing_says_what_there_is(made):
    workshop = await built(made)

    with pytest.raises(VersionError) as caught:
        Documents.of(workshop.corpus).sample(Wanted("rejected", "fidelity"), 3, "0")

    assert str(caught.value) == "no finished document has outcome rejected, reason fidelity"
    assert "accepted/as_drafted, accepted/verbatim, rejected/not_json" in caught.value.hint


async def test_long_texts_of_a_sample_are_cut_unless_they_are_wanted_whole(folder):
    write_documents(folder, [{"id": "long", "text": "\n\n".join(map(plain_text, range(9)))}])
    workshop = await built(folder)
    [seen] = Documents.of(workshop.corpus).sample(Wanted(), 1, "0")

    cut, whole = (shown(sample_lines(seen, "r.toml", full=full)) for full in (False, True))

    assert "characters more: --full" in cut
    assert "characters more" not in whole
    assert "prealign show r.toml made/long" in cut


def test_what_could_command_a_terminal_is_shown_as_a_sign():
    assert visible("a\x1b[31m\u202eb\tc\n") == "a␛[31m‹U+202E›b\tc\n"


async def test_a_retry_asks_with_new_draws_and_replays_the_rest(made):
    workshop = await built(made)
    again, decided = retryable(Documents.of(workshop.corpus), Wanted(), ["made/bad"])
    retry(workshop.corpus, [(seen.unit, seen.row["place"]) for seen in again])

    await built(made, retries=retried(workshop.corpus))

    seen = Documents.of(workshop.corpus).find("made/bad")
    assert decided == 0
    assert {a["draw"] for a in seen.answers} == {0, 2}
    assert {a["draw"] for a in Documents.of(workshop.corpus).find("made/4").answers} == {0}
    assert {a["draw"] for a in Documents.of(workshop.corpus).find("made/0").answers} == {0}


async def test_each_retry_counts(made):
    workshop = await built(made)
    for _ in range(3):
        retry(workshop.corpus, [("made/all.jsonl:4+3", "made/all.jsonl:6")])

    assert retried(workshop.corpus) == {"made/all.jsonl:4+3": {"made/all.jsonl:6": 3}}


async def test_what_was_decided_before_any_question_is_not_tried_again(made):
    workshop = await built(made)

    again, decided = retryable(Documents.of(workshop.corpus), Wanted(outcome="rejected"), [])

    assert (again, decided) == ([], 1)


async def test_a_retry_of_nothing_is_told_what_there_is(made):
    workshop = await built(made)

    with pytest.raises(VersionError, match="no finished document has outcome quarantined"):
        retryable(Documents.of(workshop.corpus), Wanted(outcome="quarantined"), [])


async def test_draws_of_attempts_never_meet_nor_does_a_retry_ask_for_the_likeliest_again():
    seen, warm = [], []

    async def answer(requests):
        seen.append([r.draw for r in requests])
        warm.append({r.sampling.temperature > 0 for r in requests})
        return []

    request = Request("d", "q", Role.WRITER, (), Plan)
    second = Request("d", "q", Role.WRITER, (), Plan, draw=1)
    for retries in range(3):
        await drawn_anew(answer, retries)([request, second])

    assert seen == [[0, 1], [2, 3], [4, 5]]
    assert warm == [{False}, {True}, {True}]


async def test_status_lines_tell_stages_units_and_failures(folder):
    good = b'{"text": "Sound and short."}\n' * 3
    (folder / "documents" / "all.jsonl.gz").write_bytes(gzip.compress(good)[:-9])
    workshop = await built(folder)

    said = shown(status_lines(status(workshop.corpus), "r.toml"))

    assert "nobody is at work" in said
    assert "rejected: damaged" in said
    assert "look: prealign show r.toml made/all.jsonl.gz:" in said


def test_rates_leave_out_what_was_done_before():
    stage = StageProgress(name="rewrite", begun=100.0, done=60, kept=40, total=100)

    assert stage.rate(110.0) == 2.0
    assert stage.seconds_left(110.0) == 20.0
    assert StageProgress(name="plan", begun=100.0).rate(110.0) is None
    assert stage.model_copy(update={"total": None}).seconds_left(110.0) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (200, "3 min 20 s"),
        (18_600, "5 h 10 min"),
        (183_600, "2 d 3 h"),
    ],
)
def test_times_are_said_in_their_two_largest_units(seconds, said):
    assert duration(seconds) == said


def test_what_is_counted_is_in_the_plural_unless_it_is_one():
    assert (counted(1, "unit"), counted(1200, "unit")) == ("1 unit", "1,200 units")


async def test_files_that_have_not_changed_are_planned_without_being_read(made, monkeypatch):
    write_documents(made, [{"id": "x", "text": plain_text(7)}], "b.jsonl")
    workshop = await built(made, units=0)
    before = list(planned_units(workshop))
    write_documents(made, [{"id": str(i), "text": plain_text(i)} for i in range(6)], "b.jsonl")
    read, real = [], Jsonl.units

    def watched(self, file, unit_rows):
        read.append(file.name)
        return real(self, file, unit_rows)

    monkeypatch.setattr(Jsonl, "units", watched)
    after = list(planned_units(workshop, known=known_cuts(workshop.corpus, workshop)))

    assert after[:2] == before[:2]
    assert [unit.rows for unit in after[2:]] == [4, 2]
    assert read == ["b.jsonl"]


@pytest.mark.parametrize("change", ["corpus.unit_rows=3", 'source.0.fields.text="body"'])
async def test_what_would_be_cut_otherwise_is_read_again(made, change):
    await built(made, units=0)
    recipe = read_recipe(made / "recipe.toml", [change])

    assert known_cuts(open_workshop(recipe).corpus, open_workshop(recipe)) == {}


async def test_a_plan_under_a_cap_is_not_taken_for_the_whole(made):
    await built(made, units=0, overrides=["source.0.cap=2"])
    workshop = open_workshop(read_recipe(made / "recipe.toml"))

    assert known_cuts(workshop.corpus, workshop) == {}
    assert sum(unit.rows for unit in planned_units(workshop)) == 7


async def test_a_document_marked_for_a_retry_is_no_longer_finished(made):
    workshop = await built(made)
    seen = Documents.of(workshop.corpus).find("made/bad")
    retry(workshop.corpus, [(seen.unit, seen.row["place"])])

    assert [u.stands for u in status(workshop.corpus).units] == ["finished", "outdated"]


async def test_answers_are_found_however_units_were_cut_when_they_were_given(made):
    await built(made)
    workshop = await built(made, unit_rows=2)

    seen = Documents.of(workshop.corpus).find("made/bad")

    assert {a["question"] for a in seen.answers} >= {"screen", "draft/commentary"}


async def test_a_split_document_names_its_parts(folder):
    write_documents(folder, [{"id": "long", "text": "\n\n".join(map(plain_text, range(9)))}])
    workshop = await built(folder, overrides=["corpus.max_document_tokens=400"])

    with pytest.raises(VersionError, match="was split into 3 documents") as caught:
        Documents.of(workshop.corpus).find("made/long")

    assert "made/long#0, made/long#1" in caught.value.hint


async def test_one_document_named_twice_is_tried_again_once(made):
    workshop = await built(made)

    again, _ = retryable(
        Documents.of(workshop.corpus), Wanted(), ["made/bad", "made/all.jsonl:6", "made/bad"]
    )

    assert len(again) == 1


async def test_names_cannot_forge_lines_or_commands(folder):
    write_documents(folder, [{"id": "x; rm -rf ~\nmade/other: accepted", "text": plain_text(1)}])
    workshop = await built(folder)
    [seen] = Documents.of(workshop.corpus).sample(Wanted(), 1, "0")

    said = shown([*document_lines(seen), *sample_lines(seen, "r.toml", full=False)])

    assert "\nmade/other" not in said
    assert "prealign show r.toml 'made/x; rm -rf ~␊made/other: accepted'" in said


@pytest.mark.parametrize("path", ["a/../../b", "../x", "a//b", "a/0+4", "%2E%2E/x", "x" * 400])
def test_no_name_of_a_file_leads_out_of_the_corpus_or_into_a_units_folder(path):
    folder = file_folder("made", path)

    assert not {"", ".", "..", "0+4"} & set(folder.split("/"))
    assert all(len(part.encode()) <= 150 for part in folder.split("/"))
    assert folder != file_folder("made", "%" + path)


def test_two_rows_never_share_an_id_with_a_part(folder):
    long = "\n\n".join(map(plain_text, range(9)))
    write_documents(folder, [{"id": "x", "text": long}, {"id": "x#0", "text": plain_text(20)}])
    recipe = read_recipe(write_recipe(folder), ["corpus.max_document_tokens=400"])
    workshop = open_workshop(recipe)

    decisions = source_duplicates(workshop, list(planned_units(workshop)), frozenset())

    assert [found[0] for unit in decisions.values() for found in unit.values()] == ["id_taken"]


@pytest.mark.parametrize(
    ("use", "name", "data"),
    [
        ("jsonl", "a.jsonl", '{"text": "x", "license_name": "MIT", "meta": {"lang": "en"}}\n'),
        ("delimited", "a.csv", "text,license_name,meta.lang\nx,MIT,en\n"),
    ],
)
def test_a_field_that_no_file_has_is_refused_before_any_work(folder, use, name, data):
    (folder / "documents" / name).write_text(data)
    settings = [f'source.0.use="{use}"', "source.0.url=documents"]
    right = ['source.0.fields={license="license_name", language="meta.lang"}']
    wrong = ['source.0.fields={license="licence_name"}']

    check_sources(open_workshop(read_recipe(write_recipe(folder), settings + right)))
    with pytest.raises(SourceError, match="takes `license` from 'licence_name'") as caught:
        check_sources(open_workshop(read_recipe(write_recipe(folder), settings + wrong)))

    assert "did you mean 'license_name'" in caught.value.hint
