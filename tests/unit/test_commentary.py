"""Anchored edits: the humans' words stay, the remarks stand where they were put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.fence import numbered
from pipeline.forms import AssemblyError, drawn_form
from pipeline.forms.commentary import Commentary, Edit, Edits
from pipeline.plugins import Kit
from pipeline.voices.render import render
from pipeline.voices.scheme import working_scheme
from prompts import Prompts
from schemas.document import Decision, Finding, Note, Voice
from tests.conftest import document

SCHEME = working_scheme()
FORM = Commentary()
FORM._kit = Kit(Prompts(), "0")
TEXT = "One came. Two went.\n\nThree stayed. Four slept."


def edit(place, first, text, last=None):
    return Edit(place=place, first=first, last=last or first, text=text)


def assembled(*edits, text=TEXT):
    return FORM.assemble(document(text), Edits(edits=list(edits))).spans


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


def test_a_sentence_is_cut_before_its_danger():
    text = "He said to wait. Then he said: take the red powder and mix it. She listened."

    spans = assembled(
        edit("replace", "take the red", "I leave this out.", last="mix it"), text=text
    )

    assert render(spans, SCHEME) == (
        "He said to wait. Then he said: <AI>I leave this out.</AI>. She listened."
    )
    assert all(text[s.source_start :].startswith(s.text) for s in spans if s.voice == Voice.HUMAN)


def test_quoted_words_place_a_remark_and_last_may_be_left_out():
    by_words = Edit(place="before", first="Three stayed", text="And.")
    by_number = Edit(place="before", first="3", last=None, text="And.")

    assert assembled(by_words) == assembled(by_number) == assembled(edit("before", 3, "And."))


def test_what_follows_a_sentence_stands_before_what_precedes_the_next():
    spans = assembled(edit("before", 2, "two"), edit("after", 1, "one"), text="他来了。我走了。")

    assert render(spans, SCHEME) == "他来了。<AI> onetwo </AI>我走了。"


@pytest.mark.parametrize("value", ["[2]", "2", " 2 "])
def test_a_number_may_be_written_as_it_is_shown(value):
    assert Edit(place="before", first=value, text="x").first == 2


@pytest.mark.parametrize("value", [True, 1.0, 0, "x"])
def test_what_is_no_anchor_is_refused(value):
    with pytest.raises(ValidationError):
        Edit(place="before", first=value, text="x")


def test_everything_wrong_is_said_at_once():
    with pytest.raises(AssemblyError) as caught:
        assembled(
            edit("before", "Nobody came", "x"),
            edit("replace", 2, "a <AI_quoting_human>b"),
            edit("after", 2, "y"),
        )

    assert [o.code for o in caught.value.objections] == ["anchor_missing", "unclosed"]


def test_remarks_at_one_place_stand_in_the_order_in_which_they_were_written():
    spans = assembled(edit("before", 1, "First."), edit("before", 1, "Second."))

    assert render(spans, SCHEME).startswith("<AI>First.\n\nSecond.\n\n</AI>One")


@given(
    edits=st.lists(
        st.tuples(
            st.sampled_from(["before", "after", "replace"]),
            st.one_of(st.integers(1, 4), st.sampled_from(["One", "went", "Three stayed", "came."])),
            st.one_of(st.none(), st.integers(1, 4), st.sampled_from(["Two", "slept"])),
        ),
        max_size=4,
    )
)
def test_whatever_edits_are_given_human_text_is_the_sources_in_order(edits):
    made = [Edit(place=place, first=first, last=last, text="Hm.") for place, first, last in edits]
    spans = []
    try:
        spans = assembled(*made)
    except AssemblyError as error:
        refused = {objection.code for objection in error.objections}
        if not refused <= {"anchor_missing", "anchor_overlap", "anchor_unclear"}:
            raise

    human = [span for span in spans if span.voice == Voice.HUMAN]
    ends = [0, *(span.source_start + len(span.text) for span in human)]
    assert all(TEXT[s.source_start :].startswith(s.text) for s in human)
    assert all(end <= span.source_start for end, span in zip(ends, human, strict=False))
