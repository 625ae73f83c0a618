"""Aligned text that people wrote: trusted only if the recipe names the very bytes of its file.

It may speak for the AI, so nothing less than the sha256 of what somebody has read will do.
"""

import hashlib
from dataclasses import replace
from functools import lru_cache

from pipeline.reading.files import opened, place
from pipeline.splitting import tokens
from pipeline.voices.parse import parse
from schemas.document import Decision, Document, Note, Voice
from schemas.errors import ParseError, SourceError
from schemas.exchange import sha256
from schemas.recipe import SourceSection
from schemas.scheme import Scheme
from schemas.unit import SourceFile

_CHUNK = 1 << 20


def check_trusted(section: SourceSection, file: SourceFile) -> None:
    """Check that a trusted source's file is one of those that the recipe names by their sha256.

    Raises:
        SourceError: It is another; the message says which digest it has.
    """
    if section.trusted_scheme is None:
        return
    for each in file.members or (file,):
        found = _digest(each)
        if found not in section.sha256:
            raise SourceError(
                f"{place(each)} is not trusted: its sha256 is {found}, which source "
                f"'{section.name}' does not name",
                hint="read the file; if its AI text is what you want, add that digest to `sha256`",
            )


@lru_cache(maxsize=4096)
def _digest(file: SourceFile) -> str:
    """Return a file's sha256. One that is replaced later is another file: see ``changed``."""
    digest = hashlib.sha256()
    with opened(file, decompress=False) as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def trusted_note(document: Document, text: str, scheme: Scheme, max_tokens: int) -> Document:
    """Return the document with the voices that its tagged text gives it.

    Its source text is what stands in the human voice; the rest counts as written already. It is not
    split: where a voice could be interrupted, only its author knows.
    """
    try:
        spans = tuple(parse(text, scheme))
    except ParseError as error:
        fault = Note.reject("not_in_scheme", f"{error}\n{error.hint}")
        return replace(document, text=text, source_sha256=sha256(text)).add("door", fault)
    placed, human = [], ""
    for span in spans:
        is_human = span.voice == Voice.HUMAN
        placed.append(replace(span, source_start=len(human) if is_human else None))
        human += span.text if is_human else ""
    clean = "".join(span.text for span in spans)
    document = replace(document, text=human, source_sha256=sha256(clean))
    if not spans or any(not _is_said(span.text) for span in spans):
        return document.add("door", Note.reject("empty", "somebody in it says nothing"))
    if tokens(clean) > max_tokens:
        what = (
            f"{tokens(clean):,} tokens are more than {max_tokens:,}, and trusted text is not split"
        )
        return document.add("door", Note.reject("too_long", what))
    note = Note(Decision.KEEP, "trusted", form="trusted", spans=tuple(placed))
    return document.add("door", note)


def _is_said(text: str) -> bool:
    """Return whether anything in a text can be seen."""
    return any(char.isprintable() and not char.isspace() for char in text)
