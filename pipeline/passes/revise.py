"""Revise: write again, once, what was objected to."""

from collections.abc import Sequence

from pydantic import Field

from pipeline.objections import standing
from pipeline.passes import Pass
from pipeline.writing import revise_request, written
from schemas.document import Document, Note
from schemas.exchange import Reply, Request


class Revise(Pass):
    """Asks only if something was objected to.

    Attributes:
        max_tokens: Room for the answer.
    """

    max_tokens: int = Field(default=2500, ge=100)

    def ask(self, document: Document) -> list[Request]:
        """Return the writer's task with the objections, or nothing."""
        objections = standing(document)
        form = self.kit.forms.get(document.form)
        if not objections or form is None or form.reply is None:
            return []
        return [revise_request(document, form, objections, self.kit, self.max_tokens)]

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return the new spans, what is wrong with them, or nothing if nothing was asked."""
        if not replies:
            return Note.keep()
        return written(document, self.kit.forms[document.form], document.form, replies)
