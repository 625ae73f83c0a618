"""Anchored edits: the humans' words stay, the remarks stand where they were put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fence import numbered
from pipeline.forms import AssemblyError, drawn_form
from pipeline.forms.commentary import Commentary, Edit, Edits
from pipeline.plugins import Kit
from pipeline.voices.render import render
from pipeline.voices.scheme import load_scheme
from prompts import Prompts
from schemas.document import Decision, Finding, Note, Voice
from tests.conftest import document

SCHEME = load_scheme("bitter-lesson")
FORM = Commentary()
FORM._kit = Kit(Prompts(), "0")
TEXT = "One came. Two went.\n\nThree stayed. Four slept."


def edit(place, first, text, last=None):
    return Edit(place=place, first=first, last=last or first, text=text)


def assembled(*edits, text=TEXT):
    return FORM.assemble(document(text), Edits(edits=list(edits)))


def test_remarks_stand_where_they_were_put():
    spans = assembled(
        edit("before", 2, "Look."), edit("before", 3, "And."), edit("after", 4, "So.")
    )

    assert render(spans, SCHEME) == (
        "One came. <AI>Look. </AI>Two went.\n\n<AI>And.\n\n</AI>Three stayed. Four slept."
        "<AI>\n\nSo.</AI>"
    )


def test_a_stretch_is_replaced_by_the_ai():
    spans = assembled(edit("replace", 2, "I leave this out.", last=3))

    assert render(spans, SCHEME) == "One came. <AI>I leave this out.</AI> Four slept."


def test_a_remark_can_quote():
    spans = assembled(
        edit("before", 1, "He says <AI_quoting_human>came</AI_quoting_human> lightly.")
    )

    assert [(s.voice, s.text) for s in spans[:3]] == [
        (Voice.AI, "He says "),
        (Voice.QUOTED_HUMAN, "came"),
        (Voice.AI, " lightly.\n\n"),
    ]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([edit("before", 9, "x")], "anchor_missing"),
        ([edit("replace", 3, "x", last=2)], "anchor_missing"),
        ([edit("before", 1, "x", last=2)], "anchor_unclear"),
        ([edit("replace", 1, "x", last=3), edit("after", 2, "y")], "anchor_overlap"),
        ([edit("before", 1, "a <AI_quoting_human>b")], "unclosed"),
        ([edit("before", 1, "a <ai_quoting_human >b")], "unescaped"),
        ([edit("before", 1, "a </AI> b <AI> c")], "illegal_move"),
    ],
)
def test_an_edit_that_does_not_fit_is_an_objection_and_not_a_guess(edits, code):
    with pytest.raises(AssemblyError) as caught:
        assembled(*edits)

    assert caught.value.objections[0].code == code


@given(
    text=st.text(alphabet="abc. \n!", max_size=300),
    picks=st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["before", "after"]))),
)
def test_joined_human_spans_are_exactly_the_source(text, picks):
    count = len(numbered(document(text)))
    edits = [edit(place, number, "Hm.") for number, place in picks if number <= count]

    spans = assembled(*edits, text=text)

    human = [s for s in spans if s.voice == Voice.HUMAN]
    assert "".join(s.text for s in human) == text
    assert all(text[s.source_start :].startswith(s.text) for s in human)


def test_verbatim_is_closed_to_a_flagged_document():
    flagged = document(TEXT).add(
        "screen", Note(Decision.KEEP, findings=(Finding("act", "deceit", 1, 1),))
    )

    assert drawn_form(flagged, ("verbatim",), {"commentary": 1, "verbatim": 9}, "0") == "commentary"


def test_forms_are_drawn_with_the_shares_of_the_recipe():
    drawn = [
        drawn_form(
            document(TEXT).add("screen", Note.keep()),
            ("commentary", "verbatim"),
            {"commentary": 1, "verbatim": 3},
            str(seed),
        )
        for seed in range(2000)
    ]

    assert 0.20 < drawn.count("commentary") / len(drawn) < 0.30
