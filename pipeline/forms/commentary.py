"""Remarks of the AI between sentences that stay word for word as they were."""

from typing import Literal

from pydantic import BaseModel, Field

from pipeline.fence import numbered
from pipeline.forms import AssemblyError, Form
from pipeline.sentences import MAX_SENTENCE, Sentence
from pipeline.voices.render import parse
from schemas.document import Document, Objection, Span, Voice
from schemas.errors import ParseError
from schemas.scheme import Scheme


class Edit(BaseModel):
    """One remark: what the AI says, and where it stands."""

    place: Literal["before", "after", "replace"]
    first: int = Field(
        ge=1, le=MAX_SENTENCE, description="number of the sentence, or of the first one replaced"
    )
    last: int = Field(
        ge=1, le=MAX_SENTENCE, description="the same number, or that of the last one replaced"
    )
    text: str = Field(min_length=1, max_length=2000)


class Edits(BaseModel):
    """All remarks on one document; none where nothing is at stake."""

    edits: list[Edit] = Field(max_length=60)


class Commentary(Form):
    """Adds remarks by anchored edits; the humans' words are never copied by a model."""

    @property
    def reply(self) -> type[BaseModel] | None:
        """The list of edits."""
        return Edits

    def assemble(self, document: Document, reply: BaseModel | None) -> tuple[Span, ...]:
        """Return the source with the remarks in it.

        Raises:
            AssemblyError: An edit names a sentence that is not there, two edits overlap, or a
                remark leaves the AI's voice otherwise than by a closed quotation.
        """
        if not isinstance(reply, Edits):
            raise TypeError(f"commentary is assembled from Edits, not {type(reply).__name__}")
        anchors = numbered(document)
        order = {"before": 0, "replace": 1, "after": 2}
        edits = sorted(reply.edits, key=lambda edit: (edit.first, order[edit.place]))
        objections = [*_misplaced(edits, len(anchors)), *_ungrammatical(edits, self.kit.scheme)]
        if objections:
            raise AssemblyError(objections)
        spans: list[Span] = []
        position = 0
        for edit in edits:
            first, last = anchors[edit.first - 1], anchors[edit.last - 1]
            stop = last.end if edit.place == "after" else first.start
            spans.append(Span(Voice.HUMAN, document.text[position:stop], position))
            spans += _remark(edit, anchors, self.kit.scheme)
            position = last.end if edit.place == "replace" else stop
        spans.append(Span(Voice.HUMAN, document.text[position:], position))
        return tuple(span for span in spans if span.text)


def _misplaced(edits: list[Edit], count: int) -> list[Objection]:
    faults: list[Objection] = []
    replaced_to = 0
    for edit in edits:
        if edit.first > edit.last or edit.last > count:
            what = f"sentences {edit.first} to {edit.last} do not exist; there are {count}"
            faults.append(Objection("lint", "anchor_missing", what, edit.first))
        elif edit.place != "replace" and edit.first != edit.last:
            what = f"a remark {edit.place} sentence {edit.first} cannot end at {edit.last}"
            faults.append(Objection("lint", "anchor_unclear", what, edit.first))
        elif edit.first <= replaced_to:
            what = f"sentence {edit.first} is already replaced by another edit"
            faults.append(Objection("lint", "anchor_overlap", what, edit.first))
        if edit.place == "replace":
            replaced_to = max(replaced_to, edit.last)
    return faults


def _ungrammatical(edits: list[Edit], scheme: Scheme) -> list[Objection]:
    faults: list[Objection] = []
    for edit in edits:
        try:
            spans = parse(edit.text, scheme, start=Voice.AI)
        except ParseError as error:
            faults.append(Objection("lint", "illegal_move", f"{error} ({error.hint})", edit.first))
            continue
        # A remark that closes its own tag and opens it again would put words in a human's mouth.
        if Voice.HUMAN in {span.voice for span in spans}:
            what = "a remark is all in the AI's voice; quote a human with <AI_quoting_human>"
            faults.append(Objection("lint", "illegal_move", what, edit.first))
        if not any(char.isalnum() for s in spans if s.voice == Voice.AI for char in s.text):
            what = "a remark says something of its own, outside what it quotes"
            faults.append(Objection("lint", "no_words", what, edit.first))
    return faults


def _remark(edit: Edit, anchors: tuple[Sentence, ...], scheme: Scheme) -> list[Span]:
    """Return the remark's spans, set off from its neighbours by white space of its own.

    The white space belongs to the AI: joined human spans stay exactly the source.
    """
    text, at = edit.text.strip(), edit.first - 1
    if edit.place == "before":
        alone = at == 0 or anchors[at].paragraph != anchors[at - 1].paragraph
        text += "\n\n" if alone else " "
    elif edit.place == "after":
        alone = at + 1 == len(anchors) or anchors[at].paragraph != anchors[at + 1].paragraph
        text = ("\n\n" if alone else " ") + text
    return parse(text, scheme, start=Voice.AI)
