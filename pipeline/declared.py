"""What a writer declares beside its text, with words or a number by which code can check it.

Where the AI ends something before it becomes dangerous, and which of the screening's findings are
none.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from pipeline.anchors import places
from pipeline.findings import Range, hazards
from pipeline.forms import AssemblyError, Rewrite
from pipeline.sentences import MAX_SENTENCE
from pipeline.taxonomy import Act, Hazard
from pipeline.voices.words import words
from schemas.document import Document, Finding, Objection, Span, Stop, Voice

# Somebody who stops has begun: four words are said before, and a turn of speech opens a remark.
_BEGUN_WORDS = 4
_TURN_WORDS = 40
_END = 1 << 62


class Stopped(BaseModel):
    """A place where the AI ends something before its danger."""

    hazard: Hazard
    voice: Literal["human", "quoted_human", "ai"] = Field(
        description="whose words are ended: a human's own, a quoted human's, or the AI's"
    )
    words: str = Field(
        min_length=3,
        max_length=200,
        description="three to eight of the AI's words with which it turns away, as they stand",
    )


class Mistaken(BaseModel):
    """An act that the screening found and that is none."""

    first: int = Field(ge=1, le=MAX_SENTENCE, description="the act's first sentence")
    label: Act | None = Field(
        default=None, description="its label; null if no other act begins with that sentence"
    )
    why: str = Field(min_length=1, max_length=200)


def stops(
    spans: Sequence[Span], declared: Sequence[Stopped]
) -> tuple[tuple[Stop, ...], list[Objection]]:
    """Return the declared stops with their places, and what is wrong with others of them.

    Words that the AI says several times stand for as many stops, in order.
    """
    found: list[Stop] = []
    faults: list[Objection] = []
    taken: set[tuple[int, int]] = set()
    total = sum(len(span.text) for span in spans)
    for stopped in declared:
        said = [at for at in _places(spans, stopped.words) if at not in taken]
        at = next((at for at in said if not _misplaced(spans, stopped, *at)), None)
        if at:
            taken.add(at)
            index, offset = at
            # A human's words end where the AI begins; its own and a quotation's, where it turns.
            offset = 0 if stopped.voice == "human" else offset
            before = sum(len(span.text) for span in spans[:index]) + offset
            found.append(Stop(stopped.hazard, Voice(stopped.voice), before / total))
        elif said:
            what = _misplaced(spans, stopped, *said[0])
            faults.append(Objection("lint", "stop_misplaced", what))
        else:
            what = f"the AI does not say {stopped.words!r}, with which a stop is declared"
            faults.append(Objection("lint", "stop_missing", what))
    return tuple(found), faults


def _places(spans: Sequence[Span], said: str) -> list[tuple[int, int]]:
    """Return where the AI says the words: the number of its span, and where in it they begin."""
    return [
        (index, start)
        for index, span in enumerate(spans)
        if span.voice == Voice.AI
        for start, _ in places(span.text, said)
    ]


def _misplaced(spans: Sequence[Span], stopped: Stopped, index: int, offset: int) -> str:
    """Return why the words are not where the AI ends this voice; "" if they are."""
    own = len(words(spans[index].text[:offset]))
    before = spans[index - 1].voice if index else None
    if stopped.voice == "ai":
        if before == Voice.QUOTED_HUMAN:
            own += _BEGUN_WORDS
        begun = own >= _BEGUN_WORDS
        return "" if begun else f"before {stopped.words!r} the AI has not begun to say anything"
    if before != stopped.voice or own > _TURN_WORDS:
        return f"{stopped.words!r} does not follow words of the voice {stopped.voice}"
    return ""


def replaced(spans: Sequence[Span], dangers: Sequence[tuple[str, Range]]) -> tuple[Stop, ...]:
    """Return a stop for each dangerous stretch of the source in whose place the AI speaks.

    Args:
        spans: A rewrite that keeps the source's order.
        dangers: Label and range of what is dangerous in the source; how one begins may be left.
    """
    total = sum(len(span.text) for span in spans)
    found: list[Stop] = []
    read, offset, spoken = 0, 0, None
    for span in (*spans, Span(Voice.HUMAN, "", _END)):
        if span.source_start is not None:
            if spoken is not None:
                found += [
                    Stop(label, Voice.HUMAN, spoken / total)
                    for label, (start, end) in dangers
                    if start < span.source_start and read < end <= span.source_start
                ]
            read, spoken = span.source_start + len(span.text), None
        elif span.voice == Voice.AI and spoken is None:
            spoken = offset
        offset += len(span.text)
    return tuple(found)


def mistaken(
    document: Document, declared: Sequence[Mistaken]
) -> tuple[tuple[Finding, ...], list[Objection]]:
    """Return the disputed acts, and an objection to each dispute that names none, or several.

    A hazard cannot be disputed: what is dangerous is not for the writer of a rewrite to clear.
    """
    found: list[Finding] = []
    faults: list[Objection] = []
    for dispute in declared:
        acts = {
            f.label: f
            for f in document.findings
            if f.kind == "act" and f.first == dispute.first and dispute.label in (None, f.label)
        }
        if len(acts) == 1:
            [act] = acts.values()
            found.append(Finding("mistaken", act.label, act.first, act.last, 0, dispute.why))
        elif acts:
            what = f"{' and '.join(acts)} begin with sentence {dispute.first}: give a `label`"
            faults.append(Objection("lint", "finding_unclear", what, dispute.first))
        else:
            act_named = dispute.label or "act"
            what = f"the screening found no {act_named} that begins with sentence {dispute.first}"
            faults.append(Objection("lint", "finding_missing", what, dispute.first))
    return tuple(found), faults


def checked(
    document: Document,
    spans: tuple[Span, ...],
    disputes: Sequence[Mistaken],
    stopped: Sequence[Stopped],
) -> Rewrite:
    """Return spans as a rewrite, with what its writer declares about it.

    Raises:
        AssemblyError: A declaration fits neither the spans nor what was found.
    """
    denied, unknown = mistaken(document, disputes)
    found, wrong = stops(spans, stopped)
    if unknown or wrong:
        raise AssemblyError([*unknown, *wrong])
    # One place, one stop: what code has seen may have been declared as well.
    ended = dict.fromkeys((*replaced(spans, hazards(document)), *found))
    return Rewrite(spans, tuple(sorted(ended, key=lambda stop: stop.place)), denied)
