"""Where sentences begin and end: the anchors by which remarks are placed.

In prose a sentence is an anchor, in verse, tables and lists a line, and a block
of code is one anchor as a whole, so that nothing can be put inside it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import sentencex

_LINE = re.compile(r"[^\n]*\n?")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_CODE_LINE = re.compile(r"(?: {3}|\t|>>> |\.\.\. )")
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)]|\|)\s")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s*")
_ODD_SPACE = re.compile(r"[^\S\n ]")
# Prose that was wrapped by hand has longer lines than verse or addresses have.
_VERSE_WIDTH = 60


# What a reply may name; more than any document can have, and less than a column can hold.
MAX_SENTENCE = 10_000_000


class Sentence(NamedTuple):
    """One anchor. A tuple, since a document has dozens: made in a third of a dataclass's time.

    Attributes:
        number: Counted from 1.
        start: Code point at which it begins, white space before it not included.
        end: Code point behind its last visible character.
        paragraph: 0-based number of its paragraph.
        is_code: Whether it is a whole block of code.
    """

    number: int
    start: int
    end: int
    paragraph: int
    is_code: bool


@lru_cache(maxsize=256)
def sentences(text: str, language: str | None = None) -> tuple[Sentence, ...]:
    """Return the anchors of a text, in order, not overlapping, covering all but white space.

    Args:
        text: The source text.
        language: ISO 639-1 code; languages unknown to the splitter are split like English.
    """
    found: list[Sentence] = []
    for paragraph, (start, end, is_code) in enumerate(_blocks(text)):
        for first, last in [(start, end)] if is_code else _anchors(text, start, end, language):
            body = text[first:last]
            # The indent of code is code: nothing may come between it and its line.
            left = len(body) - len(body.lstrip("\n" if is_code else None))
            if body.strip():
                number = len(found) + 1
                found.append(
                    Sentence(number, first + left, first + len(body.rstrip()), paragraph, is_code)
                )
    return tuple(found)


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is code) of every paragraph: stretches between blank lines, or fences."""
    start, fence = 0, ""
    for match in _LINE.finditer(text):
        line, opened = match[0], _FENCE.match(match[0])
        closes = bool(fence) and line.lstrip().startswith(fence)
        if closes or (not fence and not line.strip()):
            yield from _block(text, start, match.end(), fenced=closes)
            start, fence = match.end(), ""
        elif opened and not fence:
            yield from _block(text, start, match.start(), fenced=False)
            start, fence = match.start(), opened[1]
    yield from _block(text, start, len(text), fenced=bool(fence))


def _block(text: str, start: int, end: int, *, fenced: bool) -> Iterator[tuple[int, int, bool]]:
    block = text[start:end]
    if block.strip():
        yield start, end, fenced or _is_code(block)


def _is_code(block: str) -> bool:
    """Return whether every line of the block is indented like code or stands behind a prompt."""
    lines = [line for line in block.split("\n") if line.strip()]
    return all(_CODE_LINE.match(line) for line in lines)


def _anchors(text: str, start: int, end: int, language: str | None) -> Iterator[tuple[int, int]]:
    block = text[start:end]
    lines = [line for line in block.split("\n") if line.strip()]
    is_verse = len(lines) > 1 and max(map(len, lines)) <= _VERSE_WIDTH
    if is_verse or (len(lines) > 1 and all(map(_ITEM.match, lines))):
        for match in _LINE.finditer(block):
            if match[0]:
                yield start + match.start(), start + match.end()
        return
    first = start
    # sentencex ends the process over a full stop behind a space of more than one byte.
    plain = _ODD_SPACE.sub(" ", block)
    for boundary in sentencex.get_sentence_boundaries(language or "en", plain):
        last = start + boundary["end_index"]
        # "1." is not a sentence but the beginning of one.
        if not _NUMBER.fullmatch(text[first:last]) or last >= end:
            yield first, last
            first = last
