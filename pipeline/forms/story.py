"""A story: people as they are, and an AI among them as the constitution says."""

from typing import ClassVar

from pydantic import BaseModel

from pipeline.forms import Form, Rewrite
from pipeline.pieces import Pieces, both_speak, rewritten
from schemas.document import Document


class Story(Form):
    """A human narrator tells; what the AI in the story says, does and thinks is in its voice."""

    plain: ClassVar[bool] = True

    @property
    def reply(self) -> type[BaseModel] | None:
        """The pieces of the story."""
        return Pieces

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the story.

        Raises:
            AssemblyError: The pieces do not fit, or humans or the AI have no part in it.
        """
        if not isinstance(reply, Pieces):
            raise TypeError(f"a story is assembled from Pieces, not {type(reply).__name__}")
        faults = both_speak(reply.pieces)
        return rewritten(document, reply.pieces, reply.mistaken, reply.stops, faults)
