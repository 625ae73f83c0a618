"""Coverage: forms against targets, stops by hazard, voice and position, and how acts are met."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from flows.coverage_view import coverage_lines
from pipeline.corpus.coverage import coverage, coverage_of
from pipeline.corpus.intervals import wilson
from pipeline.corpus.plans import PLAN, finished, new_plan, read_plan, standings
from pipeline.corpus.stops import Stops
from pipeline.dedup.decisions import output_duplicates
from pipeline.parquet import table_of
from pipeline.recipes import read_recipe
from pipeline.rows import row_of
from pipeline.store import Folder
from pipeline.trust import trusted_note
from pipeline.units import planned_units
from pipeline.voices.reach import Met
from pipeline.voices.scheme import working_scheme
from pipeline.worker import Job, Worker
from pipeline.workshop import open_workshop
from schemas.document import Decision, Finding, Note, Outcome, OutcomeKind, Span, Stop, Voice
from schemas.errors import VersionError
from schemas.tables import UNIT
from tests.command import prealign
from tests.conftest import BAD_DEED, document, plain_text, write_documents, write_recipe

LIE = Finding("act", "deceit", 2, 2)
SECOND = BAD_DEED.index("He lied")
AI = Span(Voice.AI, "That was a lie. ")
WEIGHTS = {"commentary": 1, "verbatim": 2}


def screened(*findings):
    return document(BAD_DEED).add("screen", Note(Decision.KEEP, findings=findings))


def spoken_at(place):
    """Return the source with a remark at a place."""
    return (
        Span(Voice.HUMAN, BAD_DEED[:place], 0),
        AI,
        Span(Voice.HUMAN, BAD_DEED[place:], place),
    )


def drafted(doc, spans=None, form="commentary", **note):
    spans = (Span(Voice.HUMAN, BAD_DEED, 0),) if spans is None else spans
    return doc.add("draft", Note(Decision.KEEP, form=form, spans=spans, **note))


def measured(*docs, kind=OutcomeKind.ACCEPTED, weights=WEIGHTS):
    rows = [row_of(doc, Outcome(kind, "as_drafted"), working_scheme(), 0) for doc in docs]
    return coverage_of([table_of(rows, UNIT)], weights)


def shown(lines):
    console = Console(width=100, no_color=True)
    with console.capture() as captured:
        for line in lines:
            console.print(line, markup=False, soft_wrap=isinstance(line, str))
    return captured.get()


def test_forms_are_compared_with_their_targets():
    abstained = drafted(screened())
    rewritten = drafted(screened(), spoken_at(SECOND))

    found = measured(rewritten, abstained, abstained, drafted(screened(), form="verbatim"))

    assert [(f.form, f.target, f.drawn, f.accepted, f.share) for f in found.forms] == [
        ("commentary", 1 / 3, 3, 1, 0.25),
        ("verbatim", 2 / 3, 1, 3, 0.75),
    ]
    assert (found.rewritten, found.rewritten_share) == (1, 0.25)


def test_a_form_that_the_recipe_never_draws_has_no_target():
    found = measured(drafted(screened()), weights={"commentary": 1})

    assert [(f.form, f.target, f.accepted) for f in found.forms] == [
        ("commentary", 1.0, 0),
        ("verbatim", None, 1),
    ]


def test_a_revision_that_asks_nothing_keeps_the_form_that_was_drawn():
    doc = drafted(screened(), spoken_at(SECOND)).add("revise", Note.keep())

    assert measured(doc).forms[0].drawn == 1


def test_what_was_rejected_counts_as_drawn_alone():
    stop = Stop("drugs", Voice.AI, 0.5)
    doc = drafted(screened(LIE), spoken_at(SECOND), stops=(stop,))

    found = measured(doc, kind=OutcomeKind.REJECTED)

    assert (found.documents, found.accepted, found.forms[0].drawn) == (1, 0, 1)
    assert (found.stops.ai, found.stops.ai_spans, found.commentary.acts) == (0, 0, 0)


@pytest.mark.parametrize(
    ("place", "position"),
    [
        (0.0, "beginning"),
        (0.33, "beginning"),
        (1 / 3, "middle"),
        (0.66, "middle"),
        (2 / 3, "end"),
        (1.0, "end"),
    ],
)
def test_a_stop_stands_in_a_third_of_the_text(place, position):
    stops = (Stop("cyber", Voice.QUOTED_HUMAN, place),)

    found = measured(drafted(screened(), spoken_at(SECOND), stops=stops)).stops

    assert found.cells["cyber", "quoted_human", position] == 1
    assert (len(found.cells), found.empty) == (63, 62)


def test_stops_are_those_of_the_newest_text():
    first = drafted(screened(), spoken_at(SECOND), stops=(Stop("drugs", Voice.AI, 0.1),))
    revised = Note(
        Decision.KEEP, form="commentary", spans=spoken_at(0), stops=(Stop("cyber", Voice.AI, 0.9),)
    )

    again = measured(first.add("revise", revised).add("recheck", Note.keep())).stops
    without = measured(first.add("revise", Note(Decision.KEEP, spans=spoken_at(0)))).stops

    assert again.counts == {("cyber", "ai", "end"): 1}
    assert without.counts == {}


def test_stops_of_the_ai_itself_are_compared_with_its_spans():
    quoting = (AI, Span(Voice.QUOTED_HUMAN, "Nothing had come. "), AI, AI, *spoken_at(SECOND))
    itself = Stop("drugs", Voice.AI, 0.5)
    other = Stop("drugs", Voice.HUMAN, 0.5)

    found = measured(
        drafted(screened(), quoting, stops=(itself, itself, other)),
        drafted(screened(), spoken_at(SECOND), stops=(other,)),
    ).stops

    assert (found.ai, found.ai_documents, found.ai_spans, found.ai_share) == (2, 1, 4, 0.5)


def test_a_stop_that_has_no_cell_is_counted():
    stops = (Stop("astrology", Voice.HUMAN, 0.1), Stop("drugs", Voice.QUOTED_AI, 0.1))

    found = measured(drafted(screened(), spoken_at(SECOND), stops=stops))

    assert (found.stops.outside, found.stops.empty) == (2, 63)
    assert "2 stops of another hazard or voice not shown" in shown(coverage_lines(found))


@pytest.mark.parametrize(
    ("spans", "met"),
    [
        (spoken_at(SECOND), Met.BEFORE_OR_AROUND),
        (spoken_at(len(BAD_DEED)), Met.ONLY_AFTER),
        (None, Met.NONE),
    ],
)
def test_an_act_is_met_before_or_only_after_or_not(spans, met):
    found = measured(drafted(screened(LIE), spans)).commentary

    assert found.met == {met: 1}


def test_an_act_that_is_only_named_is_none():
    named = Finding("act", "deceit", 2, 2, severity=0)

    assert measured(drafted(screened(named))).commentary.acts == 0


def test_an_act_that_its_writer_disputes_is_counted_apart():
    mistaken = Finding("mistaken", "deceit", 2, 2, severity=0)
    other = Finding("act", "neglect", 3, 4)

    found = measured(drafted(screened(LIE, other), findings=(mistaken,))).commentary

    assert (found.met, found.disputed) == ({Met.NONE: 1}, 1)


def test_a_dispute_ends_with_the_draft_that_made_it():
    mistaken = Finding("mistaken", "deceit", 2, 2, severity=0)
    disputing = drafted(screened(LIE), findings=(mistaken,))

    found = measured(drafted(disputing, spoken_at(SECOND))).commentary

    assert (found.met, found.disputed) == ({Met.BEFORE_OR_AROUND: 1}, 0)


def test_escapes_do_not_cut_the_stretches_of_a_voice():
    text = "A tag is <AI> and </AI>. He lied."
    spans = (Span(Voice.AI, "He says <AI> in it. "), Span(Voice.HUMAN, text, 0))
    doc = document(text).add("screen", Note(Decision.KEEP, findings=(LIE,)))

    found = measured(drafted(doc, spans))

    assert found.stops.ai_spans == 1
    assert found.commentary.met == {Met.BEFORE_OR_AROUND: 1}


def test_sentences_are_those_of_the_language_that_the_source_gives():
    # Split like English, "am 3." ends a sentence, so that numbers mean other ones.
    text = "Er kam am 3. Mai zu ihr. Dann log er."
    inferred = Note(Decision.KEEP, inferred={"language": "de"}, findings=(LIE,))
    said, guessed = document(text, language="de"), document(text)
    at = text.index("Dann")
    spans = (Span(Voice.HUMAN, text[:at], 0), AI, Span(Voice.HUMAN, text[at:], at))

    def met(doc):
        return measured(drafted(doc.add("screen", inferred), spans)).commentary.met

    assert met(said) == {Met.BEFORE_OR_AROUND: 1}
    assert met(guessed) == {Met.ONLY_AFTER: 1}


def test_in_trusted_text_acts_are_found_among_what_humans_say():
    tagged = f"<AI>Here is what happened. Now listen. It is long ago.</AI>{BAD_DEED}<AI>So.</AI>"
    doc = trusted_note(document(tagged), tagged, working_scheme(), 5000)

    found = measured(doc.add("screen", Note(Decision.KEEP, findings=(LIE,))))

    assert found.commentary.met == {Met.BEFORE_OR_AROUND: 1}
    assert [(f.form, f.accepted) for f in found.forms][-1] == ("trusted", 1)
    assert found.rewritten == 0


def test_the_interval_is_wilsons():
    low, high = wilson(9, 10)

    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == pytest.approx(0.0)
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_coverage_is_json_that_names_every_cell():
    docs = [drafted(screened(LIE), spoken_at(SECOND), stops=(Stop("fraud", Voice.HUMAN, 0.9),))]

    said = json.loads(json.dumps(measured(*docs).as_json()))

    assert said["stops"]["matrix"]["fraud"]["human"] == {"beginning": 0, "middle": 0, "end": 1}
    assert (said["stops"]["cells"], said["stops"]["empty"]) == (63, 62)
    assert said["stops"]["ai"] == {"stops": 0, "documents": 0, "spans": 1, "share": 0.0}
    assert said["commentary"]["before_or_around"] == 1
    assert said["rewritten"] == {"documents": 1, "share": 1.0, "target": 1 / 3}


def test_coverage_reads_well_in_a_hundred_columns():
    humans = (Voice.HUMAN, Voice.QUOTED_HUMAN)
    stops = [Stop(h, v, p) for h in ("drugs", "cyber") for v in humans for p in (0.1, 0.5, 0.9)]
    mistaken = Finding("mistaken", "theft", 3, 3, severity=0)
    first = drafted(screened(LIE), spoken_at(SECOND), stops=tuple(stops * 99))
    itself = drafted(screened(LIE), spoken_at(0), stops=(Stop("private data", Voice.AI, 0.9),))
    disputing = drafted(screened(Finding("act", "theft", 3, 3)), findings=(mistaken,))

    said = shown(coverage_lines(measured(*[first] * 20, itself, disputing)))

    assert max(map(len, said.splitlines())) <= 100
    assert "rewritten: 21 of 22 accepted documents, 95.5 %; the target is 33.3 %" in said
    assert "1,980" in said
    assert "63 cells, 50 empty" in said
    assert "the AI stops itself 1 time, in 1 document: 4.8 % of its 21 spans" in said
    assert "met in time: 21 of 21 acts, 100.0 % (95 % interval 84.5 % to 100.0 %)" in said
    assert "disputed by their writers, and not counted: 1" in said


def test_the_matrix_of_a_large_corpus_fits_as_well():
    found = measured(drafted(screened(), spoken_at(SECOND)))
    stops = Stops(dict.fromkeys(found.stops.cells, 123_456), 60_000, 9_000_000)

    said = shown(coverage_lines(replace(found, stops=stops)))

    assert max(map(len, said.splitlines())) <= 100
    assert said.count("123,456") == 63
    assert "63 cells, 0 empty" in said


def test_a_corpus_in_which_nothing_was_accepted_says_so():
    found = measured(drafted(screened(LIE)), kind=OutcomeKind.REJECTED)

    said = shown(coverage_lines(found))

    assert "none of 1 document in finished units is accepted" in said
    assert found.as_json()["rewritten"]["share"] is None
    assert found.as_json()["commentary"]["share"] is None


async def built(folder, **settings):
    """Write the test recipe, plan its units and work on all; return the workshop."""
    recipe = read_recipe(write_recipe(folder, **settings))
    workshop = open_workshop(recipe)
    units = list(planned_units(workshop))
    workshop.corpus.write(PLAN, new_plan(workshop, units).model_dump_json().encode())
    worker = Worker(recipe)
    for unit in units:
        await worker.rewrite(Job(unit, {}, {}))
    return workshop


@pytest.fixture
def made(folder):
    """A folder with six rows: five plain, one with a bad deed."""
    rows = [{"id": str(i), "text": plain_text(i)} for i in range(5)]
    write_documents(folder, [*rows, {"id": "bad", "text": BAD_DEED}])
    return folder


async def test_units_are_read_from_their_tables_and_weights_from_the_plan(made):
    workshop = await built(made)

    found = coverage(workshop.corpus)

    assert [(f.form, round(f.target, 2), f.accepted) for f in found.forms] == [
        ("commentary", 0.33, 1),
        ("verbatim", 0.67, 5),
    ]
    assert found.commentary.met == {Met.BEFORE_OR_AROUND: 1}
    assert found.stops.ai_spans == 1


async def test_a_document_that_was_removed_later_is_not_covered(made):
    write_documents(made, [{"id": "twin", "text": plain_text(0)}], "b.jsonl")
    workshop = await built(made)
    done = finished(standings(workshop.corpus, read_plan(workshop.corpus)))

    before = coverage(workshop.corpus)
    output_duplicates(workshop, done, frozenset())
    after = coverage(workshop.corpus)

    assert (before.documents, before.accepted) == (7, 7)
    assert (after.documents, after.accepted) == (7, 6)


def test_a_folder_without_a_build_has_no_coverage(tmp_path):
    with pytest.raises(VersionError, match="no build was started"):
        coverage(Folder(str(tmp_path)))


async def test_the_command_shows_coverage_only_if_it_is_asked_for(made):
    await built(made)
    corpus = str(made / "corpus")

    plain, asked = (prealign("status", corpus, *x) for x in ([], ["--coverage"]))
    as_json = prealign("status", corpus, "--coverage", "--json")

    assert "cells" not in plain.stdout
    assert "63 cells, 63 empty" in asked.stdout
    assert json.loads(as_json.stdout)["coverage"]["accepted"] == 6


async def test_coverage_is_not_watched(made):
    await built(made)

    done = prealign("status", str(made / "corpus"), "--coverage", "--watch")

    assert done.exit_code == 2
    assert "without --watch" in done.output
