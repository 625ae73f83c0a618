"""Recheck: ask those rubrics again that objected; what still stands is rejected."""

from collections.abc import Sequence

from pydantic import Field

from pipeline.objections import notes_since_writing, standing
from pipeline.passes import Pass
from pipeline.reviewing import rubric_request, verdict_note
from schemas.document import Document, Note, Objection
from schemas.exchange import Reply, Request


class Recheck(Pass):
    """Asks only about documents that were revised.

    Attributes:
        max_tokens: Room for each answer.
    """

    max_tokens: int = Field(default=600, ge=50)

    def ask(self, document: Document) -> list[Request]:
        """Return one request for each rubric that objected before the revision."""
        if not _revised(document) or standing(document):
            return []
        review = document.latest("review")
        objections = review.objections if review else ()
        rubrics = dict.fromkeys(objection.rubric for objection in objections)
        return [
            rubric_request(
                document,
                "recheck",
                rubric,
                self.kit,
                self.max_tokens,
                [o for o in objections if o.rubric == rubric],
            )
            for rubric in rubrics
        ]

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return a rejection if any objection stands, named by its rubric."""
        left = standing(document)
        if left:
            return _rejected(left[0], verdict_note(replies))
        note = verdict_note(replies)
        return _rejected(note.objections[0], note) if note.objections else note


def _revised(document: Document) -> bool:
    notes = notes_since_writing(document)
    return bool(notes) and notes[0].by == "revise" and notes[0].spans is not None


def _rejected(objection: Objection, note: Note) -> Note:
    rejected = Note.reject(objection.rubric, f"{objection.code}: {objection.what}")
    return Note(
        rejected.decision,
        rejected.reason,
        rejected.detail,
        scores=note.scores,
        objections=note.objections,
    )
