"""Documents, the voices in them, and what passes say about them.

Everything here is frozen: a pass adds a note and gets a new document back.
These flow by the million, so they are dataclasses; what comes from outside is
validated by the pydantic models of the other files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


def flat(thing: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return a dataclass of plain values as a dict, in a quarter of ``asdict``'s time."""
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


class Voice(StrEnum):
    """Who speaks."""

    HUMAN = "human"
    AI = "ai"
    QUOTED_HUMAN = "quoted_human"
    QUOTED_AI = "quoted_ai"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of clean text in one voice.

    Attributes:
        voice: Who speaks.
        text: What is said, without tags or escapes.
        source_start: Where this text begins in the document's source text, in code points; None
            where a model wrote it.
    """

    voice: Voice
    text: str
    source_start: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span as Parquet holds it: a half-open range, in code points, of the stored tagged text.

    Tags and escapes lie in the gaps between stored spans, so joining the slices gives clean text.
    """

    voice: Voice
    start: int
    end: int
    source_start: int | None = None


class Decision(StrEnum):
    """What a note does to its document."""

    KEEP = "keep"
    OBJECT = "object"
    REJECT = "reject"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    QUARANTINE = "quarantine"


class OutcomeKind(StrEnum):
    """Where a document stands. Every document has exactly one."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    HELD = "held"
    QUARANTINED = "quarantined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a document stands, and why."""

    kind: OutcomeKind
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a pass found in the source, by sentence number.

    Attributes:
        kind: ``act`` (against others), ``hazard`` (dangerous knowledge), ``question`` (to an AI)
            or ``mistaken`` (a writer holds that this act is none).
        label: Which one, in the taxonomy of the prompt that found it.
        first: Number of the first sentence, counted from 1.
        last: Number of the last sentence, inclusive.
        severity: 0 (named only) to 3 (grave).
        remark: A few words on who is harmed, or why.
        motive: What drives the person who acts, in the taxonomy of the prompt.
        harm: What is taken or hurt, in the taxonomy of the prompt.
        whom: Who is harmed, in the taxonomy of the prompt.
    """

    kind: str
    label: str
    first: int
    last: int
    severity: int = 1
    remark: str = ""
    motive: str = ""
    harm: str = ""
    whom: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place of a rewrite where the AI ends something before it becomes dangerous.

    Attributes:
        hazard: What would have come, in the taxonomy of the screening.
        voice: Whose words are ended: a human's own, a human's whom the AI quotes, or the AI's.
        place: How much of the rewrite's clean text stands before it, 0 to 1.
    """

    hazard: str
    voice: Voice
    place: float


@dataclass(frozen=True, slots=True)
class Objection:
    """What a reviewer or the lint has against a rewrite.

    Attributes:
        rubric: The rubric, or ``lint``.
        code: The failure's name, stable for counting.
        what: A sentence for the reviser.
        sentence: The source sentence it is about, or None if it is about the whole.
        clause: The clause of the constitution it rests on, or "".
    """

    rubric: str
    code: str
    what: str
    sentence: int | None = None
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What one pass said about one document.

    Attributes:
        decision: What this does to the document.
        reason: A short code, stable for counting.
        detail: A sentence for people.
        scores: Numbers in 0 to 1, by what was scored.
        inferred: Metadata that a model filled in, by field name.
        confidence: How sure it was of each of them, 0 to 1.
        suits: Names of the forms that would suit the document.
        form: The form that the document was given.
        findings: What was found in the source.
        objections: What is held against the rewrite.
        votes: What each juror decided, by name.
        by_chance: Whether it was drawn for them by chance, whatever else brought it before them.
        spans: The document's new voices, or None if the pass wrote nothing.
        stops: Where in them the AI ends something dangerous, in order.
        writer: The model that wrote the spans, or "" if none did.
        by: The pass; filled in by the journey.
    """

    decision: Decision
    reason: str = ""
    detail: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    inferred: Mapping[str, str] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
    suits: tuple[str, ...] = ()
    form: str = ""
    findings: tuple[Finding, ...] = ()
    objections: tuple[Objection, ...] = ()
    votes: Mapping[str, str] = field(default_factory=dict)
    by_chance: bool = False
    spans: tuple[Span, ...] | None = None
    stops: tuple[Stop, ...] = ()
    writer: str = ""
    by: str = ""

    @classmethod
    def keep(cls) -> "Note":
        """Return a note that lets the document go on."""
        return cls(Decision.KEEP)

    @classmethod
    def reject(cls, reason: str, detail: str = "") -> "Note":
        """Return a note that ends the document's way, with a reason code and a sentence."""
        return cls(Decision.REJECT, reason, detail)


