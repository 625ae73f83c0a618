"""A rewrite put together of pieces: stretches of the source as they stand, and what was written.

The source is named by its sentences and never copied, as in anchored edits.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, Field, model_validator

from pipeline.anchors import AnchorError, stretch
from pipeline.declared import Mistaken, Stopped, checked
from pipeline.edits import Anchored, spoken
from pipeline.fence import goes_on, numbered
from pipeline.forms import AssemblyError, Form, Rewrite
from pipeline.voices.lint import move_fault
from pipeline.voices.parse import parse
from pipeline.voices.scheme import working_scheme
from schemas.document import Document, Objection, Span, Voice
from schemas.errors import ParseError


class Piece(BaseModel):
    """One stretch of a rewrite."""

    who: Literal["source", "human", "ai"] = Field(
        description="whose words: the document's own, a human's that you write, or the AI's"
    )
    first: Anchored | None = Field(
        default=None, description="of the source: its first sentence's number, or words quoted"
    )
    last: Anchored | None = Field(
        default=None, description="the same, for its last sentence; null if it is first"
    )
    text: str = Field(default="", max_length=8000, description="what a human or the AI says")
    run_on: bool = Field(
        default=False, description="whether it goes on in the paragraph of the piece before it"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.who == "source" and (self.first is None or self.text):
            raise ValueError("a piece of the source names its `first` sentence and has no `text`")
        if self.who != "source" and (self.first is not None or not self.text.strip()):
            raise ValueError(f"a piece of who = '{self.who}' has a `text` and no `first`")
        return self


class Pieces(BaseModel):
    """A whole rewrite; no pieces where the document is better left as it is."""

    mistaken: list[Mistaken] = Field(default=[], max_length=60)
    pieces: list[Piece] = Field(max_length=120)
    stops: list[Stopped] = Field(default=[], max_length=30)


def rewritten(
    document: Document,
    pieces: Sequence[Piece],
    disputes: Sequence[Mistaken],
    stopped: Sequence[Stopped],
    faults: Sequence[Objection] = (),
) -> Rewrite:
    """Return the rewrite that the pieces make; without any, the source as it is.

    Args:
        document: The document.
        pieces: In their order.
        disputes: Which findings are held to be none.
        stopped: Where the AI ends something, by words.
        faults: What the form already has against them.

    Raises:
        AssemblyError: A sentence is not there, a voice is left otherwise than by a closed
            quotation, a declaration does not fit, or the form objects.
    """
    objections = list(faults)
    spans = _joined(document, pieces, objections)
    if objections:
        raise AssemblyError(objections)
    whole = (Span(Voice.HUMAN, document.text, 0),)
    return checked(document, tuple(spans) or whole, disputes, stopped)


Rule = Callable[[Sequence[Piece]], list[Objection]]
"""What a form demands of its pieces; returns what is wrong with them."""


class Pieced(Form):
    """A form that is made of pieces.

    Attributes:
        rules: What it demands of them.
    """

    rules: ClassVar[tuple[Rule, ...]] = ()

    @property
    def reply(self) -> type[BaseModel] | None:
        """The pieces, and what their writer declares."""
        return Pieces

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the rewrite that the pieces make.

        Raises:
            AssemblyError: The pieces do not fit the document, or break one of the form's rules.
        """
        if not isinstance(reply, Pieces):
            raise TypeError(f"{self.name()} is assembled from Pieces, not {type(reply).__name__}")
        faults = [fault for rule in self.rules for fault in rule(reply.pieces)]
        return rewritten(document, reply.pieces, reply.mistaken, reply.stops, faults)


def _joined(document: Document, pieces: Sequence[Piece], objections: list[Objection]) -> list[Span]:
    """Return the spans of all pieces, with white space between them; adds what is wrong."""
    spans: list[Span] = []
    for piece in pieces:
        try:
            new = _spans(document, piece, objections)
        except AnchorError as error:
            number = piece.first if isinstance(piece.first, int) else None
            objections.append(Objection("lint", error.code, str(error), number))
            continue
        if spans and new:
            gap = " " if piece.run_on else "\n\n"
            _set_apart(document.text, spans, new, gap)
        spans += new
    return _merged(spans)


def _spans(document: Document, piece: Piece, objections: list[Objection]) -> list[Span]:
    if piece.who == "source":
        assert piece.first is not None, "the model has checked it"
        found = stretch(document.text, numbered(document), piece.first, piece.last)
        return [Span(Voice.HUMAN, document.text[found.start : found.end], found.start)]
    said = piece.text.strip()
    if piece.who == "ai":
        spans, faults = spoken(said, None)
        objections += faults
        return list(spans)
    try:
        human = list(parse(said, working_scheme()))
    except ParseError as error:
        objections.append(move_fault(error))
        return []
    if {span.voice for span in human} != {Voice.HUMAN}:
        what = "a human's piece holds no tags; what the AI says is a piece of its own"
        objections.append(Objection("lint", "illegal_move", what))
    return human


def _set_apart(source: str, before: list[Span], after: list[Span], gap: str) -> None:
    """Put white space between two pieces, in a voice that is the writer's to use.

    It belongs to human text that was written, else to the AI, so that joined stretches of the
    source stay the source. Two stretches that follow each other in it stay as they are.
    """
    last, first = before[-1], after[0]
    if last.source_start is not None and first.source_start is not None:
        end = last.source_start + len(last.text)
        between = source[end : first.source_start]
        if end <= first.source_start and not between.strip():
            before.append(Span(Voice.HUMAN, between, end))
            return
    sides = (last, first)
    both_source = all(span.source_start is not None for span in sides)
    written = any(span.voice == Voice.HUMAN and span.source_start is None for span in sides)
    before.append(Span(Voice.HUMAN if written or both_source else Voice.AI, gap))


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return the spans with neighbours joined that are one stretch of one voice."""
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last and last.voice == span.voice and goes_on(last, span):
            merged[-1] = Span(last.voice, last.text + span.text, last.source_start)
        elif span.text:
            merged.append(span)
    return merged


def nobody_invented(pieces: Sequence[Piece]) -> list[Objection]:
    """Return an objection if a human speaks whom the document does not have."""
    if all(piece.who != "human" for piece in pieces):
        return []
    what = "nobody speaks here but the AI and the document's own people; quote them in its voice"
    return [Objection("lint", "human_written", what)]


def unanswered(pieces: Sequence[Piece]) -> list[Objection]:
    """Return an objection to each written human piece that the AI does not answer directly.

    Stretches of the source may stand in between: the material that somebody gives with a task.
    """
    spoken = [piece for piece in pieces if piece.who != "source"]
    return [
        Objection("lint", "unanswered", f"the AI answers directly after {piece.text[:60]!r}")
        for piece, answer in zip_longest(spoken, spoken[1:])
        if piece.who == "human" and (answer is None or answer.who != "ai")
    ]


def begins_with_a_human(pieces: Sequence[Piece]) -> list[Objection]:
    """Return an objection if the AI speaks before anybody has asked it for anything."""
    if not pieces or pieces[0].who != "ai":
        return []
    return [Objection("lint", "not_asked", "a human asks first, and then the AI speaks")]


def both_speak(pieces: Sequence[Piece]) -> list[Objection]:
    """Return an objection for each of human and AI that has no part in what was written."""
    speakers = {piece.who for piece in pieces}
    parts = {"ai": "an AI has a part in it", "human": "a human narrator tells it"}
    return [
        Objection("lint", "voice_missing", what)
        for who, what in parts.items()
        if pieces and who not in speakers and not (who == "human" and "source" in speakers)
    ]
