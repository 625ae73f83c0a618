"""Where an edit belongs: a sentence's number, or a few words quoted from it, found in the source.

Nothing is guessed. Words must stand in the source as they are quoted, in one place only; else the
writer is told which sentences hold them, or that none does.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import regex

from pipeline.sentences import Sentence
from pipeline.voices.escape import unescape
from pipeline.voices.scheme import working_scheme
from pipeline.voices.words import UNSPACED

# One character for one, so that places in the folded text are places in the text.
_SAME = str.maketrans("‘’‚‛“”„‟«»‐‑‒–—―", '\'\'\'\'""""""------')
# Words touch in scripts without spaces, and in Korean what follows a word touches it.
_TOUCHING = f"{UNSPACED}\uac00-\ud7a3"
_SPACED = rf"[\w--[{_TOUCHING}]]"
# What cannot be parted from the character before it: vowel signs, joiners, skin tones.
_BOUND = r"[\p{M}\u200c\u200d\u00ad\U0001f3fb-\U0001f3ff]"
_SHOWN = 5

Anchor = int | str
"""The number of a sentence, or words quoted from the source."""


class AnchorError(Exception):
    """An anchor that names nothing, or more than one place; with a code, stable for counting."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open range of the source, in code points, and the sentences that it touches."""

    start: int
    end: int
    first: Sentence
    last: Sentence


def stretch(
    text: str, sentences: Sequence[Sentence], first: Anchor, last: Anchor | None = None
) -> Stretch:
    """Return what lies between two anchors, both included; ``last`` is ``first`` if not given.

    A number stands for its whole sentence, quoted words for exactly these words.

    Raises:
        AnchorError: An anchor is missing or ambiguous, the last lies before the first, or words
            inside a block of code are named, which can be named as a whole only.
    """
    begin = _found(text, sentences, first, after=0)
    end = begin if last in (None, first) else _found(text, sentences, last, after=begin.start)
    if end.end < begin.end:
        raise AnchorError("anchor_missing", f"{last!r} lies before {first!r}")
    joined = Stretch(begin.start, end.end, begin.first, end.last)
    for sentence in (joined.first, joined.last):
        left = text[sentence.start : joined.start] + text[joined.end : sentence.end]
        if sentence.is_code and left.strip():
            what = f"[{sentence.number}] is a block of code; name it as a whole, by its number"
            raise AnchorError("anchor_in_code", what)
    return joined


def sentence_at(text: str, sentences: Sequence[Sentence], anchor: Anchor) -> Sentence:
    """Return the one sentence that an anchor names or in which its words begin.

    Raises:
        AnchorError: There is none, or the words stand in several sentences.
    """
    return _found(text, sentences, anchor, after=0, within_one=True).first


def _found(
    text: str,
    sentences: Sequence[Sentence],
    anchor: Anchor,
    *,
    after: int,
    within_one: bool = False,
) -> Stretch:
    if isinstance(anchor, int):
        if not 1 <= anchor <= len(sentences):
            what = f"sentence {anchor} does not exist; there are {len(sentences)}"
            raise AnchorError("anchor_missing", what)
        sentence = sentences[anchor - 1]
        return Stretch(sentence.start, sentence.end, sentence, sentence)
    found = [
        Stretch(start, end, _holding(sentences, start), _holding(sentences, end - 1))
        for start, end in places(text, anchor)
        if start >= after
    ]
    if not found:
        raise AnchorError("anchor_missing", f"these words do not stand in the text: {anchor!r}")
    numbers = list(dict.fromkeys(place.first.number for place in found))
    if len(found if not within_one else numbers) > 1:
        listed = ", ".join(f"[{number}]" for number in numbers[:_SHOWN])
        what = f"{anchor!r} stands {len(found)} times, in {listed}; quote more words, or a number"
        raise AnchorError("anchor_ambiguous", what)
    return found[0]


def places(text: str, anchor: str) -> Iterator[tuple[int, int]]:
    """Yield every range where the words stand, white space and forms of quotation marks aside."""
    quoted = unescape(anchor.strip().removesuffix("…").removesuffix("..."), working_scheme())
    words = quoted.translate(_SAME).split()
    if not words:
        return
    begins, ends = (regex.match(_SPACED, c, regex.V1) for c in (words[0][0], words[-1][-1]))
    before = rf"(?<!{_SPACED})" if begins else ""
    after = rf"(?!{_SPACED})" if ends else ""
    said = r"\s+".join(map(regex.escape, words))
    pattern = regex.compile(rf"{before}(?<![\u200d\u00ad]){said}{after}(?!{_BOUND})", regex.V1)
    for match in pattern.finditer(text.translate(_SAME), overlapped=True):
        yield match.span()


def _holding(sentences: Sequence[Sentence], place: int) -> Sentence:
    """Return the sentence that holds a visible character at ``place``."""
    return sentences[bisect_right(sentences, place, key=attrgetter("start")) - 1]
