"""Rewrites put together of pieces: who speaks, what lies between, and what each form demands."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.forms import AssemblyError, Form
from pipeline.forms.judgement import Scenes
from pipeline.pieces import Piece, Pieces
from pipeline.plugins import Kit, load
from pipeline.voices.parse import parse
from pipeline.voices.render import render
from pipeline.voices.scheme import working_scheme
from prompts import Prompts
from schemas.document import Decision, Finding, Note, Voice
from tests.conftest import document

TEXT = "One came. Two went.\n\nThree stayed. Four slept."


def form(name):
    return load(Form, name, {}, where="a test", kit=Kit(Prompts(), "0"))


def source(first, last=None):
    return {"who": "source", "first": first, "last": last}


def human(text, **more):
    return {"who": "human", "text": text} | more


def ai(text, **more):
    return {"who": "ai", "text": text} | more


def made(name, *pieces, text=TEXT, note=None, **declared):
    about = document(text)
    if note:
        about = about.add("screen", note)
    return form(name).assemble(about, Pieces.model_validate({"pieces": pieces} | declared))


def tagged(name, *pieces):
    return render(made(name, *pieces).spans, working_scheme())


def codes(name, *pieces, **declared):
    with pytest.raises(AssemblyError) as caught:
        made(name, *pieces, **declared)
    return [objection.code for objection in caught.value.objections]


def test_pieces_are_paragraphs_unless_they_run_on():
    assert tagged("story", human("She knocked."), ai("Come in."), human("I did.", run_on=True)) == (
        "She knocked.\n\n<AI>Come in.</AI> I did."
    )


def test_stretches_of_the_source_stay_as_they_were():
    found = made("dialogue", source(1), human("And then?"), ai("Two went."), source(3, 4))

    kept = [(span.text, span.source_start) for span in found.spans if span.source_start is not None]
    assert kept == [("One came.", 0), ("Three stayed. Four slept.", 21)]


def test_neighbours_in_the_source_are_one_stretch_with_what_lies_between():
    found = made("narration", source(1), source(2, 3), ai("And so on."))

    assert (found.spans[0].text, found.spans[0].source_start) == (TEXT[:34], 0)


def test_white_space_beside_the_source_is_the_ais():
    assert tagged("narration", source(1), ai("Look."), source(3)) == (
        "One came.<AI>\n\nLook.\n\n</AI>Three stayed."
    )


def test_the_ai_may_quote_within_a_piece():
    text = "He says “<AI_quoting_human>One came.</AI_quoting_human>” and is gone."

    voices = [span.voice for span in made("narration", ai(text)).spans]

    assert voices == [Voice.AI, Voice.QUOTED_HUMAN, Voice.AI]


def test_no_pieces_leave_the_document_as_it_is():
    [span] = made("story").spans

    assert (span.voice, span.text, span.source_start) == (Voice.HUMAN, TEXT, 0)


@pytest.mark.parametrize(
    ("name", "pieces", "code"),
    [
        ("narration", [human("He spoke."), ai("So he did.")], "human_written"),
        ("dialogue", [human("Why?")], "unanswered"),
        ("dialogue", [human("Why?"), human("Well?"), ai("Because.")], "unanswered"),
        ("instruction", [ai("Here it is."), human("Thanks."), ai("Good.")], "not_asked"),
        ("story", [human("All alone.")], "voice_missing"),
        ("story", [ai("All alone.")], "voice_missing"),
        ("story", [human("I said <AI>yes</AI>."), ai("Yes.")], "illegal_move"),
        ("story", [human("Hm."), ai("Yes.</AI> And I. <AI>No.")], "illegal_move"),
        ("dialogue", [source(9), human("Why?"), ai("Because.")], "anchor_missing"),
    ],
)
def test_what_does_not_fit_is_objected_to(name, pieces, code):
    assert code in codes(name, *pieces)


@pytest.mark.parametrize(
    "piece",
    [{"who": "source", "text": "x"}, {"who": "source", "first": 1, "text": "x"},
     {"who": "ai", "text": " "}, {"who": "human", "first": 1, "text": "x"}, {"who": "me"}],
)  # fmt: skip
def test_a_piece_that_is_none_cannot_be_read(piece):
    with pytest.raises(ValidationError):
        Piece.model_validate(piece)


def scene(decision, *pieces):
    return {"decision": decision, "pieces": pieces}


DECLINED = scene("declined", human("Give it to me."), ai("No, since it is hers."))
MET = scene(
    "met", human("Give it to me."), ai("Whose is it?"), human("Ask her."), ai("She agrees.")
)


def judged(*scenes):
    return form("judgement").assemble(document(TEXT), Scenes.model_validate({"scenes": scenes}))


def test_two_scenes_stand_in_one_document_parted_by_stars():
    text = render(judged(DECLINED, MET).spans, working_scheme())

    assert text.count("Give it to me.") == 2
    assert "hers.</AI>\n\n* * *\n\nGive it to me." in text


@pytest.mark.parametrize(
    ("scenes", "code"),
    [
        ([DECLINED, DECLINED], "one_sided"),
        ([MET, MET], "one_sided"),
        ([DECLINED, scene("met", human("Give it."), ai("Here."))], "unproved"),
        ([scene("declined", ai("No."), human("Oh.")), MET], "not_asked"),
    ],
)
def test_scenes_that_show_no_difference_are_objected_to(scenes, code):
    with pytest.raises(AssemblyError) as caught:
        judged(*scenes)

    assert code in [objection.code for objection in caught.value.objections]


def stop(voice, words, hazard="poisons"):
    return {"hazard": hazard, "voice": voice, "words": words}


QUOTED = "He says “<AI_quoting_human>One came</AI_quoting_human>”, and here I end him, for good."
BEGUN = "You take the bottle from the shelf and, no, I stop here, since it would hurt her."


@pytest.mark.parametrize(
    ("pieces", "voice", "words", "place"),
    [
        ([ai(QUOTED)], "quoted_human", "here I end him", 0.49),
        ([ai(BEGUN)], "ai", "no, I stop here", 0.48),
        ([source(1), ai("I take over from him here.")], "human", "I take over", 0.24),
    ],
)
def test_a_declared_stop_has_its_place(pieces, voice, words, place):
    [found] = made("narration", *pieces, stops=[stop(voice, words)]).stops

    assert (found.hazard, found.voice) == ("poisons", voice)
    assert found.place == pytest.approx(place, abs=0.03)


def test_words_that_are_said_again_stand_for_another_stop():
    declared = [stop("ai", "no, I stop here")] * 2

    found = made("narration", ai(BEGUN), ai(BEGUN), stops=declared).stops

    assert [each.place for each in found] == pytest.approx([0.24, 0.74], abs=0.03)
    assert codes("narration", ai(BEGUN), stops=declared) == ["stop_missing"]


def test_words_stand_for_a_stop_where_there_is_one_to_be_made():
    said = [ai("I end him, and say so first."), ai(QUOTED)]

    [found] = made("narration", *said, stops=[stop("quoted_human", "I end him")]).stops

    assert found.place > 0.5


@pytest.mark.parametrize(
    ("pieces", "voice", "words", "code"),
    [
        ([ai(QUOTED)], "quoted_human", "I stop him", "stop_missing"),
        ([ai(QUOTED)], "quoted_human", "One came", "stop_missing"),
        ([ai(BEGUN)], "quoted_human", "no, I stop here", "stop_misplaced"),
        ([ai("No, I stop here.")], "ai", "I stop here", "stop_misplaced"),
        ([ai(QUOTED)], "human", "here I end him", "stop_misplaced"),
    ],
)
def test_a_stop_that_is_not_there_is_objected_to(pieces, voice, words, code):
    assert codes("narration", *pieces, stops=[stop(voice, words)]) == [code]


def found(kind, first, last=None, severity=2):
    return Finding(
        kind, "poisons" if kind == "hazard" else "deceit", first, last or first, severity
    )


def test_danger_that_the_ai_stands_in_for_is_a_stop_without_being_declared():
    note = Note(Decision.KEEP, findings=(found("hazard", 2), found("hazard", 4, severity=1)))

    [ended] = made("dialogue", source(1), human("Which?"), ai("I leave it."), source(3),
                   note=note).stops  # fmt: skip

    assert (ended.hazard, ended.voice) == ("poisons", Voice.HUMAN)


def test_a_stop_that_code_has_seen_is_counted_once_if_it_is_declared_as_well():
    note = Note(Decision.KEEP, findings=(found("hazard", 2),))

    stops = made("narration", source(1), ai("He went on, and I do not."), source(3),
                 note=note, stops=[stop("human", "and I do not")]).stops  # fmt: skip

    assert [each.voice for each in stops] == [Voice.HUMAN]


def test_a_disputed_finding_becomes_one_of_its_own():
    note = Note(Decision.KEEP, findings=(found("act", 2),))
    dispute = [{"first": 2, "why": "a joke"}]

    [denied] = made("narration", ai("So."), note=note, mistaken=dispute).mistaken

    assert (denied.kind, denied.label, denied.first) == ("mistaken", "deceit", 2)
    assert codes("narration", ai("So."), mistaken=dispute) == ["finding_missing"]


def test_of_two_acts_in_one_sentence_the_label_says_which_is_disputed():
    other = replace(found("act", 2), label="theft")
    note = Note(Decision.KEEP, findings=(found("act", 2), other))

    [denied] = made("narration", ai("So."), note=note, mistaken=[
        {"first": 2, "label": "theft", "why": "a joke"}]).mistaken  # fmt: skip

    assert denied.label == "theft"
    assert codes("narration", ai("So."), note=note, mistaken=[{"first": 2, "why": "a joke"}]) == [
        "finding_unclear"
    ]


@pytest.mark.parametrize("kind", ["hazard", "question"])
def test_only_an_act_can_be_disputed(kind):
    note = Note(Decision.KEEP, findings=(found(kind, 2),))

    dispute = [{"first": 2, "why": "a joke"}]
    assert codes("narration", ai("So."), note=note, mistaken=dispute) == ["finding_missing"]


words = st.text(st.sampled_from("ab <>/\\AI.“”\n"), min_size=1, max_size=30)


@given(
    st.lists(st.one_of(words.map(human), words.map(ai), st.integers(1, 4).map(source)), max_size=6)
)
def test_whatever_pieces_are_given_what_is_assembled_can_be_rendered_and_read(pieces):
    try:
        spans = made("dialogue", *pieces).spans
    except (ValidationError, AssemblyError):
        return

    assert all(span.text for span in spans)
    again = parse(render(spans, working_scheme()), working_scheme())
    assert "".join(s.text for s in again) == "".join(s.text for s in spans)
    for span in spans:
        if span.source_start is not None:
            assert TEXT[span.source_start :].startswith(span.text)
