"""The turns of a request: document first, question last.

Every request of a role about one document begins with the same turns, so that an
engine's prefix cache serves all but the last: 18 s instead of 45 for 32 documents
and seven passes. Nothing that differs between questions may come before the last turn.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pipeline.fence import show_document, show_rewrite
from pipeline.plugins import Kit
from schemas.document import Document, Finding, Objection
from schemas.exchange import Turn


def about_document(document: Document, question: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns of a question about the source alone."""
    return (*_opening(document, kit), Turn("user", question))


def about_rewrite(document: Document, question: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns of a question about the rewrite; the reviewer sees what is trained on."""
    rewrite = kit.prompts.render("rewrite.md", assembled=show_rewrite(document))
    return (
        *_opening(document, kit),
        Turn("user", rewrite),
        _read(kit),
        Turn("user", question),
    )


def asked_again(turns: tuple[Turn, ...], answer: str, error: str, kit: Kit) -> tuple[Turn, ...]:
    """Return the turns that show an unreadable answer to its author, and why it was."""
    retry = kit.prompts.render("retry.md", error=error)
    return (*turns, Turn("assistant", answer), Turn("user", retry))


def _opening(document: Document, kit: Kit) -> tuple[Turn, ...]:
    return (
        Turn("system", kit.prompts.render("constitution.md")),
        Turn("user", kit.prompts.render("document.md", fenced=show_document(document))),
        _read(kit),
    )


def _read(kit: Kit) -> Turn:
    # A short answer between two user turns: many chat templates refuse two of one speaker.
    return Turn("assistant", kit.prompts.render("read.md"))


def as_data(things: Iterable[Finding | Objection]) -> str:
    """Return findings or objections as JSON lines, ``none`` if there are none.

    They were written by a model that had read the document, so they too are data: angle
    brackets are written as JSON escapes and cannot look like a tag.
    """
    lines = [_json(asdict(thing)) for thing in things]
    return "\n".join(lines) or "none"


def _json(fields: dict[str, Any]) -> str:
    shown = {k: v for k, v in fields.items() if v not in (None, "")}
    text = json.dumps(shown, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
