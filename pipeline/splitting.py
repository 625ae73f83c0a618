"""Texts that are too long to work on, split where people would pause."""

import re
from collections.abc import Iterator

from pipeline.sentences import sentences

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
# Bytes of UTF-8 to a token: right for English within a fifth, and the same for every model.
_BYTES_PER_TOKEN = 4


def split_at(text: str, max_tokens: int) -> Iterator[str]:
    """Yield parts of at most ``max_tokens`` whose joined text is ``text``.

    Parts end at paragraph ends; a paragraph that is too long by itself ends at a sentence end,
    and a sentence that is too long is cut.
    """
    limit = max_tokens * _BYTES_PER_TOKEN
    if _size(text) <= limit:
        yield text
        return
    part: list[str] = []
    room = limit
    for piece in _pieces(text, limit):
        size = _size(piece)
        if part and size > room:
            yield "".join(part)
            part, room = [], limit
        part.append(piece)
        room -= size
    yield "".join(part)


def tokens(text: str) -> int:
    """Return about how many tokens a text has, the same for every model."""
    return -(-_size(text) // _BYTES_PER_TOKEN)


def _size(text: str) -> int:
    return len(text.encode())


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Yield the paragraphs of a text with the blank lines behind them, none over the limit."""
    start = 0
    for match in [*_PARAGRAPH.finditer(text), None]:
        end = match.end() if match else len(text)
        paragraph = text[start:end]
        if _size(paragraph) <= limit:
            yield paragraph
        else:
            yield from _sentence_pieces(paragraph, limit)
        start = end


def _sentence_pieces(paragraph: str, limit: int) -> Iterator[str]:
    """Yield the sentences of a paragraph, none over the limit.

    It is looked at through a window, so that a paragraph of 50 MB costs no more for each sentence
    than one of a page; the window's last sentence may go on behind it and begins the next.
    """
    start = 0
    while start < len(paragraph):
        window = paragraph[start : start + limit]
        ends = [anchor.start for anchor in sentences(window)[1:]]
        if not ends or start + limit >= len(paragraph):
            ends.append(len(window))
        last = 0
        for end in ends:
            piece = window[last:end]
            # Four bytes are the most that one code point takes.
            step = limit if _size(piece) <= limit else limit // 4
            for cut in range(0, len(piece), step):
                yield piece[cut : cut + step]
            last = end
        start += last
