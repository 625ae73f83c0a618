"""Remarks of the AI between sentences that stay word for word as they were."""

from typing import ClassVar

from pydantic import BaseModel, Field

from pipeline.declared import Mistaken, Stopped, checked
from pipeline.edits import Edit, edited
from pipeline.fence import numbered
from pipeline.forms import Form, Rewrite
from schemas.document import Document


class Edits(BaseModel):
    """All remarks on one document; none where nothing is at stake."""

    mistaken: list[Mistaken] = Field(default=[], max_length=60)
    edits: list[Edit] = Field(max_length=60)
    stops: list[Stopped] = Field(default=[], max_length=30)


class Commentary(Form):
    """Adds remarks by anchored edits; the humans' words are never copied by a model."""

    quotes_in_marks: ClassVar[bool] = True
    quotes_source: ClassVar[bool] = True
    plain: ClassVar[bool] = True
    remarks: ClassVar[bool] = True

    @property
    def reply(self) -> type[BaseModel] | None:
        """The list of edits."""
        return Edits

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the source with the remarks in it.

        Raises:
            AssemblyError: The edits cannot be applied; it carries what the writer is to mend.
        """
        if not isinstance(reply, Edits):
            raise TypeError(f"commentary is assembled from Edits, not {type(reply).__name__}")
        spans = edited(document.text, numbered(document), reply.edits)
        return checked(document, spans, reply.mistaken, reply.stops)
