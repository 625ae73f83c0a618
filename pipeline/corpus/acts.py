"""Acts in the documents of a unit's table, and where the AI speaks of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pipeline.corpus.intervals import share_of, wilson
from pipeline.sentences import sentences
from pipeline.voices.reach import Met, where_met
from pipeline.voices.render import restore
from schemas.document import Span, StoredSpan, Voice

Act = tuple[str, int, int]
"""What it is called, its first sentence and its last."""


@dataclass(frozen=True)
class Commentary:
    """Acts that the screening found in accepted documents, and where the AI speaks of them.

    Attributes:
        met: How many acts, by where the AI speaks; not those that are disputed.
        disputed: How many the writer held to be none.
    """

    met: Mapping[Met, int]
    disputed: int

    @property
    def acts(self) -> int:
        """How many acts are to be met."""
        return sum(self.met.values())

    @property
    def covered(self) -> int:
        """Before or around how many of them the AI speaks."""
        return self.met.get(Met.BEFORE_OR_AROUND, 0)

    @property
    def share(self) -> float | None:
        """Which share that is; None if there is no act."""
        return share_of(self.covered, self.acts)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of that share."""
        return wilson(self.covered, self.acts)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        counts = {where.value: self.met.get(where, 0) for where in Met}
        return counts | {
            "disputed": self.disputed,
            "share": self.share,
            "interval": list(self.interval),
        }


def acts_of(row: dict[str, Any]) -> Iterator[tuple[Act, Met]]:
    """Yield every act that was found and is not disputed, with where the AI speaks of it.

    Args:
        row: Of schema ``UNIT``; it was written.
    """
    denied = disputed(row)
    acts = [act for act in _found(row) if act not in denied]
    if not acts:
        return
    text, spans = _as_screened(row)
    # Sentences were numbered by what the source said of its language, which often is nothing.
    language = None if "language" in row["inferred"] else row["language"]
    anchors = sentences(text, language)
    for act in acts:
        _, first, last = act
        if 1 <= first <= len(anchors):
            end = anchors[min(last, len(anchors)) - 1].end
            yield act, where_met(spans, (anchors[first - 1].start, end))


def disputed(row: dict[str, Any]) -> frozenset[Act]:
    """Return the acts that the writer of what stands held to be none, by label and sentence."""
    denied = {(f["label"], f["first"]) for f in _findings(row) if f["kind"] == "mistaken"}
    return frozenset(act for act in _found(row) if act[:2] in denied)


def _found(row: dict[str, Any]) -> list[Act]:
    """Return the acts that are more than named, each once however often it was found."""
    found = (f for f in _findings(row) if f["kind"] == "act" and f["severity"] > 0)
    return list(dict.fromkeys((f["label"], f["first"], f["last"]) for f in found))


def _findings(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what was found; what a writer disputed, only if its words are those that stand."""
    written = [number for number, note in enumerate(row["notes"]) if note["text"] is not None]
    for number, note in enumerate(row["notes"]):
        if number not in written[:-1]:
            yield from note["findings"] or ()


def _as_screened(row: dict[str, Any]) -> tuple[str, list[Span]]:
    """Return the text in which acts were found, and the row's spans with places in it.

    Of trusted text that is what stands in the human voice alone, while the row's ``source_text`` is
    all of it.
    """
    stored = [
        StoredSpan(Voice(s["voice"]), s["start"], s["end"], s["source_start"]) for s in row["spans"]
    ]
    spans = restore(row["text"], stored)
    if not any(note["by"] == "door" and note["text"] is not None for note in row["notes"]):
        return row["source_text"], spans
    human = [span.text if span.voice == Voice.HUMAN else "" for span in spans]
    placed = [
        Span(span.voice, span.text, start if span.voice == Voice.HUMAN else None)
        for span, start in zip(spans, accumulate(map(len, human), initial=0), strict=False)
    ]
    return "".join(human), placed
