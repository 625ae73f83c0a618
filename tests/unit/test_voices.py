"""Rendering, parsing and escaping, for every text whatever."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.voices.escape import escape, looks_like_tag, unescape
from pipeline.voices.render import parse, project, render, restore, store
from pipeline.voices.scheme import load_scheme, scheme_names
from schemas.document import Span, Voice
from schemas.errors import ParseError, RecipeError

PIECES = [
    "<AI>", "</AI>", "<AI_quoting_human>", "</AI_quoting_human>", "<", ">", "</", "\\", "\\\\",
    "AI", "ai", "A", "I", "_quoting_human", "&lt;", "&amp;lt;", "&#60;", "&#x3c;", "＜", "ＡＩ",
    "\u200b", "\u202e", " ", "\n", "\t", "/", "|", "&", "amp;", ";", "x", "é", "漢", "😀",
]  # fmt: skip

texts = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(alphabet=string.printable),
)
spans = st.lists(
    st.builds(
        Span,
        st.sampled_from(list(Voice)),
        texts,
        st.one_of(st.none(), st.integers(min_value=0, max_value=1000)),
    ),
    max_size=8,
)
every_scheme = pytest.mark.parametrize("scheme", [load_scheme(n) for n in scheme_names()])


@given(text=texts)
@example("<\\AI>")
@example("&lt;\\\\AI&gt;")
def test_unescape_undoes_escape(text):
    assert unescape(escape(text)) == text


@given(text=texts)
def test_escaped_text_holds_nothing_that_looks_like_a_tag(text):
    assert not looks_like_tag(escape(text))


@pytest.mark.parametrize(
    "lookalike",
    ["<AI>", "</AI>", "<ai >", "< AI>", "<\nAI\n>", "<AI x='1'>", "<AI/>", "&lt;AI&gt;",
     "&amp;lt;AI>", "&#60;AI>", "&#x3C;/AI>", "＜AI＞", "<ＡＩ>", "<A\u200bI>", "\u2039AI\u203a",
     "<AI_QUOTING_HUMAN>", "<|AI|>", "<\u00a0AI>", "\u2329AI>", "&lsaquo;AI", "&lang;AI",
     "&#xfF1C;AI", "&#38;lt;AI", "<A\U000e0100I>", "<\u3164AI>", "<A\x07I>", "&LT;AI", "&ltAI"],
)  # fmt: skip
def test_a_lookalike_is_escaped(lookalike):
    assert looks_like_tag(lookalike)
    assert escape(lookalike) != lookalike


@pytest.mark.parametrize("text", ["a < b", "<AIR>", "<b>AI</b>", "AI>", "x<air", "AT&T", "<p>"])
def test_other_text_is_left_as_it_is(text):
    assert escape(text) == text


@every_scheme
@given(spans=spans)
@example([Span(Voice.HUMAN, "<A"), Span(Voice.HUMAN, "I>")])
@example([Span(Voice.QUOTED_AI, "<"), Span(Voice.QUOTED_HUMAN, "AI>")])
def test_parse_undoes_render(scheme, spans):
    assert parse(render(spans, scheme), scheme) == project(spans, scheme)


@every_scheme
@given(spans=spans)
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


@every_scheme
@given(spans=spans)
def test_no_slice_needs_to_be_unescaped(scheme, spans):
    stored = store(spans, scheme)

    slices = [stored.text[s.start : s.end] for s in stored.spans]

    assert [unescape(piece) for piece in slices] == slices


@every_scheme
@given(spans=spans)
def test_source_places_point_at_the_same_text(scheme, spans):
    source = "".join(span.text for span in spans)
    placed, position = [], 0
    for span in spans:
        placed.append(Span(Voice.HUMAN, span.text, position))
        position += len(span.text)

    stored = store(placed, scheme)

    for s in stored.spans:
        assert (
            source[s.source_start : s.source_start + s.end - s.start]
            == (stored.text[s.start : s.end])
        )


def test_a_misplaced_tag_is_named_with_its_place_and_what_was_expected():
    with pytest.raises(ParseError) as caught:
        parse("hello <AI>x <AI>there", load_scheme("bitter-lesson"))

    assert "character 12" in str(caught.value)
    assert str(caught.value).endswith(" " * 12 + "^^^^")
    assert "<AI_quoting_human> or </AI>" in caught.value.hint


@pytest.mark.parametrize("text", ["<AI>never closed", "</AI>", "a<AI_quoting_human>b"])
def test_text_that_breaks_the_grammar_is_refused(text):
    with pytest.raises(ParseError):
        parse(text, load_scheme("bitter-lesson"))


def test_an_unknown_scheme_is_named_with_the_nearest():
    with pytest.raises(RecipeError) as caught:
        load_scheme("biter-lesson")

    assert "did you mean 'bitter-lesson'" in caught.value.hint
