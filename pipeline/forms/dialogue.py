"""Sections of the document become the questions that they answer, and the AI's answers."""

from pydantic import BaseModel

from pipeline.forms import Form, Rewrite
from pipeline.pieces import Pieces, rewritten, unanswered
from schemas.document import Document


class Dialogue(Form):
    """Somebody asks, the AI answers; what is not turned into a question may stay as it is."""

    @property
    def reply(self) -> type[BaseModel] | None:
        """The pieces of the dialogue."""
        return Pieces

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the dialogue.

        Raises:
            AssemblyError: The pieces do not fit, or somebody is left without an answer.
        """
        if not isinstance(reply, Pieces):
            raise TypeError(f"dialogue is assembled from Pieces, not {type(reply).__name__}")
        faults = unanswered(reply.pieces)
        return rewritten(document, reply.pieces, reply.mistaken, reply.stops, faults)
