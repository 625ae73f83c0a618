"""Review: independent rubrics, asked together, on the rewrite as it would be trained on."""

from collections.abc import Sequence

from pydantic import Field

from pipeline.objections import wants_review
from pipeline.passes import Pass
from pipeline.reviewing import RUBRICS, rubric_request, verdict_note
from schemas.document import Document, Note
from schemas.exchange import Reply, Request


class Review(Pass):
    """Asks one question per rubric, unless nothing was written and nothing was flagged.

    Attributes:
        rubrics: Names of prompts in ``review/``.
        max_tokens: Room for each answer.
    """

    rubrics: tuple[str, ...] = Field(default=RUBRICS, min_length=1)
    max_tokens: int = Field(default=600, ge=50)

    def ask(self, document: Document) -> list[Request]:
        """Return one request per rubric; only their last turn differs."""
        if not wants_review(document):
            return []
        return [
            rubric_request(document, "review", rubric, self.kit, self.max_tokens)
            for rubric in self.rubrics
        ]

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return all objections, and a score per rubric."""
        return verdict_note(replies)
