"""Anchors by number or by quoted words: found in one place, or refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.anchors import AnchorError, sentence_at, stretch
from pipeline.sentences import sentences

TEXT = (
    "He said “wait here” and left. She didn’t wait.\n\n"
    "The party went on. Art, she said, is art.\n\n"
    "```\nmix(a, b)\nwait()\n```\n\nHe came back. The end came."
)
FOUND = sentences(TEXT)


def numbered(anchor):
    return sentence_at(TEXT, FOUND, anchor).number


def cut(first, last=None):
    gone = stretch(TEXT, FOUND, first, last)
    return TEXT[gone.start : gone.end]


@pytest.mark.parametrize(
    ("anchor", "number"),
    [
        (1, 1),
        ("He said", 1),
        ('"wait here"', 1),
        ("didn't wait", 2),
        ("She   didn’t\nwait", 2),
        ("The party went…", 3),
        ("party", 3),
        ("is art", 4),
        ("mix(a, b)", 5),
        ("He came", 6),
    ],
)
def test_words_name_the_sentence_in_which_they_begin(anchor, number):
    assert numbered(anchor) == number


@pytest.mark.parametrize(
    ("anchor", "code"),
    [
        (0, "anchor_missing"),
        (8, "anchor_missing"),
        ("the butler", "anchor_missing"),
        ("He", "anchor_ambiguous"),
        ("came", "anchor_ambiguous"),
        ("par", "anchor_missing"),
        ("…", "anchor_missing"),
        ("   ", "anchor_missing"),
    ],
)
def test_words_that_stand_nowhere_or_in_several_sentences_are_refused(anchor, code):
    with pytest.raises(AnchorError) as caught:
        numbered(anchor)

    assert caught.value.code == code


def test_an_ambiguous_anchor_is_told_where_it_stands():
    with pytest.raises(AnchorError, match=r"'came' stands 2 times, in \[6\], \[7\]"):
        numbered("came")


def test_a_number_takes_the_sentence_and_words_take_only_themselves():
    assert cut(2) == "She didn’t wait."
    assert cut("wait here") == "wait here"
    assert cut("wait here", 2) == "wait here” and left. She didn’t wait."
    assert cut(1, "She didn't") == "He said “wait here” and left. She didn’t"
    assert cut(5) == "```\nmix(a, b)\nwait()\n```"


def test_the_end_is_looked_for_behind_the_beginning():
    assert cut("Art", "art") == "Art, she said, is art"
    assert cut("He came", "came.") == "He came back. The end came."


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (3, 2, "anchor_missing"),
        ("The party", "He said", "anchor_missing"),
        ("mix(a, b)", None, "anchor_in_code"),
        ("is art", "wait()", "anchor_in_code"),
        ("wait", None, "anchor_ambiguous"),
    ],
)
def test_a_stretch_that_is_none_is_refused(first, last, code):
    with pytest.raises(AnchorError) as caught:
        cut(first, last)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It was very very very good.", "very very"),
        ("哈哈哈。", "哈哈"),
        ("No. No. No.", "No. No."),
    ],
)
def test_words_that_overlap_themselves_are_ambiguous(text, words):
    with pytest.raises(AnchorError, match="stands 2 times"):
        stretch(text, sentences(text), words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我爱AI技术。他在2023年的时候来了。", "AI技术"),
        ("我爱AI技术。他在2023年的时候来了。", "2023年的时候"),
        ("私はPythonが好き。", "Python"),
        ("𠀀𠀁𠀂𠀃", "𠀁𠀂"),
        ("인공지능은 좋다.", "인공지능"),
        ("वह दिन पर गया।", "दिन"),
    ],
)
def test_words_are_found_where_scripts_touch(text, words):
    gone = stretch(text, sentences(text), words)

    assert text[gone.start : gone.end] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("वह दिनांक पर गया।", "दिन"),
        ("a cafe\u0301 here", "cafe"),
        ("كتبَ الولد", "كتب"),
        ("กินข้าวแล้ว", "กินข"),
        ("Ok 👍🏽 then", "Ok 👍"),
        ("the Donau\u00addampf", "Donau"),
    ],
)
def test_no_word_and_no_character_is_cut_in_two(text, words):
    with pytest.raises(AnchorError) as caught:
        stretch(text, sentences(text), words)

    assert caught.value.code == "anchor_missing"


LANGUAGES = {
    "am": ["ጤና ይስጥልኝ።", "ደህና ነህ?"],
    "ar": ["وصل القطار متأخرا.", "لم ينتظر أحد."],
    "bn": ["ট্রেন দেরিতে এসেছে।", "কেউ অপেক্ষা করেনি।"],
    "de": ["Dr. Weber kam am 3. Mai.", "„Warum?“ fragte sie."],
    "el": ["Το τρένο άργησε.", "Γιατί;", "Κανείς δεν ξέρει."],
    "en": ["Mr. Hale paid $3.50 to J. R. Moss.", "“Why?” she asked."],
    "es": ["El tren llegó tarde.", "¿Por qué?", "Nadie lo sabe."],
    "fr": ["Mme Dupont est venue.", "« Pourquoi ? » demanda-t-elle."],
    "hi": ["ट्रेन देर से आई।", "किसी ने इंतज़ार नहीं किया।"],
    "hy": ["Գնացքը ուշացավ։", "Ոչ ոք չսպասեց։"],
    "ja": ["列車は遅れて来た。", "誰も待たなかった。", "なぜ？"],
    "my": ["ရထားနောက်ကျသည်။", "ဘယ်သူမှမစောင့်ပါ။"],
    "pt": ["O Sr. Silva chegou.", "Ninguém esperou."],
    "ru": ["Поезд опоздал.", "«Почему?» — спросила она."],
    "ur": ["گاڑی دیر سے آئی۔", "کسی نے انتظار نہیں کیا۔"],
    "zh": ["火车晚点了。", "没有人等。", "“为什么？”她问。"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_many_languages_are_told_apart_and_found_by_their_words(language):
    said = LANGUAGES[language]
    text = ("" if language in ("zh", "ja") else " ").join(said) + " (1)"
    found = sentences(text, language)

    assert [text[s.start : s.end] for s in found][: len(said) - 1] == said[:-1]
    for number, sentence in enumerate(said[:-1], start=1):
        assert sentence_at(text, found, sentence).number == number
        gone = stretch(text, found, sentence)
        assert text[gone.start : gone.end] == sentence


@given(
    text=st.text(alphabet="ab 😀é́漢.!?\n\r\t’", max_size=80),
    data=st.data(),
)
def test_a_whole_sentence_is_found_word_for_word_or_refused(text, data):
    found = sentences(text)
    if not found:
        return
    sentence = data.draw(st.sampled_from(found))
    words = text[sentence.start : sentence.end]

    try:
        gone = stretch(text, found, words)
    except AnchorError as error:
        if error.code == "anchor_in_code":
            raise
        return

    assert text[gone.start : gone.end].split() == words.split()
