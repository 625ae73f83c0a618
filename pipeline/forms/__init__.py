"""Forms: how a document shows the AI. One file each."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from pipeline.draws import pick_weighted
from pipeline.plugins import Plugin
from schemas.document import Document, Objection, Span


class AssemblyError(Exception):
    """A reply fits its model but not the document; carries what the writer is to mend."""

    def __init__(self, objections: list[Objection]) -> None:
        super().__init__("; ".join(objection.what for objection in objections))
        self.objections = tuple(objections)


class Form(Plugin):
    """One way to show the AI. Its prompt is ``draft/<name>.md``.

    Attributes:
        quotes_in_marks: Whether the prompt asks for quotation marks around what the AI quotes.
        plain: Whether the prompt asks for text without Markdown.
    """

    quotes_in_marks: ClassVar[bool] = False
    plain: ClassVar[bool] = False

    @property
    @abstractmethod
    def reply(self) -> type[BaseModel] | None:
        """The model a writer's answer must fit; None if nothing is written."""

    @abstractmethod
    def assemble(self, document: Document, reply: BaseModel | None) -> tuple[Span, ...]:
        """Return the document's new voices.

        Raises:
            AssemblyError: The reply names sentences that are not there, or breaks the grammar.
        """


def drawn_form(
    document: Document, suits: tuple[str, ...], weights: Mapping[str, float], seed: str
) -> str:
    """Return which of the suitable forms this document takes; the same one every time.

    ``verbatim`` is open only to documents without a flagged act or hazard. If no suitable form
    has a weight, one of the allowed forms is drawn; "" if there is none.
    """
    allowed = [form for form in weights if not (document.flagged and form == "verbatim")]
    open_to = [form for form in allowed if form in suits and weights[form] > 0] or allowed
    if not open_to:
        return ""
    return pick_weighted({form: weights[form] for form in open_to}, seed, document.id, "form")
