"""The one question that asks for text, put by the first draft and by every revision."""

import re
from collections.abc import Sequence
from typing import Any

from pipeline.conversation import about_document, about_rewrite, as_data
from pipeline.draws import pick
from pipeline.forms import AssemblyError, Form
from pipeline.plugins import Kit
from schemas.document import Decision, Document, Note, Objection
from schemas.exchange import Reply, Request, Role, Sampling

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def writing_task(document: Document, form: str, kit: Kit) -> str:
    """Return the prompt that asks for this form of this document."""
    said = document.metadata.language or document.inferred.get("language", "")
    # It comes from outside and stands outside the fence: a code, or nothing.
    language = said if _LANGUAGE.fullmatch(said) else "the same language"
    return kit.prompts.render(
        f"draft/{form}.md",
        findings=as_data(document.findings),
        language=language,
        card=style_card(document, kit),
    )


def style_card(document: Document, kit: Kit) -> dict[str, Any]:
    """Return how this document's remarks should sound; each decision is a draw of its own."""
    cards = kit.prompts.table("cards.toml")
    return {
        name: pick(cards[name], kit.seed, document.id, "card", name)
        for name in ("stance", "length", "opening")
    } | {"avoid": cards["avoid"]}


def draft_request(document: Document, form: Form, name: str, kit: Kit, max_tokens: int) -> Request:
    """Return the request for a first draft."""
    return _request(
        document,
        f"draft/{name}",
        about_document(document, writing_task(document, name, kit), kit),
        form,
        max_tokens,
    )


def revise_request(
    document: Document, form: Form, objections: Sequence[Objection], kit: Kit, max_tokens: int
) -> Request:
    """Return the request to write again what was objected to."""
    name = document.form
    question = kit.prompts.render(
        "revise.md", objections=as_data(objections), task=writing_task(document, name, kit)
    )
    return _request(
        document, f"revise/{name}", about_rewrite(document, question, kit), form, max_tokens
    )


def _request(document: Document, question: str, turns: Any, form: Form, max_tokens: int) -> Request:  # noqa: ANN401
    if form.reply is None:
        raise TypeError(f"{question}: this form writes nothing")
    return Request(
        document=document.id,
        question=question,
        role=Role.WRITER,
        turns=turns,
        reply=form.reply,
        sampling=Sampling(max_tokens=max_tokens),
    )


def written(document: Document, form: Form, name: str, replies: Sequence[Reply]) -> Note:
    """Return a note with the new spans, or with objections if the reply does not fit."""
    reply = replies[0] if replies else None
    try:
        spans = form.assemble(document, reply.value if reply else None)
    except AssemblyError as error:
        return Note(
            Decision.OBJECT,
            reason=error.objections[0].code,
            detail=str(error),
            form=name,
            objections=error.objections,
        )
    writer = reply.answer.by.model if reply else ""
    return Note(Decision.KEEP, form=name, spans=spans, writer=writer)
