"""Jury: several voices without the others' context, where it matters or by chance; most decide."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.conversation import about_judgement
from pipeline.draws import fraction
from pipeline.objections import standing, wants_review
from pipeline.passes import Pass
from pipeline.reviewing import Verdict, verdict_note
from pipeline.taxonomy import USABLE
from schemas.document import Decision, Document, Note
from schemas.exchange import Reply, Request, Role, Sampling


class Jury(Pass):
    """Asks each juror once; what code objects to is not put to a vote.

    Attributes:
        wordings: Names of prompts in ``jury/``, one for each juror: an odd number, so that there is
            a majority. Where the recipe names several engines they take turns.
        hazard_severity: Documents with a hazard of this severity or more are put to the jury.
        control_share: Share of all rewritten documents that is put to it by chance, so that one can
            tell how far jurors err together.
        hold: Whether a document with such a hazard waits for a human if jurors are ``split``.
        max_tokens: Room for each answer.
    """

    wordings: tuple[str, ...] = Field(default=("neighbour", "examiner", "reader"), min_length=1)
    hazard_severity: int = Field(default=USABLE, ge=0, le=4)
    control_share: float = Field(default=0.02, ge=0, le=1)
    hold: Literal["never", "split"] = "split"
    max_tokens: int = Field(default=600, ge=50)

    @model_validator(mode="after")
    def _there_is_a_majority(self) -> Self:
        if len(self.wordings) % 2 == 0 or len(set(self.wordings)) < len(self.wordings):
            raise ValueError("`wordings` names an odd number of jurors, each another prompt")
        return self

    def ask(self, document: Document) -> list[Request]:
        """Return one request for each juror, if this document is put to the jury."""
        if not self._why(document):
            return []
        return [
            Request(
                document=document.id,
                question=f"jury/{wording}",
                role=Role.JURY,
                turns=about_judgement(
                    document, self.kit.prompts.render(f"jury/{wording}.md"), self.kit
                ),
                reply=Verdict,
                sampling=Sampling(max_tokens=self.max_tokens),
                juror=juror,
            )
            for juror, wording in enumerate(self.wordings)
        ]

    def _why(self, document: Document) -> str:
        """Return why a document is put to the jury; "" if it is not."""
        objections = standing(document)
        if not wants_review(document) or any(o.rubric == "lint" for o in objections):
            return ""
        if objections:
            return "disagreement"
        if self._has_hazard(document):
            return "hazard"
        return "control" if self._by_chance(document) else ""

    def _by_chance(self, document: Document) -> bool:
        return fraction(self.kit.seed, document.id, "jury") < self.control_share

    def _has_hazard(self, document: Document) -> bool:
        found = (f.severity for f in document.findings if f.kind == "hazard")
        return max(found, default=-1) >= self.hazard_severity

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return what most jurors decided, with every vote."""
        return self._decided(document, replies) if replies else Note.keep()

    def unreadable(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return what most jurors decided, if those who can be read are most of all."""
        heard = [reply for reply in replies if not reply.error]
        approving = sum(_approves(reply) for reply in heard)
        if 2 * max(approving, len(heard) - approving) > len(replies):
            return self._decided(document, heard)
        return super().unreadable(document, replies)

    def _decided(self, document: Document, replies: Sequence[Reply]) -> Note:
        why = self._why(document)
        votes = _votes(replies)
        approving = sum(map(_approves, replies))
        found = verdict_note(replies)
        decision, reason, detail = Decision.KEEP, why, ""
        if 2 * approving < len(self.wordings):
            decision, reason = Decision.REJECT, "jury"
        is_split = 0 < approving < len(replies)
        if is_split and self.hold == "split" and self._has_hazard(document):
            decision, reason = Decision.HOLD, "jury_split"
        if found.objections:
            first = found.objections[0]
            detail = f"{approving} of {len(replies)} approve; {first.code}: {first.what}"
        return Note(
            decision,
            reason,
            detail,
            scores={"jury": approving / len(replies)},
            objections=found.objections,
            votes=votes,
            by_chance=self._by_chance(document),
        )


def _approves(reply: Reply) -> bool:
    return isinstance(reply.value, Verdict) and reply.value.decision == "approve"


def _votes(replies: Sequence[Reply]) -> dict[str, str]:
    """Return each juror's vote by its wording, and its model where they are not all the same."""
    several = len({reply.answer.by.model for reply in replies}) > 1
    return {
        reply.request.question.partition("/")[2]
        + (f"@{reply.answer.by.model}" if several else ""): "approve"
        if _approves(reply)
        else "object"
        for reply in replies
    }
