"""Draft: draw the document's form and ask the writer for it."""

from collections.abc import Sequence

from pydantic import Field

from pipeline.forms import drawn_form
from pipeline.passes import Pass
from pipeline.writing import draft_request, written
from schemas.document import Document, Note
from schemas.exchange import Reply, Request


class Draft(Pass):
    """Asks once, or not at all if the form writes nothing or the voices came with the document.

    Attributes:
        max_tokens: Room for the answer.
    """

    max_tokens: int = Field(default=2500, ge=100)

    def ask(self, document: Document) -> list[Request]:
        """Return the writer's task for the form that this document drew."""
        name = "" if document.trusted else self._form(document)
        form = self.kit.forms.get(name)
        if form is None or form.reply is None:
            return []
        return [draft_request(document, form, name, self.kit, self.max_tokens)]

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return the drafted spans, or what is wrong with the draft."""
        if document.trusted:
            return Note.keep()
        name = self._form(document)
        if not name:
            return Note.reject("no_form", "none of the recipe's forms is open to this document")
        return written(document, self.kit.forms[name], name, replies)

    def _form(self, document: Document) -> str:
        suits = next((note.suits for note in reversed(document.notes) if note.suits), ())
        return drawn_form(document, suits, self.kit.weights, self.kit.seed)