METADATA_FIELDS = (
    "author",
    "author_type",
    "published",
    "media_type",
    "topic",
    "language",
    "license",
    "url",
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a source text from outside; None where the source does not say."""

    author: str | None = None
    author_type: str | None = None
    published: str | None = None
    media_type: str | None = None
    topic: str | None = None
    language: str | None = None
    license: str | None = None
    url: str | None = None


_SETTLED = {
    Decision.REJECT: OutcomeKind.REJECTED,
    Decision.DUPLICATE: OutcomeKind.DUPLICATE,
    Decision.HOLD: OutcomeKind.HELD,
    Decision.QUARANTINE: OutcomeKind.QUARANTINED,
}


@dataclass(frozen=True, slots=True)
class Document:
    """One source text, its metadata, its voices so far, and every note left on it.

    Attributes:
        id: Unique in the corpus: the source id, and ``#part`` where a text was split.
        source_id: ``source/own id`` of the row it came from; the same for all its parts.
        source_sha256: Hex digest of ``text`` as UTF-8, after scrubbing.
        text: The source text, scrubbed of what cannot be text.
        place: ``file:row``, for people.
        metadata: What the source says about it.
        part: 0-based number among the parts of a split text, or None if it is whole.
        notes: In the order in which they were left.
    """

    id: str
    source_id: str
    source_sha256: str
    text: str
    place: str
    metadata: Metadata = Metadata()
    part: int | None = None
    notes: tuple[Note, ...] = ()

    def add(self, by: str, note: Note) -> "Document":
        """Return the document with one more note, signed by the pass that left it."""
        return replace(self, notes=(*self.notes, replace(note, by=by)))

    def latest(self, by: str) -> Note | None:
        """Return the last note that pass ``by`` left, or None."""
        return next((n for n in reversed(self.notes) if n.by == by), None)

    @property
    def rewrite(self) -> Note | None:
        """The last note that wrote spans, or None while nothing was written."""
        return next((n for n in reversed(self.notes) if n.spans is not None), None)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The voices so far: the last rewrite, or the whole source in the human voice."""
        note = self.rewrite
        if note is None or note.spans is None:
            return (Span(Voice.HUMAN, self.text, 0),)
        return note.spans

    @property
    def trusted(self) -> bool:
        """Whether its voices came with it: aligned text that people wrote."""
        return any(note.by == "door" and note.spans is not None for note in self.notes)

    @property
    def form(self) -> str:
        """The form it was given last, or "" before the draw."""
        return next((n.form for n in reversed(self.notes) if n.form), "")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the source, in order; what a writer disputes, while its words stand."""
        rewrite = self.rewrite
        return tuple(f for n in self.notes if n.spans is None or n is rewrite for f in n.findings)

    @property
    def flagged(self) -> bool:
        """Whether an act against others or a hazard was found that is more than named."""
        return any(f.kind in ("act", "hazard") and f.severity > 0 for f in self.findings)

    @property
    def inferred(self) -> dict[str, str]:
        """Metadata that a model filled in, where the source itself was silent."""
        found: dict[str, str] = {}
        for note in self.notes:
            found.update({k: v for k, v in note.inferred.items() if v})
        return {k: v for k, v in found.items() if getattr(self.metadata, k, "") is None}

    @property
    def settled(self) -> Outcome | None:
        """The outcome if a note has ended this document's way, else None."""
        for note in self.notes:
            if note.decision in _SETTLED:
                return Outcome(_SETTLED[note.decision], note.reason, note.detail)
        return None
