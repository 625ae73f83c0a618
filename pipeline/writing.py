"""The one question that asks for text, put by the first draft and by every revision."""

import re
from collections.abc import Sequence
from typing import Any, get_args

from pipeline.conversation import about_document, about_rewrite, as_data
from pipeline.draws import pick, several
from pipeline.forms import AssemblyError, Form
from pipeline.plugins import Kit
from pipeline.taxonomy import Hazard
from schemas.document import Decision, Document, Note, Objection
from schemas.exchange import Reply, Request, Role, Sampling

_GIVEN, _FAMILY = 5, 2
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def writing_task(document: Document, form: str, kit: Kit) -> str:
    """Return the prompt that asks for this form of this document."""
    language = _language(document)
    return kit.prompts.render(
        f"draft/{form}.md",
        findings=as_data(document.findings),
        # It comes from outside and stands outside the fence: a code, or nothing.
        language=language or "the one it is written in",
        hazards=get_args(Hazard),
        card=kit.prompts.render(
            "writing/card.md",
            card=style_card(document, form, kit),
            names=drawn_names(document, language, kit),
            openings=[row["text"] for row in kit.prompts.table("banned.toml").get("opening", [])],
        ),
    )


def _language(document: Document) -> str:
    said = document.metadata.language or document.inferred.get("language", "")
    return said if _LANGUAGE.fullmatch(said) else ""


def style_card(document: Document, form: str, kit: Kit) -> dict[str, str]:
    """Return how this document should sound; each decision is a draw of its own, evenly shared."""
    own = f"cards/{form}.toml"
    tables = ["cards/every.toml", *([own] if own in kit.prompts.digests else [])]
    return {
        decision.replace("_", " "): pick(choices, kit.seed, document.id, table, decision)
        for table in tables
        for decision, choices in kit.prompts.table(table).items()
    }


def drawn_names(document: Document, language: str, kit: Kit) -> list[str]:
    """Return names for people who are made up: first names, then family names.

    They are of the document's language where there is a list of it, with one or two from elsewhere,
    since people move about.
    """
    lists = kit.prompts.table("names.toml")
    own = lists.get(language.partition("-")[0].lower(), lists["world"])
    drawn: list[str] = []
    for kind, few in (("given", _GIVEN), ("family", _FAMILY)):
        near = several(own[kind], few, kit.seed, document.id, "names", kind)
        far = [name for name in lists["world"][kind] if name not in near]
        drawn += [*near, pick(far, kit.seed, document.id, "far names", kind)]
    return drawn


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
        rewrite = form.assemble(document, reply.value if reply else None)
    except AssemblyError as error:
        return Note(
            Decision.OBJECT,
            reason=error.objections[0].code,
            detail=str(error),
            form=name,
            objections=error.objections,
        )
    writer = reply.answer.by.model if reply else ""
    return Note(
        Decision.KEEP,
        form=name,
        findings=rewrite.mistaken,
        spans=rewrite.spans,
        stops=rewrite.stops,
        writer=writer,
    )
