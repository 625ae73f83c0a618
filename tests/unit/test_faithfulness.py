"""What code finds wrong with a rewrite as a rendering of its source, beside changed words."""

import pytest

from pipeline.voices.faithfulness import misquoted, unanswered
from schemas.document import Span, Voice

SOURCE = "He can’t come, he said. “Mix it well!” Which of you knows the way? Nobody spoke."
QUESTION = (8, (39, 66))


def quoted(text):
    return [Span(Voice.AI, "He says “"), Span(Voice.QUOTED_HUMAN, text), Span(Voice.AI, "” then.")]


@pytest.mark.parametrize(
    "text",
    ["Mix it well!", "mix it", "he can't come", "He can’t come … Nobody spoke", "… he said."],
)
def test_words_that_stand_in_the_source_are_quoted_rightly(text):
    assert misquoted(quoted(text), SOURCE) == []


@pytest.mark.parametrize("text", ["Mix it very well", "He can come", "ix it well", "he spoke"])
def test_words_that_nobody_says_are_misquoted(text):
    assert [o.code for o in misquoted(quoted(text), SOURCE)] == ["misquoted"]


def test_scripts_without_spaces_are_compared_by_their_characters():
    assert misquoted(quoted("豆腐"), "昨日豆腐を作った。") == []
    assert misquoted(quoted("豆乳"), "昨日豆腐を作った。") != []


def human(start, end):
    return Span(Voice.HUMAN, SOURCE[start:end], start)


@pytest.mark.parametrize(
    ("spans", "is_answered"),
    [
        ([human(0, 66), Span(Voice.AI, " I do."), human(66, 80)], True),
        ([human(0, 67), Span(Voice.AI, "I do. "), human(67, 80)], True),
        ([human(0, 80), Span(Voice.AI, " I do.")], False),
        ([human(0, 39), Span(Voice.AI, "I do. "), human(39, 80)], False),
        ([human(0, 39), Span(Voice.AI, "He asks the way; it is left."), human(67, 80)], True),
        ([human(0, 66)], False),
    ],
)
def test_a_question_is_answered_directly_behind_it_or_taken_out(spans, is_answered):
    found = [o.code for o in unanswered(spans, SOURCE, [QUESTION])]

    assert found == ([] if is_answered else ["unanswered"])
