"""Aligned text that people wrote: trusted by its bytes, not drafted, judged, counted as human."""

import hashlib
import json
from dataclasses import replace

import pytest

from pipeline.conversation import about_rewrite
from pipeline.journey import outcome, travel
from pipeline.recipes import read_recipe
from pipeline.rows import row_of
from pipeline.units import planned_units, unit_documents
from pipeline.workshop import open_workshop
from schemas.document import Voice
from schemas.errors import RecipeError, SourceError
from schemas.exchange import Answer, Identity
from tests.conftest import swap, write_documents, write_recipe

GOLD = (
    "Should I tell her that I broke it?\n\n<AI>Yes. She asked, \u201c<AI_quoting_human>who was it"
    "</AI_quoting_human>\u201d, because she wants to trust one of you, and a day from now telling "
    "her will be harder than today.</AI>"
)


def gold(folder, *texts, digests=None, scheme="bitter-lesson"):
    """Return the workshop of a recipe whose one source is trusted."""
    write_documents(folder, [{"id": str(n), "text": text} for n, text in enumerate(texts)])
    data = (folder / "documents" / "all.jsonl").read_bytes()
    named = digests or [hashlib.sha256(data).hexdigest()]
    settings = [f"source.0.trusted_scheme={scheme}", f"source.0.sha256={json.dumps(named)}"]
    return open_workshop(read_recipe(write_recipe(folder), settings))


def documents(workshop):
    return [d for unit in planned_units(workshop) for d in unit_documents(workshop, unit)]


async def travelled(workshop, **by_question):
    """Return where each document stands, and as which row."""
    asked, ended = [], []

    async def answer(requests):
        asked.extend(request.question for request in requests)
        given = []
        for request in requests:
            said = by_question.get(request.question.replace("/", "_"))
            if said:
                given.append(Answer(said, Identity("test", "test")))
            else:
                given += await workshop.engines[request.role][0].answer([request])
        return given

    for found in documents(workshop):
        done = await travel(found, workshop.passes, answer, workshop.kit)
        stands = outcome(done)
        ended.append((stands, row_of(done, stands, workshop.scheme, 0)))
    return ended, asked


async def test_trusted_text_keeps_its_voices_and_counts_as_human_written(folder):
    [(stands, row)], asked = await travelled(gold(folder, GOLD))

    assert (stands.kind, stands.reason) == ("accepted", "trusted"), stands.detail
    assert row["text"] == GOLD
    assert [span["voice"] for span in row["spans"]] == ["human", "ai", "quoted_human", "ai"]
    assert (row["form"], row["writer"], row["synthetic_share"]) == ("trusted", None, 0.0)
    assert not any(question.startswith(("draft", "revise")) for question in asked)
    assert sum(question.startswith("review/") for question in asked) == 6


async def test_reviewers_are_told_that_people_wrote_it(folder):
    workshop = gold(folder, GOLD)
    [found] = documents(workshop)

    *_, shown, _, _ = about_rewrite(found, "Is it good?", workshop.kit)

    assert "people wrote all of it" in shown.text
    plain = about_rewrite(replace(found, notes=()), "Is it good?", workshop.kit)
    assert not any("[trusted]" in turn.text for turn in plain)


async def test_the_spans_of_trusted_text_lie_in_its_clean_source(folder):
    [(_, row)], _ = await travelled(gold(folder, GOLD))

    for span in row["spans"]:
        said = row["text"][span["start"] : span["end"]]
        assert row["source_text"][span["source_start"] :].startswith(said)


async def test_trusted_text_is_linted_and_not_revised(folder):
    worn = "Is it wrong?\n\n<AI>As an AI language model, I cannot have opinions on it.</AI>"

    [(stands, _)], asked = await travelled(gold(folder, worn))

    assert (stands.kind, stands.reason) == ("rejected", "lint")
    assert "revise/trusted" not in asked


async def test_trusted_text_that_a_reviewer_objects_to_is_rejected(folder):
    cold = {"decision": "object", "score": 2, "objections": [{"code": "cold", "what": "Be kind."}]}

    [(stands, _)], _ = await travelled(gold(folder, GOLD), review_character=json.dumps(cold))

    assert (stands.kind, stands.reason) == ("rejected", "character")


async def test_text_in_which_only_the_ai_speaks_is_judged_without_a_screening(folder):
    alone = "<AI>A tide table is a promise that the sea keeps better than most of us do.</AI>"

    [(stands, row)], asked = await travelled(gold(folder, alone))

    assert (stands.kind, stands.reason) == ("accepted", "trusted"), stands.detail
    assert "screen" not in asked
    assert row["source_text"].startswith("A tide table")


def test_text_that_breaks_its_scheme_is_rejected_with_the_place(folder):
    [found] = documents(gold(folder, "A question.\n<AI>An answer without an end."))

    assert found.settled.reason == "not_in_scheme"
    assert "line 2" in found.settled.detail
    assert "close it with </AI>" in found.settled.detail


def test_trusted_text_is_not_split(folder):
    [found] = documents(gold(folder, "<AI>" + "Words go on. " * 3000 + "</AI>"))

    assert found.settled.reason == "too_long"


def test_other_bytes_than_those_named_are_refused_before_they_are_read(folder):
    workshop = gold(folder, GOLD, digests=["0" * 64])

    with pytest.raises(SourceError, match="is not trusted: its sha256 is"):
        next(planned_units(workshop))


def test_bytes_that_changed_after_planning_are_refused(folder):
    workshop = gold(folder, GOLD)
    [unit] = planned_units(workshop)
    write_documents(folder, [{"id": "0", "text": "<AI>Obey me.</AI>"}])

    with pytest.raises(SourceError):
        list(unit_documents(workshop, unit))


def test_an_untrusted_source_cannot_speak_for_the_ai(folder):
    write_documents(folder, [{"text": GOLD}])
    [found] = documents(open_workshop(read_recipe(write_recipe(folder))))

    assert [span.voice for span in found.spans] == [Voice.HUMAN]


@pytest.mark.parametrize(
    "settings",
    [["source.0.trusted_scheme=bitter-lesson"], [f"source.0.sha256=['{'0' * 64}']"]],
)
def test_trust_and_digests_stand_together(folder, settings):
    with pytest.raises(RecipeError, match="stand together"):
        read_recipe(write_recipe(folder), settings)


def test_a_digest_that_is_none_is_refused(folder):
    settings = ["source.0.trusted_scheme=explicit", 'source.0.sha256=["abc"]']

    with pytest.raises(RecipeError, match="'abc' is no sha256"):
        read_recipe(write_recipe(folder), settings)


async def test_two_texts_with_one_question_are_told_apart(folder):
    from pipeline.dedup.decisions import source_duplicates

    workshop = gold(folder, GOLD, GOLD.replace("Yes.", "Tell her tonight, and sit down first."))

    decisions = source_duplicates(workshop, list(planned_units(workshop)), frozenset())

    assert decisions == {}


@pytest.mark.parametrize("text", ["<AI>\n\n</AI>And this.", "Before.<AI> </AI>", "<AI>\ufeff</AI>"])
def test_who_says_nothing_in_trusted_text_is_rejected(folder, text):
    [found] = documents(gold(folder, text))

    assert found.settled.reason == "empty"


def test_a_trusted_file_that_is_swapped_for_one_of_its_size_and_date_is_noticed(folder):
    workshop = gold(folder, GOLD)
    [unit] = planned_units(workshop)
    swap(folder / "documents" / "all.jsonl", "Yes.", "No!!")

    with pytest.raises(SourceError):
        list(unit_documents(workshop, unit))
