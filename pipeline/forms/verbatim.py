"""The document as it is, in the human voice; nothing is asked and nothing is written."""

from pydantic import BaseModel

from pipeline.forms import Form, Rewrite
from schemas.document import Document, Span, Voice


class Verbatim(Form):
    """Leaves the document as it is."""

    @property
    def reply(self) -> type[BaseModel] | None:
        """None: there is nothing to write."""
        return None

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the whole source as one human span."""
        return Rewrite((Span(Voice.HUMAN, document.text, 0),))
