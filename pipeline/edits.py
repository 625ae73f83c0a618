"""Anchored edits: what the AI says, put into a source whose other words stay as they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from pipeline.anchors import AnchorError, sentence_at, stretch
from pipeline.forms import AssemblyError
from pipeline.sentences import MAX_SENTENCE, Sentence
from pipeline.voices.lint import move_fault
from pipeline.voices.parse import parse
from pipeline.voices.scheme import working_scheme
from schemas.document import Objection, Span, Voice
from schemas.errors import ParseError

_NUMBER = re.compile(r"\s*\[?(\d{1,8})\]?\s*")
# At one place, what is said after a sentence comes before what is said before the next one.
_ORDER = {"after": 0, "before": 1, "replace": 2}


def _number(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds; the field checks it
    """Return a number that was written as words: ``3`` and ``[3]``, as sentences are shown."""
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match else value


Anchored = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=MAX_SENTENCE)]
    | Annotated[str, Field(min_length=2, max_length=200)],
    BeforeValidator(_number),
]


class Edit(BaseModel):
    """One remark: what the AI says, and where it stands."""

    place: Literal["before", "after", "replace"]
    first: Anchored = Field(
        description="number of the sentence, or of the first one replaced; or words quoted from it"
    )
    last: Anchored | None = Field(
        default=None, description="the same, for the end of what is replaced; null if it is first"
    )
    text: str = Field(min_length=1, max_length=2000)


@dataclass(frozen=True, slots=True)
class _Remark:
    """What is said, and the range of the source that it takes the place of; often an empty one."""

    start: int
    end: int
    order: int
    number: int
    spans: tuple[Span, ...]


def edited(text: str, sentences: Sequence[Sentence], edits: Sequence[Edit]) -> tuple[Span, ...]:
    """Return the source with the remarks in it, source places kept; none of the spans is empty.

    Raises:
        AssemblyError: An anchor is missing or ambiguous, two edits overlap, or a remark leaves the
            AI's voice otherwise than by a closed quotation. All objections are given at once.
    """
    objections: list[Objection] = []
    remarks: list[_Remark] = []
    for edit in edits:
        number = edit.first if isinstance(edit.first, int) else None
        try:
            start, end, number, said = _placed(edit, text, sentences)
        except AnchorError as error:
            objections.append(Objection("lint", error.code, str(error), number))
            start, end, said = 0, 0, edit.text
        spans, faults = spoken(said, number)
        objections += faults
        remarks.append(_Remark(start, end, _ORDER[edit.place], number or 0, spans))
    # Stable: remarks of one kind at one place stand in the order in which they were written.
    remarks.sort(key=lambda remark: (remark.start, remark.order))
    objections += _overlaps(remarks)
    if objections:
        raise AssemblyError(objections)
    return tuple(span for span in _woven(text, remarks) if span.text)


def _placed(edit: Edit, text: str, sentences: Sequence[Sentence]) -> tuple[int, int, int, str]:
    """Return the range that an edit replaces, its sentence's number, and what it puts there."""
    said = edit.text.strip()
    if edit.place == "replace":
        gone = stretch(text, sentences, edit.first, edit.last)
        return gone.start, gone.end, gone.first.number, said
    if edit.last not in (None, edit.first):
        what = f"a remark {edit.place} {edit.first!r} cannot end at {edit.last!r}"
        raise AnchorError("anchor_unclear", what)
    at = sentence_at(text, sentences, edit.first)
    beside = at.number - 2 if edit.place == "before" else at.number
    neighbour = sentences[beside] if 0 <= beside < len(sentences) else None
    # The white space that sets a remark off belongs to the AI: joined human spans stay the source.
    gap = " " if neighbour and neighbour.paragraph == at.paragraph else "\n\n"
    if edit.place == "before":
        return at.start, at.start, at.number, said + gap
    return at.end, at.end, at.number, gap + said


def spoken(said: str, number: int | None) -> tuple[tuple[Span, ...], list[Objection]]:
    """Return the spans of what the AI says, and what keeps them from being its words and quotes.

    Args:
        said: Text in the AI's voice, with tags around what it quotes.
        number: The sentence that an objection is to name.
    """
    try:
        spans = tuple(parse(said, working_scheme(), start=Voice.AI))
    except ParseError as error:
        return (), [move_fault(error, number)]
    faults: list[Objection] = []
    # A remark that closes its own tag and opens it again would put words in a human's mouth.
    if Voice.HUMAN in {span.voice for span in spans}:
        what = "what the AI says is all in its voice; quote a human with <AI_quoting_human>"
        faults.append(Objection("lint", "illegal_move", what, number))
    if not any(char.isalnum() for s in spans if s.voice == Voice.AI for char in s.text):
        what = "the AI says something of its own, outside what it quotes"
        faults.append(Objection("lint", "no_words", what, number))
    return spans, faults


def _overlaps(remarks: Sequence[_Remark]) -> list[Objection]:
    faults: list[Objection] = []
    gone_to = 0
    for remark in remarks:
        if remark.start < gone_to:
            what = f"sentence {remark.number} is already replaced by another edit"
            faults.append(Objection("lint", "anchor_overlap", what, remark.number))
        gone_to = max(gone_to, remark.end)
    return faults


def _woven(text: str, remarks: Sequence[_Remark]) -> list[Span]:
    spans: list[Span] = []
    position = 0
    for remark in remarks:
        spans.append(Span(Voice.HUMAN, text[position : remark.start], position))
        spans += remark.spans
        position = remark.end
    return [*spans, Span(Voice.HUMAN, text[position:], position)]
