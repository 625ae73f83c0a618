"""What a rubric asks and what its answer says; shared by the review and the recheck."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, Field

from pipeline.conversation import about_rewrite, as_data
from pipeline.plugins import Kit
from pipeline.sentences import MAX_SENTENCE
from prompts import Prompts
from schemas.document import Decision, Document, Note, Objection
from schemas.exchange import Reply, Request, Role, Sampling

RUBRICS = ("coverage", "hazard", "motive", "character", "fidelity", "usefulness")


class Objecting(BaseModel):
    """One thing a reviewer holds against a rewrite."""

    code: str = Field(max_length=40)
    what: str = Field(max_length=400)
    sentence: int | None = Field(default=None, ge=1, le=MAX_SENTENCE)
    clause: str = Field(default="", max_length=8)


class Verdict(BaseModel):
    """A reviewer's answer to one rubric."""

    decision: Literal["approve", "object"]
    score: int = Field(ge=1, le=5)
    objections: list[Objecting] = Field(default=[], max_length=10)


def rubric_request(
    document: Document,
    by: str,
    rubric: str,
    kit: Kit,
    max_tokens: int,
    objections: Sequence[Objection] = (),
) -> Request:
    """Return the question of one rubric; with earlier objections it asks to judge afresh.

    Args:
        document: With the rewrite to be judged.
        by: ``review`` or ``recheck``.
        rubric: Name of a prompt in ``review/``.
        kit: Where the prompt is found.
        max_tokens: Room for the answer.
        objections: What this rubric held against the rewrite before it was revised.
    """
    question = _rubric(kit.prompts, rubric, document.form, as_data(document.findings))
    if by == "recheck" and objections:
        question = kit.prompts.render("recheck.md", objections=as_data(objections), rubric=question)
    return Request(
        document=document.id,
        question=f"{by}/{rubric}",
        role=Role.REVIEWER,
        turns=about_rewrite(document, question, kit),
        reply=Verdict,
        sampling=Sampling(max_tokens=max_tokens),
    )


def _rubric(prompts: Prompts, rubric: str, form: str, findings: str) -> str:
    name = f"review/{rubric}.md"
    # Most rubrics do not ask what was found, and are the same for every document.
    return _rendered(prompts, name, form, findings if "findings" in prompts.wants(name) else "")


@lru_cache(maxsize=256)
def _rendered(prompts: Prompts, name: str, form: str, findings: str) -> str:
    table = f"review/forms/{form}.toml"
    added = prompts.table(table) if table in prompts.digests else {}
    rubric = name.removeprefix("review/").removesuffix(".md")
    return prompts.render(name, findings=findings, additions=added.get(rubric, ""))


def verdict_note(replies: Sequence[Reply]) -> Note:
    """Return the reviewers' objections and their scores, 0 to 1, by rubric."""
    objections: list[Objection] = []
    scores: dict[str, float] = {}
    for reply in replies:
        verdict = reply.value
        if not isinstance(verdict, Verdict):
            raise TypeError(f"{reply.request.question} is answered by a Verdict")
        rubric = reply.request.question.partition("/")[2]
        scores[rubric] = (verdict.score - 1) / 4
        if verdict.decision == "object":
            objections += [
                Objection(rubric, o.code, o.what, o.sentence, o.clause) for o in verdict.objections
            ] or [Objection(rubric, "unsaid", "the reviewer objects and does not say to what")]
    if not objections:
        return Note(Decision.KEEP, scores=scores)
    return Note(
        Decision.OBJECT,
        reason=objections[0].rubric,
        detail=objections[0].what,
        scores=scores,
        objections=tuple(objections),
    )
