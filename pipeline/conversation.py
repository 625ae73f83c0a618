"""The turns of a request: document first, question last.

Every request of a role about one document begins with the same turns, so that an
engine's prefix cache serves all but the last: 18 s instead of 45 for 32 documents
and seven passes. Nothing that differs between questions may come before the last turn.
"""

import json
from collections.abc import Sequence
from functools import lru_cache

from pipeline.fence import show_document, show_rewrite
from pipeline.plugins import Kit
from pipeline.sentences import sentences
from prompts import Prompts
from schemas.document import Document, Finding, Metadata, Objection, Span, flat
from schemas.exchange import Turn

# As many as one worker may have under way at once: each is shown once, and not for each question.
_UNDER_WAY = 4096


def about_document(document: Document, question: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns of a question about the source alone."""
    opening = _opening(kit.prompts, document.text, document.metadata)
    return (*opening, Turn("user", question))


def about_rewrite(document: Document, question: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns of a question about the rewrite; the reviewer sees what is trained on."""
    text, metadata = document.text, document.metadata
    return (
        *_opening(kit.prompts, text, metadata),
        *_rewrite(
            kit.prompts, text, metadata.language, document.spans, is_trusted=document.trusted
        ),
        Turn("user", question),
    )


def about_judgement(document: Document, question: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns of a question to a juror, who sees neither findings nor other answers.

    Document and rewrite come first, so that all jurors of a document begin alike.
    """
    text, metadata = document.text, document.metadata
    system, shown, _ = _opening(kit.prompts, text, metadata)
    rewrite, _ = _rewrite(
        kit.prompts, text, metadata.language, document.spans, is_trusted=document.trusted
    )
    return system, Turn("user", f"{shown.text}\n\n{rewrite.text}\n\n{question}")


def asked_again(turns: tuple[Turn, ...], answer: str, error: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns that show an unreadable answer to its author, and why it was."""
    retry = kit.prompts.render("retry.md", error=error)
    return (*turns, Turn("assistant", answer), Turn("user", retry))


@lru_cache(maxsize=_UNDER_WAY)
def _opening(prompts: Prompts, text: str, metadata: Metadata) -> tuple[Turn, ...]:
    return (
        _system(prompts),
        Turn("user", prompts.render("document.md", fenced=show_document(text, metadata))),
        _read(prompts),
    )


@lru_cache(maxsize=_UNDER_WAY)
def _rewrite(
    prompts: Prompts, text: str, language: str | None, spans: tuple[Span, ...], *, is_trusted: bool
) -> tuple[Turn, ...]:
    assembled = show_rewrite(text, sentences(text, language), spans, is_trusted=is_trusted)
    shown = prompts.render("rewrite.md", assembled=assembled, is_trusted=is_trusted)
    return Turn("user", shown), _read(prompts)


@lru_cache(maxsize=16)
def _system(prompts: Prompts) -> Turn:
    return Turn("system", prompts.render("constitution.md"))


@lru_cache(maxsize=16)
def _read(prompts: Prompts) -> Turn:
    # A short answer between two user turns: many chat templates refuse two of one speaker.
    return Turn("assistant", prompts.render("read.md"))


def as_data(things: Sequence[Finding | Objection]) -> str:
    """Return findings or objections as JSON lines, ``none`` if there are none.

    They were written by a model that had read the document, so they too are data: angle
    brackets are written as JSON escapes and cannot look like a tag.
    """
    return "\n".join(map(_json, things)) or "none"


@lru_cache(maxsize=_UNDER_WAY)
def _json(thing: Finding | Objection) -> str:
    shown = {k: v for k, v in flat(thing).items() if v not in (None, "")}
    text = json.dumps(shown, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
