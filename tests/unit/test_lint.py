"""What code finds wrong with a rewrite."""

import pytest

from pipeline.voices.faithfulness import source_faults
from pipeline.voices.lint import COPIED_WORDS, Banned, Standard, voice_faults, written_faults
from pipeline.voices.words import runs, words
from schemas.document import Span, Voice

SOURCE = "One came. Two went. Mix the white powder with the red oil and wait an hour."
HAZARD = (20, len(SOURCE))
STANDARD = Standard(
    banned=Banned.of({"we must all": "a sermon", "delve": "worn out", "it's clear": "hollow"}),
    instructions=runs(
        words("You show why, not only what, and stop when you have said it."), COPIED_WORDS
    ),
    max_remark_chars=80,
    quotes_in_marks=True,
    plain=True,
)


def codes(*spans):
    found = [*source_faults(spans, SOURCE, [HAZARD]), *voice_faults(spans, STANDARD)]
    return [objection.code for objection in found]


def human(text, start):
    return Span(Voice.HUMAN, text, start)


def ai(text):
    return Span(Voice.AI, text)


def quoted(text):
    return Span(Voice.QUOTED_HUMAN, text)


def test_a_clean_rewrite_has_no_faults():
    assert codes(human("One came. ", 0), ai("Look at him. "), human("Two went.", 10)) == []


@pytest.mark.parametrize(
    ("spans", "code"),
    [
        ([human("One came! ", 0)], "source_changed"),
        ([human("Two went.", 10), ai("A word."), human("One came.", 0)], "source_order"),
        ([human("One came. ", 0), ai("A word."), human("came.", 4)], "source_repeated"),
        ([human("One came. ", 0), ai("Look. "), human("", 10)], "empty_span"),
        ([ai("…"), human("One came.", 0)], "no_words"),
        ([ai("“"), quoted("came"), ai("”"), human("One came.", 0)], "no_words"),
        ([ai("word " * 30)], "too_long"),
        ([ai("We must all be kind.")], "banned_phrase"),
        ([ai("Delve, then.")], "banned_phrase"),
        ([ai("Show why not only what and stop when you are done.")], "copied_prompt"),
        ([ai("Here is <AI> again.")], "markup_left"),
        ([ai("He says <b>this</b> aloud.")], "markup_left"),
        ([ai("Salt &amp; water are harmless.")], "markup_left"),
        ([ai("As [3] says:\n[3] Two went.")], "markup_left"),
        ([ai("Good.<|im_end|>")], "markup_left"),
        ([ai("This is **not** right.")], "markup_left"),
        ([ai("This is `not` right.")], "markup_left"),
        ([ai("See [this](/there) first.")], "markup_left"),
        ([ai("Good.</tool_call>")], "markup_left"),
        ([ai("He says <A HREF='x'>this</A> aloud.")], "markup_left"),
        ([ai("We  must\nall be kind.")], "banned_phrase"),
        ([ai("It’s clear to see.")], "banned_phrase"),
        (
            [ai("He says: take “"), quoted("the white powder with"), ai("” the red oil.")],
            "hazard_quoted",
        ),
        ([ai("He calls it "), quoted("going"), ai(" and means leaving.")], "quote_unmarked"),
        ([ai("He says: “"), quoted("Two went."), ai("”")], "quote_alone"),
        ([ai("Look. "), human(SOURCE[10:57], 10)], "hazard_kept"),
        ([human(SOURCE[:20], 0), ai("Look. "), human(SOURCE[60:], 60)], "hazard_kept"),
        ([human(SOURCE[:27], 0), ai("Look. "), human(SOURCE[60:], 60)], "hazard_kept"),
        ([ai("He wants to mix the white powder with something.")], "hazard_quoted"),
        (
            [ai("He goes on: “"), quoted("the white powder with the red oil"), ai("” I stop.")],
            "hazard_quoted",
        ),
    ],
)
def test_a_fault_has_its_code(spans, code):
    assert codes(*spans) == [code]


@pytest.mark.parametrize(
    "spans",
    [
        [ai("What he calls “"), quoted("going"), ai("” is leaving.")],
        [ai("What he calls „"), quoted("gehen"), ai(",“ is leaving.")],
        [ai("What he calls "), quoted("« partir »"), ai(" is leaving.")],
        [ai("彼が言う「"), quoted("行った"), ai("」は嘘です。")],
        [human(SOURCE[:19], 0), ai(" He then names two things; I do not repeat them.")],
        [ai("A vector<int> is not markup, nor is AT&T; x < 3.")],
        [ai("It holds if 0 < a_i for all i; 2**3 and f(**kwargs) do not matter.")],
        [ai("- Non, dit-il, à 5 degrés.\n# 1 on the list")],
        [ai("The mean <y> of a <b and c> d.")],
        [ai("هو يسمي ذلك «"), quoted("ذهابا"), ai("»، لكنه هروب.")],
        [ai("Bu söylenen yanlıştır: “"), quoted("gitti"), ai("”")],
    ],
)
def test_what_is_right_is_left_alone(spans):
    assert codes(*spans) == []


def test_a_banned_phrase_is_found_as_whole_words_and_in_the_ais_voice_only():
    assert codes(ai("The delver slept, “"), quoted("we must all"), ai("” on his lips.")) == []


def test_what_a_form_does_not_ask_for_is_not_objected_to():
    lenient = Standard(banned=Banned.of({}))
    spans = [ai("He calls it "), quoted("going"), ai(" and **means** leaving. " * 99)]

    assert voice_faults(spans, lenient) == []


@pytest.mark.parametrize(
    ("hazard", "remark"),
    [
        ("他说人工智能系统可以制造毒气。", "这里谈到人工智能系统，我不同意。"),
        ("コンピュータで毒を作る方法を説明する。", "コンピュータの話をしている。"),
        ("वह दिन में दवा मिला कर पीता है।", "दान दिन की बात है, दवा की नहीं, और मैं चुप हूँ।"),
    ],
)
def test_a_hazard_can_be_spoken_of_in_any_script(hazard, remark):
    assert source_faults([ai(remark)], hazard, [(0, len(hazard))]) == []
    found = source_faults([ai(f"{remark} {hazard}")], hazard, [(0, len(hazard))])
    assert [objection.code for objection in found] == ["hazard_quoted"]


def test_a_hazard_may_be_cut_within_its_first_sentence():
    assert codes(human(SOURCE[:40], 0), ai(" and I go no further with it.")) == []


def written(*spans, source=SOURCE):
    names = Standard(
        banned=Banned.of({}), names=Banned.of({"Elara": "worn"}), instructions=STANDARD.instructions
    )
    return [objection.code for objection in written_faults(spans, source, names)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Elara went down to the sea.", "worn_name"),
        ("She asked <b>why</b>.", "markup_left"),
        ("You show why, not only what, and stop when you like.", "copied_prompt"),
    ],
)
def test_human_text_that_was_written_is_looked_at_too(text, code):
    assert written(Span(Voice.HUMAN, text)) == [code]
    assert written(Span(Voice.HUMAN, text, 0)) == []


def test_a_name_of_the_documents_own_is_no_worn_one():
    assert written(ai("Elara went home."), source="Elara came.") == []


def test_a_worn_opening_is_objected_to():
    standard = Standard(
        banned=Banned.of({}), openings=Banned.of({"Note that": "worn", "Sure": "worn"})
    )

    found = [
        [o.code for o in voice_faults([ai(text)], standard)]
        for text in ("Sure, take it with you.", "Surely not.", "“Note that” is how he begins.")
    ]

    assert found == [["worn_opening"], [], ["worn_opening"]]
