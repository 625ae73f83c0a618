"""Reach: an act is met by what the AI says before its words are read, not by what comes behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.voices.reach import Met, where_met
from pipeline.voices.words import has_words, is_longer, words
from schemas.document import Span, Voice

ACT = "He lied to his sister about the letter."


def said(count):
    return "word " * count


def human(text, start):
    return Span(Voice.HUMAN, text, start)


def ai(text="That was a lie."):
    return Span(Voice.AI, text)


def around(before, after, remark):
    """Return an act between so many words, with a remark at an index among its three spans."""
    texts = [said(before), ACT + " ", said(after)]
    starts = [0, len(texts[0]), len(texts[0]) + len(texts[1])]
    spans = [human(text, start) for text, start in zip(texts, starts, strict=True) if text]
    if remark is not None:
        spans.insert(remark, ai())
    return spans, (starts[1], starts[1] + len(ACT))


@pytest.mark.parametrize(
    ("before", "after", "remark", "met"),
    [
        (80, 0, 0, Met.BEFORE_OR_AROUND),
        (81, 0, 0, Met.NONE),
        (500, 0, 1, Met.BEFORE_OR_AROUND),
        (500, 80, 3, Met.ONLY_AFTER),
        (500, 81, 3, Met.NONE),
        (5, 5, None, Met.NONE),
    ],
)
def test_a_remark_reaches_eighty_words(before, after, remark, met):
    assert where_met(*around(before, after, remark)) == met


def test_another_reach_may_be_asked_for():
    spans, act = around(30, 0, 0)

    assert where_met(spans, act, ahead_words=30) == Met.BEFORE_OR_AROUND
    assert where_met(spans, act, ahead_words=29) == Met.NONE


def test_an_act_that_is_replaced_is_met():
    spans = [human("It rained. ", 0), ai("Then came a lie. "), human("They ate.", 11 + len(ACT))]

    assert where_met(spans, (11, 11 + len(ACT))) == Met.BEFORE_OR_AROUND


def test_an_act_that_is_told_in_other_words_is_met():
    spans = [human("It rained. ", 0), Span(Voice.HUMAN, "I said nothing had come. ")]

    assert where_met(spans, (11, 11 + len(ACT))) == Met.BEFORE_OR_AROUND


def test_an_act_that_the_ai_quotes_is_met():
    spans = [ai("One of them wrote: "), Span(Voice.QUOTED_HUMAN, ACT, 0), ai(" That was a lie.")]

    assert where_met(spans, (0, len(ACT))) == Met.BEFORE_OR_AROUND


def test_what_the_ai_quotes_is_no_distance():
    quoted = Span(Voice.QUOTED_HUMAN, said(300))

    assert where_met([ai(), quoted, human(ACT, 0)], (0, len(ACT))) == Met.BEFORE_OR_AROUND


def test_human_text_that_was_written_is_distance():
    spans = [ai(), Span(Voice.HUMAN, said(50)), Span(Voice.HUMAN, said(31)), human(ACT, 0)]

    assert where_met(spans, (0, len(ACT))) == Met.NONE


def test_a_remark_between_the_words_of_an_act_comes_after_its_first():
    half = len("He lied to his sister")
    spans = [human(ACT[:half], 0), ai(), human(ACT[half:], half)]

    assert where_met(spans, (0, len(ACT))) == Met.ONLY_AFTER


def test_what_is_left_of_an_act_behind_its_replaced_beginning_is_met():
    half = len("He lied to his sister")
    spans = [human(said(3), 0), ai(), human(ACT[half:], 15 + half)]

    assert where_met(spans, (15, 15 + len(ACT))) == Met.BEFORE_OR_AROUND


def test_punctuation_that_is_left_of_an_act_is_nothing_of_it():
    spans = [human(said(100), 0), ai(), human(".", 500 + len(ACT) - 1)]

    assert where_met(spans, (500, 500 + len(ACT))) == Met.BEFORE_OR_AROUND


def test_an_ai_that_says_nothing_meets_nothing():
    assert where_met([ai("\n\n — "), human(ACT, 0)], (0, len(ACT))) == Met.NONE


def test_two_and_a_half_chinese_characters_are_a_word():
    act = "他撒了谎。"

    def met(before):
        return where_met([ai("这是谎言。"), human("好" * before + act, 0)], (before, before + 5))

    assert (met(200), met(201)) == (Met.BEFORE_OR_AROUND, Met.NONE)


pieces = st.lists(
    st.tuples(st.sampled_from(list(Voice)), st.integers(0, 60), st.booleans()), max_size=10
)


def laid_out(drawn):
    """Return spans of so many words, the human ones following each other in the source or made."""
    spans, position = [], 0
    for voice, count, is_source in drawn:
        start = position if voice == Voice.HUMAN and is_source else None
        spans.append(Span(voice, said(count), start))
        position += len(said(count)) if start is not None else 0
    return spans, position


@given(pieces, st.data())
def test_an_act_inside_a_replaced_stretch_is_met(drawn, data):
    spans, size = laid_out(drawn)
    at = data.draw(st.integers(0, len(spans)))
    read = [s for s in spans[:at] if s.source_start is not None]
    hole = read[-1].source_start + len(read[-1].text) if read else 0
    gone = data.draw(st.integers(1, 200))
    moved = [
        s if s.source_start is None else Span(s.voice, s.text, s.source_start + gone)
        for s in spans[at:]
    ]
    first = data.draw(st.integers(hole, hole + gone - 1))
    last = data.draw(st.integers(first + 1, hole + gone))

    assert where_met([*spans[:at], ai(), *moved], (first, last)) == Met.BEFORE_OR_AROUND
    assert size >= hole


@given(pieces, st.integers(0, 200))
def test_a_remark_directly_before_an_act_meets_it_wherever_it_stands(drawn, far):
    spans, size = laid_out(drawn)
    act = human(ACT, size + far)

    found = where_met([*spans, ai(), act], (size + far, size + far + len(ACT)))

    assert found == Met.BEFORE_OR_AROUND


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 100))
def test_moving_a_remark_farther_than_its_reach_makes_an_act_unmet(before, after, reach):
    first, act = around(before, after, 0)
    last, _ = around(before, after, len(first) - 1)

    assert where_met(first, act, reach) == (Met.BEFORE_OR_AROUND if before <= reach else Met.NONE)
    assert where_met(last, act, reach) == (Met.ONLY_AFTER if after <= reach else Met.NONE)


@given(pieces, st.integers(0, 2000), st.integers(1, 2000), st.integers(0, 100))
def test_a_longer_reach_never_makes_an_act_less_met(drawn, start, size, reach):
    spans, _ = laid_out(drawn)
    order = [Met.NONE, Met.ONLY_AFTER, Met.BEFORE_OR_AROUND]
    act = (start, start + size)

    near, far = where_met(spans, act, reach), where_met(spans, act, reach + 10)

    assert order.index(far) >= order.index(near)


@given(pieces, st.integers(0, 2000), st.integers(1, 2000))
def test_without_the_ai_an_act_that_is_left_is_unmet(drawn, start, size):
    spans, end = laid_out([piece for piece in drawn if piece[0] != Voice.AI])
    source = "".join(s.text for s in spans if s.source_start is not None)
    is_left = has_words(source[start : min(end, start + size)])

    found = where_met(spans, (start, start + size))

    assert found == (Met.NONE if is_left else Met.BEFORE_OR_AROUND)


@given(st.text(max_size=60))
def test_words_are_counted_as_they_are_found(text):
    count = len(words(text))

    assert has_words(text) == (count > 0)
    assert not is_longer(text, count)


def test_counting_stops_just_above():
    assert not is_longer("one, two — three", 3)
    assert is_longer("one, two — three", 2)
