"""Remarks of the AI between sentences that stay word for word as they were."""

from typing import ClassVar

from pydantic import BaseModel, Field

from pipeline.edits import Edit, edited
from pipeline.fence import numbered
from pipeline.forms import Form
from schemas.document import Document, Span


class Edits(BaseModel):
    """All remarks on one document; none where nothing is at stake."""

    edits: list[Edit] = Field(max_length=60)


class Commentary(Form):
    """Adds remarks by anchored edits; the humans' words are never copied by a model."""

    quotes_in_marks: ClassVar[bool] = True
    plain: ClassVar[bool] = True

    @property
    def reply(self) -> type[BaseModel] | None:
        """The list of edits."""
        return Edits

    def assemble(self, document: Document, reply: BaseModel | None) -> tuple[Span, ...]:
        """Return the source with the remarks in it.

        Raises:
            AssemblyError: The edits cannot be applied; it carries what the writer is to mend.
        """
        if not isinstance(reply, Edits):
            raise TypeError(f"commentary is assembled from Edits, not {type(reply).__name__}")
        return edited(document.text, numbered(document), reply.edits)
