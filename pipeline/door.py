"""At the door: outside rows become documents, scrubbed and of a size that can be worked on.

A row that cannot be read becomes a document too, with a note that rejects it, so
that every row is accounted for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.sentences import sentences
from schemas.document import METADATA_FIELDS, Decision, Document, Metadata, Note
from schemas.exchange import sha256
from schemas.unit import SourceFile

# What Parquet, SQLite or UTF-8 cannot hold: NUL and halves of surrogate pairs.
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
# Bytes of UTF-8 to a token: right for English within a fifth, and the same for every model.
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source file, as its reader found it.

    Attributes:
        number: 0-based, in the file's own order.
        fields: Its fields, or None if it cannot be read.
        reason: Why it cannot be read, as a code.
        detail: The same for people.
    """

    number: int
    fields: Mapping[str, Any] | None
    reason: str = ""
    detail: str = ""


def documents_of(
    row: Row, file: SourceFile, names: Mapping[str, str], max_tokens: int
) -> Iterator[Document]:
    """Yield the documents that a row holds: one, or its parts if it is too long.

    Args:
        row: As the source read it.
        file: Where it was read.
        names: From our field names to the file's.
        max_tokens: Longest document.
    """
    fields = row.fields or {}
    own_id = _plain(fields.get(names.get("id", "id")))
    source_id = f"{file.source}/{own_id or f'{file.name}:{row.number + 1}'}"
    text = fields.get(names.get("text", "text"))
    whole = Document(
        id=_scrubbed(source_id),
        source_id=_scrubbed(source_id),
        source_sha256="",
        text=_scrubbed(text) if isinstance(text, str) else "",
        place=f"{file.source}/{file.name}:{row.number + 1}",
        metadata=_metadata(fields, names),
    )
    note = _fault(row, text, names.get("text", "text")) or _mended(str(text))
    parts = list(split_at(whole.text, max_tokens))
    for index, part in enumerate(parts):
        document = replace(whole, text=part, source_sha256=sha256(part))
        if len(parts) > 1:
            mark = f"#{index}"
            document = replace(document, id=whole.id + mark, place=whole.place + mark, part=index)
        if not part.strip() and not (note and note.decision == Decision.REJECT):
            document = document.add("door", Note.reject("empty", "the part is empty"))
        yield document.add("door", note) if note else document


def _fault(row: Row, text: object, name: str) -> Note | None:
    """Return the rejection of a row that holds no text, or None."""
    if row.fields is None:
        return Note.reject(row.reason, row.detail)
    if text is None:
        what = f"field '{name}' is null" if name in row.fields else f"there is no field '{name}'"
        return Note.reject("no_text", what)
    if not isinstance(text, str):
        return Note.reject("no_text", f"field '{name}' is {type(text).__name__}, not text")
    if not text.strip():
        return Note.reject("empty", "the text is empty")
    return None


def _mended(text: str) -> Note | None:
    count = len(NO_TEXT.findall(text))
    if not count:
        return None
    detail = f"{count} characters that cannot be text were replaced by U+FFFD"
    return Note(Decision.KEEP, "scrubbed", detail)


def _scrubbed(text: str) -> str:
    return NO_TEXT.sub("\ufffd", text)


def _plain(value: object) -> str:
    """Return a scalar as text, and "" for everything that is not one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _metadata(fields: Mapping[str, Any], names: Mapping[str, str]) -> Metadata:
    found = {
        name: _scrubbed(_plain(fields.get(names.get(name, name)))) or None
        for name in METADATA_FIELDS
    }
    return Metadata(**found)


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
