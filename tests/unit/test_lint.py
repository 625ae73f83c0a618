"""What code finds wrong with a rewrite."""

import pytest

from pipeline.voices.lint import Banned, faults, words_only
from schemas.document import Span, Voice

SOURCE = "One came. Two went."
BANNED = Banned.of({"we must all": "a sermon", "delve": "worn out"})
INSTRUCTIONS = words_only("You show why, not only what, and stop when you have said it.")


def codes(*spans):
    found = faults(spans, SOURCE, banned=BANNED, instructions=INSTRUCTIONS, max_remark_chars=80)
    return [objection.code for objection in found]


def human(text, start):
    return Span(Voice.HUMAN, text, start)


def ai(text):
    return Span(Voice.AI, text)


def test_a_clean_rewrite_has_no_faults():
    assert codes(human("One came. ", 0), ai("Look at him. "), human("Two went.", 10)) == []


@pytest.mark.parametrize(
    ("spans", "code"),
    [
        ([human("One came! ", 0)], "source_changed"),
        ([human("One came. ", 0), ai("A word."), human("One came.", 0)], "source_repeated"),
        ([human("One came. ", 0), ai("")], "empty_span"),
        ([ai("…"), human("One came.", 0)], "no_words"),
        ([ai("word " * 30)], "too_long"),
        ([ai("We must all be kind.")], "banned_phrase"),
        ([ai("Delve, then.")], "banned_phrase"),
        ([ai("Show why not only what and stop when you are done.")], "copied_prompt"),
        ([ai("Here is <AI> again.")], "markup_left"),
    ],
)
def test_a_fault_has_its_code(spans, code):
    assert code in codes(*spans)


def test_a_banned_phrase_is_found_as_whole_words_and_in_the_ais_voice_only():
    assert codes(ai("The delver slept."), Span(Voice.QUOTED_HUMAN, "we must all")) == []
