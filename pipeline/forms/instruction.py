"""A task that somebody gives, then the work itself and its result."""

from pydantic import BaseModel

from pipeline.forms import Form, Rewrite
from pipeline.pieces import Pieces, begins_with_a_human, rewritten, unanswered
from schemas.document import Document


class Instruction(Form):
    """The AI carries out what it is given, with the document as its material."""

    @property
    def reply(self) -> type[BaseModel] | None:
        """The pieces: task, work, result."""
        return Pieces

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return task and work.

        Raises:
            AssemblyError: The pieces do not fit, nobody gives a task, or one is not carried out.
        """
        if not isinstance(reply, Pieces):
            raise TypeError(f"instruction is assembled from Pieces, not {type(reply).__name__}")
        faults = [*begins_with_a_human(reply.pieces), *unanswered(reply.pieces)]
        return rewritten(document, reply.pieces, reply.mistaken, reply.stops, faults)
