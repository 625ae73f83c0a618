"""Screen the source: what it is, what is bad in it, and which forms would suit it."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import get_args

from pydantic import Field

from pipeline.conversation import about_document
from pipeline.fence import numbered
from pipeline.passes import Pass
from pipeline.screening import Found, Screening
from pipeline.taxonomy import USABLE, Act, AuthorType, Harm, Hazard, Motive, Whom
from schemas.document import Decision, Document, Finding, Note
from schemas.exchange import Reply, Request, Role, Sampling

# A year, a month, a day, or a decade: what a header can say and a reader can sort.
_DATE = re.compile(r"\d{4}(?:s|-\d{2}(?:-\d{2})?)?")


class Screen(Pass):
    """Asks one question about every document in which a human speaks.

    Attributes:
        min_quality: Documents of lower quality are rejected.
        min_confidence: What is guessed less surely than this is noted, and not filled in.
        max_tokens: Room for the answer.
    """

    min_quality: float = Field(default=0.2, ge=0, le=1)
    min_confidence: float = Field(default=0.5, ge=0, le=1)
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
            "screen.md",
            acts=get_args(Act),
            motives=get_args(Motive),
            harms=get_args(Harm),
            whom=get_args(Whom),
            hazards=get_args(Hazard),
            authors=get_args(AuthorType),
            forms=list(self.kit.weights),
        )

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return the findings, or a rejection for poor quality or hazardous substance."""
        if not replies:
            return Note.keep()
        found = replies[0].value
        if not isinstance(found, Screening):
            raise TypeError("screen asks one question and reads a Screening")
        decision, reason, detail = self._decided(found)
        inferred, confidence = self._inferred(found)
        return Note(
            decision=decision,
            reason=reason,
            detail=detail,
            scores={"quality": found.quality},
            inferred=inferred,
            confidence=confidence,
            suits=tuple(form for form in found.suits if form in self.kit.weights),
            findings=_findings(found, len(numbered(document))),
        )

    def _decided(self, found: Screening) -> tuple[Decision, str, str]:
        if any(h.substance and h.severity >= USABLE for h in found.hazards):
            detail = "the dangerous detail is the document's substance"
            return Decision.REJECT, "hazard", detail
        if found.quality < self.min_quality:
            detail = f"quality {found.quality:.2f} is below {self.min_quality:.2f}"
            return Decision.REJECT, "quality", detail
        return Decision.KEEP, "", ""

    def _inferred(self, found: Screening) -> tuple[dict[str, str], dict[str, float]]:
        """Return the metadata that may be filled in, and how sure the reviewer is of each guess."""
        told = {"language": found.language, "author": found.author or ""}
        guesses = {
            "author_type": found.author_type,
            "published": found.published,
            "media_type": found.media_type,
            "topic": found.topic,
        }
        made = {name: guess for name, guess in guesses.items() if guess and guess.value.strip()}
        sure = {
            name: guess.value.strip()
            for name, guess in made.items()
            if guess.sure >= self.min_confidence
            and guess.value != "unknown"
            and (name != "published" or _DATE.fullmatch(guess.value.strip()))
        }
        filled = {name: value for name, value in told.items() if value}
        return filled | sure, {name: guess.sure for name, guess in made.items()}


def _findings(found: Screening, count: int) -> tuple[Finding, ...]:
    """Return what was found, kept to sentences that exist: a model may miscount at the end."""

    def place(thing: Found) -> tuple[int, int]:
        first = min(thing.first, count)
        return first, min(max(first, thing.last), count)

    acts = [
        Finding("act", a.label, *place(a), a.severity, a.remark, a.motive, a.harm, a.whom)
        for a in found.acts
    ]
    hazards = [Finding("hazard", h.label, *place(h), h.severity) for h in found.hazards]
    questions = [Finding("question", "to an AI", *place(q)) for q in found.questions]
    return (*acts, *hazards, *questions)
