"""Documents as rows of a unit's table, in the version's scheme."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from pipeline.draws import fraction
from pipeline.objections import was_rewritten
from pipeline.voices.render import render, store
from schemas.document import Document, Note, Outcome, OutcomeKind, Span, flat
from schemas.scheme import Scheme


def row_of(
    document: Document, outcome: Outcome, scheme: Scheme, validation_share: float
) -> dict[str, Any]:
    """Return a row of schema ``UNIT``."""
    written = document.rewrite is not None
    spans = _placed(document)
    stored = store(spans, scheme) if written else None
    inferred = document.inferred
    metadata = {
        name: value if value is not None else inferred.get(name)
        for name, value in flat(document.metadata).items()
    }
    return {
        "id": document.id,
        "text": stored.text if stored else None,
        "spans": [flat(span) for span in stored.spans] if stored else None,
        "form": (document.form if was_rewritten(document) else "verbatim") if written else "",
        "source_id": document.source_id,
        "source_sha256": document.source_sha256,
        **metadata,
        "inferred": sorted(inferred),
        "writer": document.rewrite.writer or None if document.rewrite else None,
        "quality": quality(document.notes),
        "synthetic_share": synthetic_share(document),
        "split": split_of(document.source_id, validation_share),
        "part_of": document.source_id if document.part is not None else None,
        "part": document.part,
        "outcome": outcome.kind.value,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "place": document.place,
        "source_text": "".join(s.text for s in spans) if document.trusted else document.text,
        "notes": [_note(note, scheme) for note in document.notes],
    }


def _placed(document: Document) -> Sequence[Span]:
    """Return the document's spans; those of trusted text are all from its source.

    While it is judged, its AI spans have no place in the source, as those of a model have none.
    """
    if not document.trusted:
        return document.spans
    ends = accumulate((len(span.text) for span in document.spans), initial=0)
    return [replace(s, source_start=start) for s, start in zip(document.spans, ends, strict=False)]


def _note(note: Note, scheme: Scheme) -> dict[str, Any]:
    return {
        "by": note.by,
        "decision": note.decision.value,
        "reason": note.reason,
        "detail": note.detail,
        "scores": list(note.scores.items()),
        "inferred": list(note.inferred.items()),
        "confidence": list(note.confidence.items()),
        "suits": list(note.suits),
        "form": note.form,
        "findings": [flat(finding) for finding in note.findings],
        "objections": [flat(objection) for objection in note.objections],
        "votes": list(note.votes.items()),
        "by_chance": note.by_chance,
        "text": None if note.spans is None else render(note.spans, scheme),
        "stops": [flat(stop) for stop in note.stops],
    }


def quality(notes: Sequence[Note]) -> float | None:
    """Return the mean of the newest score of every kind, 0 to 1; None if nothing was scored."""
    scores: dict[str, float] = {}
    for note in notes:
        scores.update(note.scores)
    return sum(scores.values()) / len(scores) if scores else None


def synthetic_share(document: Document) -> float:
    """Return which share of the document's characters a model wrote, 0 to 1."""
    if document.trusted:
        return 0.0
    total = sum(len(span.text) for span in document.spans)
    made = sum(len(span.text) for span in document.spans if span.source_start is None)
    return made / total if total else 0.0


def split_of(source_id: str, validation_share: float) -> str:
    """Return ``train`` or ``validation``, by hash, the same for all parts of a source text."""
    return "validation" if fraction("split", source_id) < validation_share else "train"


def counted(pairs: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return documents by outcome, then by reason, from counts of (outcome, reason) pairs."""
    counts: dict[str, dict[str, int]] = {}
    for (kind, reason), count in sorted(pairs.items()):
        counts.setdefault(kind, {})[reason] = count
    order = [kind.value for kind in OutcomeKind]
    return dict(sorted(counts.items(), key=lambda item: order.index(item[0])))
