"""Screen the source: what it is, what is bad in it, and which forms would suit it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, get_args

from pydantic import BaseModel, Field

from pipeline.conversation import about_document
from pipeline.fence import numbered
from pipeline.passes import Pass
from pipeline.sentences import MAX_SENTENCE
from schemas.document import Decision, Document, Finding, Note
from schemas.exchange import Reply, Request, Role, Sampling

Act = Literal[
    "deceit",
    "theft",
    "cruelty",
    "violence",
    "threat",
    "corruption",
    "prejudice",
    "domination",
    "betrayal",
    "neglect",
    "self-justification",
]
Hazard = Literal["weapons", "poisons", "drugs", "cyber", "fraud", "self-harm", "private data"]


class FoundAct(BaseModel):
    """A stretch in which somebody works against others."""

    first: int = Field(ge=1, le=MAX_SENTENCE)
    last: int = Field(ge=1, le=MAX_SENTENCE)
    label: Act
    severity: int = Field(ge=1, le=3)
    remark: str = Field(default="", max_length=200)


class FoundHazard(BaseModel):
    """A stretch that would help somebody do serious harm."""

    first: int = Field(ge=1, le=MAX_SENTENCE)
    last: int = Field(ge=1, le=MAX_SENTENCE)
    label: Hazard
    severity: int = Field(ge=0, le=3)
    substance: bool = False


class Screening(BaseModel):
    """What the screening finds."""

    language: str = Field(max_length=8)
    media_type: str = Field(max_length=40)
    topic: str = Field(max_length=80)
    author: str | None = Field(default=None, max_length=120)
    published: str | None = Field(default=None, max_length=40)
    quality: float = Field(ge=0, le=1)
    acts: list[FoundAct] = Field(default=[], max_length=60)
    hazards: list[FoundHazard] = Field(default=[], max_length=30)
    suits: list[str] = Field(max_length=10)


class Screen(Pass):
    """Asks one question about every document in which a human speaks.

    Attributes:
        min_quality: Documents of lower quality are rejected.
        max_tokens: Room for the answer.
    """

    min_quality: float = Field(default=0.2, ge=0, le=1)
    max_tokens: int = Field(default=1500, ge=100)

    def ask(self, document: Document) -> list[Request]:
        """Return the screening question; none if all of a trusted text is the AI's."""
        if not document.text.strip():
            return []
        return [
            Request(
                document=document.id,
                question="screen",
                role=Role.REVIEWER,
                turns=about_document(document, self._question, self.kit),
                reply=Screening,
                sampling=Sampling(max_tokens=self.max_tokens),
            )
        ]

    @cached_property
    def _question(self) -> str:
        return self.kit.prompts.render(
            "screen.md", acts=get_args(Act), hazards=get_args(Hazard), forms=list(self.kit.weights)
        )

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return the findings, or a rejection for poor quality or hazardous substance."""
        if not replies:
            return Note.keep()
        found = replies[0].value
        if not isinstance(found, Screening):
            raise TypeError("screen asks one question and reads a Screening")
        findings = _findings(found, len(numbered(document)))
        decision, reason, detail = Decision.KEEP, "", ""
        if any(h.substance and h.severity >= 2 for h in found.hazards):
            decision, reason = Decision.REJECT, "hazard"
            detail = "the dangerous detail is the document's substance"
        elif found.quality < self.min_quality:
            decision, reason = Decision.REJECT, "quality"
            detail = f"quality {found.quality:.2f} is below {self.min_quality:.2f}"
        inferred = {
            "language": found.language,
            "media_type": found.media_type,
            "topic": found.topic,
            "author": found.author or "",
            "published": found.published or "",
        }
        return Note(
            decision=decision,
            reason=reason,
            detail=detail,
            scores={"quality": found.quality},
            inferred={key: value for key, value in inferred.items() if value},
            suits=tuple(form for form in found.suits if form in self.kit.weights),
            findings=findings,
        )


def _findings(found: Screening, count: int) -> tuple[Finding, ...]:
    """Return what was found, kept to sentences that exist: a model may miscount at the end."""

    def place(thing: FoundAct | FoundHazard) -> tuple[int, int]:
        first = min(thing.first, count)
        return first, min(max(first, thing.last), count)

    acts = [Finding("act", a.label, *place(a), a.severity, a.remark) for a in found.acts]
    hazards = [Finding("hazard", h.label, *place(h), h.severity) for h in found.hazards]
    return (*acts, *hazards)
