"""Forms: how a document shows the AI. One file each."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel

from pipeline.draws import pick_weighted
from pipeline.plugins import Plugin
from schemas.document import Document, Finding, Objection, Span, Stop


class AssemblyError(Exception):
    """A reply fits its model but not the document; carries what the writer is to mend."""

    def __init__(self, objections: list[Objection]) -> None:
        super().__init__("; ".join(objection.what for objection in objections))
        self.objections = tuple(objections)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a form makes of a reply.

    Attributes:
        spans: The document's new voices.
        stops: Where in them the AI ends something dangerous, in order.
        mistaken: Acts of the screening that the writer holds to be none.
    """

    spans: tuple[Span, ...]
    stops: tuple[Stop, ...] = ()
    mistaken: tuple[Finding, ...] = ()


class Form(Plugin):
    """One way to show the AI.

    Its prompt is ``draft/<name>.md``; what reviewers watch for in it, beside what they watch for
    in all forms, stands by rubric in ``review/forms/<name>.toml``; ``cards/<name>.toml`` holds what
    is drawn for each document so that no two need sound alike.

    Attributes:
        quotes_in_marks: Whether quotation marks must stand around what the AI quotes.
        quotes_source: Whether what the AI quotes must be words of the source.
        plain: Whether Markdown is out of place in what the AI says.
        remarks: Whether what the AI says are remarks, and short.
    """

    quotes_in_marks: ClassVar[bool] = False
    quotes_source: ClassVar[bool] = False
    plain: ClassVar[bool] = False
    remarks: ClassVar[bool] = False

    @property
    @abstractmethod
    def reply(self) -> type[BaseModel] | None:
        """The model a writer's answer must fit; None if nothing is written."""

    @abstractmethod
    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the document's new voices, and what the writer declares about them.

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
