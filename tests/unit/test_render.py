"""Rendering and parsing, for every text whatever and every scheme."""

import pickle
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pipeline.voices.escape import unescape
from pipeline.voices.parse import parse
from pipeline.voices.render import project, render, rerender, restore, store
from pipeline.voices.scheme import load_scheme, working_scheme
from schemas.document import Span, Voice
from schemas.errors import ParseError
from tests.texts import SCHEMES, every_closing_scheme, every_scheme, span_lists


@every_scheme
@given(spans=span_lists)
@example([Span(Voice.HUMAN, "<A"), Span(Voice.HUMAN, "I>")])
@example([Span(Voice.HUMAN, "<A"), Span(Voice.AI, "I>")])
@example([Span(Voice.QUOTED_AI, "<"), Span(Voice.QUOTED_HUMAN, "AI>")])
@example([Span(Voice.QUOTED_AI, "<A<AI>I>"), Span(Voice.AI, "\\"), Span(Voice.HUMAN, "<|ai|>")])
def test_parse_undoes_render(scheme, spans):
    assert parse(render(spans, scheme), scheme) == project(spans, scheme)


@every_scheme
@given(spans=span_lists)
def test_what_was_stored_is_restored_and_joined_slices_are_clean(scheme, spans):
    stored = store(spans, scheme)

    said = "".join(stored.text[s.start : s.end] for s in stored.spans)

    assert said == "".join(span.text for span in spans)
    back = restore(stored.text, stored.spans)
    assert project(back, scheme) == project(spans, scheme)
    assert store(back, scheme).text == stored.text
    assert restore(*_fields(store(back, scheme))) == back


def _fields(stored):
    return stored.text, stored.spans


@given(spans=span_lists, schemes=st.lists(st.sampled_from(SCHEMES), min_size=2, max_size=4))
def test_a_row_rendered_again_and_again_says_what_the_first_one_said(spans, schemes):
    row = store(spans, schemes[0])
    for scheme in schemes[1:]:
        row = rerender(row.text, row.spans, scheme)

    assert row.text == render(spans, schemes[-1])
    assert restore(*_fields(row)) == restore(*_fields(store(spans, schemes[0])))


@every_scheme
@given(spans=span_lists)
def test_no_slice_needs_to_be_unescaped(scheme, spans):
    # A slice that ends within a name, where nobody else begins to speak, is no text by itself.
    stored = store(project(spans, scheme), scheme)

    slices = [stored.text[s.start : s.end] for s in stored.spans]

    assert [unescape(piece, scheme) for piece in slices] == slices


@every_scheme
@given(spans=span_lists)
def test_source_places_point_at_the_same_text(scheme, spans):
    source = "".join(span.text for span in spans)
    placed, position = [], 0
    for span in spans:
        placed.append(Span(Voice.HUMAN, span.text, position))
        position += len(span.text)

    stored = store(placed, scheme)

    for s in stored.spans:
        said = stored.text[s.start : s.end]
        assert source[s.source_start : s.source_start + len(said)] == said


CORRUPTIONS = ["lost", "doubled", "changed", "added", "misspelt"]


@every_closing_scheme
@given(spans=span_lists, kind=st.sampled_from(CORRUPTIONS), data=st.data())
def test_no_single_corrupted_tag_goes_unnoticed(scheme, spans, kind, data):
    text = render(spans, scheme)
    places = [m.span() for m in re.finditer("|".join(map(re.escape, scheme.tags)), text)]
    assume(places or kind == "added")
    tag = data.draw(st.sampled_from(scheme.tags))
    if kind == "added":
        position = data.draw(st.integers(0, len(text)))
        # Inside a tag or behind an escaping backslash it would be two corruptions, or none.
        assume(all(not start < position < end for start, end in places))
        assume(not text[:position].endswith("\\"))
        start = end = position
    else:
        start, end = data.draw(st.sampled_from(places))
        assume(kind != "changed" or text[start:end] != tag)
    was = text[start:end]
    written = {
        "lost": "", "doubled": was * 2, "changed": tag, "added": tag, "misspelt": f"{was[:-1]} >",
    }[kind]  # fmt: skip

    with pytest.raises(ParseError):
        parse(text[:start] + written + text[end:], scheme)


def test_a_misplaced_tag_is_named_with_its_place_and_what_was_expected():
    with pytest.raises(ParseError) as caught:
        parse("one\nhello <AI>x <AI>there", working_scheme())

    error = caught.value
    assert (error.code, error.position, error.state) == ("illegal_move", 16, "ai")
    assert error.expected == ("<AI_quoting_human>", "</AI>")
    assert "line 2, column 13 (character 16)" in str(error)
    assert str(error).endswith("hello <AI>x <AI>there\n" + " " * 12 + "^^^^")
    assert "<AI_quoting_human> or </AI>" in error.hint


@pytest.mark.parametrize(
    ("name", "text", "code", "position"),
    [
        ("bitter-lesson", "<AI>never closed", "unclosed", 16),
        ("bitter-lesson", "</AI>", "illegal_move", 0),
        ("bitter-lesson", "a<AI_quoting_human>b", "illegal_move", 1),
        ("bitter-lesson", "a <ai >b", "unescaped", 2),
        ("bitter-lesson", "a <Human>b</Human>", "unescaped", 2),
        ("bitter-lesson", "a &lt;AI>b", "unescaped", 2),
        ("explicit", "<Human>a</Human> <AI>b</AI>", "no_voice", 16),
        ("segment-prefix", "a<|ai|>b", "no_voice", 0),
        ("segment-prefix", "<|ai|>a<|ai|>b", "illegal_move", 7),
        ("ai-default", "a<Human>b", "unclosed", 9),
    ],
)
def test_text_that_breaks_its_scheme_is_refused_with_a_code_and_a_place(name, text, code, position):
    with pytest.raises(ParseError) as caught:
        parse(text, load_scheme(name))

    assert (caught.value.code, caught.value.position) == (code, position)


def test_a_parse_error_survives_the_way_between_processes():
    with pytest.raises(ParseError) as caught:
        parse("</AI>", working_scheme())

    sent = pickle.loads(pickle.dumps(caught.value))

    assert (str(sent), vars(sent)) == (str(caught.value), vars(caught.value))


def test_an_excerpt_is_read_in_the_voice_it_stands_in():
    spans = parse("x <AI_quoting_human>y</AI_quoting_human>", working_scheme(), start=Voice.AI)

    assert spans == [Span(Voice.AI, "x "), Span(Voice.QUOTED_HUMAN, "y")]


@pytest.mark.parametrize(
    ("text", "way_back"),
    [("x <AI_quoting_human>y", "</AI_quoting_human>"), ("x</AI>y", "<AI>")],
)
def test_an_excerpt_that_ends_elsewhere_is_told_the_way_back(text, way_back):
    with pytest.raises(ParseError) as caught:
        parse(text, working_scheme(), start=Voice.AI)

    assert caught.value.hint == f"close it with {way_back}: it must end in 'ai', as it began"


def test_carets_point_at_the_place_whatever_stands_before_it():
    with pytest.raises(ParseError) as caught:
        parse("\ta\u200b</AI>", working_scheme())

    assert str(caught.value).endswith("·a·</AI>\n   ^^^^^")
