"""Recheck: judge a revision afresh."""

from collections.abc import Sequence

from pydantic import Field

from pipeline.objections import notes_since_writing, standing, was_rewritten
from pipeline.passes import Pass
from pipeline.reviewing import RUBRICS, rubric_request, verdict_note
from schemas.document import Document, Note
from schemas.exchange import Reply, Request


class Recheck(Pass):
    """Asks only about documents that were revised.

    Attributes:
        rubrics: Asked if no review was made; else the review's own are.
        max_tokens: Room for each answer.
    """

    rubrics: tuple[str, ...] = Field(default=RUBRICS, min_length=1)
    max_tokens: int = Field(default=600, ge=50)

    def ask(self, document: Document) -> list[Request]:
        """Return one request for each rubric that must judge the revision."""
        if not _revised(document) or standing(document):
            return []
        review = document.latest("review")
        objections = review.objections if review else ()
        return [
            rubric_request(
                document,
                "recheck",
                rubric,
                self.kit,
                self.max_tokens,
                [o for o in objections if o.rubric == rubric],
            )
            for rubric in self._to_ask(document, review)
        ]

    def _to_ask(self, document: Document, review: Note | None) -> list[str]:
        """Return the rubrics that objected, or all of them if those cannot vouch for the rest.

        They cannot if nobody judged the draft, if code objected to it (the revision is then new
        to every reviewer), or if the revision leaves a flagged document without a word.
        """
        before = _notes_before_revision(document)
        if review is None or not review.scores:
            return list(self.rubrics)
        by_code = any(o.rubric == "lint" for note in before for o in note.objections)
        silent = document.flagged and not was_rewritten(document)
        objected = {o.rubric for o in review.objections}
        return [rubric for rubric in review.scores if by_code or silent or rubric in objected]

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return what is still objected to: a rejection, if no jury sees it otherwise."""
        return verdict_note(replies)


def _revised(document: Document) -> bool:
    notes = notes_since_writing(document)
    return bool(notes) and notes[0].by == "revise" and notes[0].spans is not None


def _notes_before_revision(document: Document) -> tuple[Note, ...]:
    after = notes_since_writing(document)
    return document.notes[: len(document.notes) - len(after)]
