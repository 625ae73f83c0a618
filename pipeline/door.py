"""At the door: outside rows become documents, scrubbed and of a size that can be worked on.

A row that cannot be read becomes a document too, with a note that rejects it, so
that every row is accounted for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.splitting import split_at
from pipeline.trust import trusted_note
from schemas.document import METADATA_FIELDS, Decision, Document, Metadata, Note
from schemas.exchange import sha256
from schemas.scheme import Scheme
from schemas.unit import SourceFile

# What Parquet, SQLite or UTF-8 cannot hold: NUL and halves of surrogate pairs.
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source file, as its reader found it.

    Attributes:
        number: 0-based, in the file's own order.
        fields: Its fields, or None if it cannot be read.
        reason: Why it cannot be read, as a code.
        detail: The same for people.
        name: The file that the row is, where one unit holds many; "" if it is a row of the file.
    """

    number: int
    fields: Mapping[str, Any] | None
    reason: str = ""
    detail: str = ""
    name: str = ""


@dataclass(frozen=True)
class Door:
    """How the rows of one source become documents.

    Attributes:
        names: From our field names to the file's; a dot leads into a nested field.
        metadata: What holds for every document of which the file does not say otherwise.
        max_tokens: Longest document.
        trusted: The scheme of aligned text that people wrote and that is trusted; None for source
            text, which is escaped.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    max_tokens: int = 6000
    trusted: Scheme | None = None

    def documents(self, row: Row, file: SourceFile) -> Iterator[Document]:
        """Yield the documents that a row of a file holds: one, or its parts if it is too long."""
        text = self._field(row, "text")
        if isinstance(text, bytes):
            text = _decoded(text)
        whole = self._document(row, file)
        fault = self._fault(row, text)
        if fault:
            kept = scrubbed(text) if isinstance(text, str) else ""
            yield replace(whole, text=kept, source_sha256=sha256(kept)).add("door", fault)
        elif self.trusted:
            yield trusted_note(whole, scrubbed(str(text)), self.trusted, self.max_tokens)
        else:
            yield from self._parts(_noted(whole, str(text)), scrubbed(str(text)))

    def _document(self, row: Row, file: SourceFile) -> Document:
        """Return a row's document without its text, with a note of fields that do not fit."""
        # Behind # stands the number of a part.
        name = row.name.replace("#", "%23") or f"{file.name}:{row.number + 1}"
        place = f"{file.source}/{name}"
        found = {name: _plain(self._field(row, name)) for name in ("id", *METADATA_FIELDS)}
        own_id = found.pop("id")
        source_id = scrubbed(f"{file.source}/{own_id}" if own_id else place)
        # What the recipe says fills what the file leaves open, not what cannot be read in it.
        known = {
            k: None if v is None else scrubbed(v) or self.metadata.get(k) for k, v in found.items()
        }
        document = Document(
            id=source_id,
            source_id=source_id,
            source_sha256="",
            text="",
            place=scrubbed(place),
            metadata=Metadata(**known),
        )
        wrong = [name for name, value in {"id": own_id, **found}.items() if value is None]
        if not wrong:
            return document
        left_out = "; ".join(
            f"field '{self._name(n)}' is {_type_name(self._field(row, n))}, not text" for n in wrong
        )
        return document.add("door", Note(Decision.KEEP, "left_out", left_out))

    def _name(self, name: str) -> str:
        return self.names.get(name, name)

    def _field(self, row: Row, name: str) -> object:
        """Return a field by our name for it; None if the row does not have it."""
        wanted, here = self._name(name), row.fields or {}
        if wanted in here:
            return here[wanted]
        found: object = here
        for step in wanted.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def _fault(self, row: Row, text: object) -> Note | None:
        """Return the rejection of a row that holds no text, or None."""
        if row.fields is None:
            return Note.reject(row.reason, row.detail)
        name = self._name("text")
        if text is None:
            there = name.partition(".")[0] in row.fields
            listed = ", ".join(map(str, row.fields)) or "none"
            what = f"field '{name}' is null" if there else f"there is no field '{name}'"
            return Note.reject("no_text", what if there else f"{what}; there are: {listed[:200]}")
        if not isinstance(text, str):
            return Note.reject("no_text", f"field '{name}' is {_type_name(text)}, not text")
        if not text.strip():
            return Note.reject("empty", "the text is empty")
        return None

    def _parts(self, whole: Document, text: str) -> Iterator[Document]:
        parts = list(split_at(text, self.max_tokens))
        for index, part in enumerate(parts):
            document = replace(whole, text=part, source_sha256=sha256(part))
            if len(parts) > 1:
                document = _part(document, index)
            if not part.strip():
                document = document.add("door", Note.reject("empty", "the part is empty"))
            yield document


def _part(document: Document, index: int) -> Document:
    mark = f"#{index}"
    return replace(document, id=document.id + mark, place=document.place + mark, part=index)


def scrubbed(text: str) -> str:
    r"""Return a text as it can be stored: no NUL, half surrogate or BOM, and lines ended by \n."""
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return NO_TEXT.sub("\ufffd", text.removeprefix(_BOM))


def _noted(document: Document, text: str) -> Document:
    """Return the document with a note if its text had to be scrubbed."""
    count, ends = len(NO_TEXT.findall(text)), len(_LINE_END.findall(text))
    said = [f"{count:,} characters that cannot be text were replaced by U+FFFD"] if count else []
    said += [f"{ends:,} line ends were made \\n"] if ends else []
    if not said:
        return document
    return document.add("door", Note(Decision.KEEP, "scrubbed", "; ".join(said)))


def _decoded(data: bytes) -> object:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data


def _plain(value: object) -> str | None:
    """Return a scalar as text, "" for nothing, and None for what is no scalar.

    A list of names, as authors are often given, is joined.
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = _decoded(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:
            # A number of more digits than Python writes.
            return None
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return None


def _type_name(value: object) -> str:
    """Return what a value of the wrong kind is, in the words of whoever made the file."""
    known = {dict: "an object", list: "a list", bool: "true or false"}
    known[bytes] = "bytes that are not UTF-8"
    return known.get(type(value), type(value).__name__)
