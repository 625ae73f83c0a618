"""Where remarks can be placed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sentences import sentences


def pieces(text, language=None):
    return [text[s.start : s.end] for s in sentences(text, language)]


@given(text=st.text(alphabet="ab.?! \n\t`-1>…。é", max_size=200))
def test_sentences_cover_everything_but_white_space_in_order(text):
    found = sentences(text)

    joined = "".join(text[s.start : s.end] for s in found)

    assert "".join(joined.split()) == "".join(text.split())
    assert [s.number for s in found] == list(range(1, len(found) + 1))
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_prose_is_split_at_sentence_ends():
    assert pieces("Dr. Reed came at 4.30 p.m. today. He left!") == [
        "Dr. Reed came at 4.30 p.m. today.",
        "He left!",
    ]


def test_verse_is_split_at_line_ends():
    assert pieces("Tonight I do my own. It's late.\nThe board is slow.") == [
        "Tonight I do my own. It's late.",
        "The board is slow.",
    ]


def test_a_block_of_code_is_one_anchor_with_its_indent():
    text = "Look:\n\n    x = 1.\n    y = 2.\n\nDone."

    assert pieces(text) == ["Look:", "    x = 1.\n    y = 2.", "Done."]
    assert [s.is_code for s in sentences(text)] == [False, True, False]


def test_a_fenced_block_is_one_anchor_even_with_blank_lines_in_it():
    assert pieces("Before.\n```py\na = 1\n\nb = 2\n```\nAfter.") == [
        "Before.",
        "```py\na = 1\n\nb = 2\n```",
        "After.",
    ]


def test_the_number_of_a_list_item_belongs_to_its_sentence():
    long = "that goes on for long enough to be prose and not a short line of verse"

    assert pieces(f"1. Open the lid, {long}. Wait.") == [f"1. Open the lid, {long}.", "Wait."]


@pytest.mark.parametrize("space", list("\u00a0\x85\u1680\u2002\u2009\u2028\u202f\u3000\t"))
@pytest.mark.parametrize("language", ["en", "de", "hi", "zh", "ja", None])
def test_a_full_stop_behind_any_space_is_survived(space, language):
    text = f"See appendix A{space}. It is short.{space}B{space}."

    found = sentences(text, language)

    assert found[0].start == 0
    assert found[-1].end == len(text)


@given(st.text(alphabet="AaÄ .!?。\n\u00a0\u3000\u2028\x85\u0301'\"“”1", max_size=60))
def test_no_text_ends_the_process(text):
    covered = "".join(text[s.start : s.end] for s in sentences(text, "en"))

    assert "".join(covered.split()) == "".join(text.split())
