"""The AI retells the document, quoting the people in it and ending quotes before their danger."""

from typing import ClassVar

from pydantic import BaseModel

from pipeline.forms import Form, Rewrite
from pipeline.pieces import Pieces, nobody_invented, rewritten
from schemas.document import Document


class Narration(Form):
    """The AI speaks all through, or between stretches of the source; no human text is written."""

    quotes_in_marks: ClassVar[bool] = True
    quotes_source: ClassVar[bool] = True
    plain: ClassVar[bool] = True

    @property
    def reply(self) -> type[BaseModel] | None:
        """The pieces of the retelling."""
        return Pieces

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the retelling.

        Raises:
            AssemblyError: The pieces do not fit, or a human speaks whom the document does not have.
        """
        if not isinstance(reply, Pieces):
            raise TypeError(f"narration is assembled from Pieces, not {type(reply).__name__}")
        faults = nobody_invented(reply.pieces)
        return rewritten(document, reply.pieces, reply.mistaken, reply.stops, faults)
