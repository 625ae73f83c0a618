"""What a corpus shows, and what it does not: forms, stops, acts, and how its jurors agree.

What the AI was never shown doing it will not do, so what is missing is counted as well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.corpus.acts import Commentary, acts_of, disputed
from pipeline.corpus.intervals import share_of
from pipeline.corpus.juries import COLUMNS as VOTES
from pipeline.corpus.juries import Juries, JuryTally
from pipeline.corpus.outcomes import standing_documents
from pipeline.corpus.plans import finished, read_plan, standings
from pipeline.corpus.stops import Cell, Stops, ai_stretches, stops_of
from pipeline.dedup.decisions import output_decisions
from pipeline.store import Folder
from pipeline.voices.reach import Met
from schemas.document import OutcomeKind, Voice

REWRITTEN_TARGET = 1 / 3
"""Which share of the accepted documents is to be rewritten; the others are as they were."""

COLUMNS = [
    "text",
    "spans",
    "form",
    "language",
    "inferred",
    "source_text",
    *(f"notes.list.element.{name}" for name in ("by", "form", "findings", "text", "stops")),
    *VOTES,
]
# Rows are made of Arrow's columns so many at a time, since a unit may be large.
_ROWS_AT_ONCE = 256
# Words that somebody else wrote, or left: neither is a rewrite.
_NOT_REWRITTEN = ("verbatim", "trusted")


@dataclass(frozen=True)
class FormShare:
    """One form against its target.

    Attributes:
        form: Its name.
        target: Its weight in the recipe as a share, 0 to 1; None if it was never to be drawn.
        drawn: How many documents drew it, whatever became of them.
        accepted: How many accepted documents have it. A writer who abstains leaves ``verbatim``.
        share: Which share of the accepted documents that is; None if there are none.
    """

    form: str
    target: float | None
    drawn: int
    accepted: int
    share: float | None


@dataclass(frozen=True)
class Coverage:
    """What a corpus shows.

    Attributes:
        documents: How many documents the finished units hold.
        accepted: How many of them are accepted.
        forms: Those of the recipe in its order, then others that occur.
        stops: Where the AI ends something dangerous.
        commentary: Where it speaks of acts.
        juries: How the jurors agree.
    """

    documents: int
    accepted: int
    forms: tuple[FormShare, ...]
    stops: Stops
    commentary: Commentary
    juries: Juries

    @property
    def rewritten(self) -> int:
        """How many accepted documents hold what our writers wrote: not verbatim, not trusted."""
        return sum(one.accepted for one in self.forms if one.form not in _NOT_REWRITTEN)

    @property
    def rewritten_share(self) -> float | None:
        """Which share of the accepted documents that is; None if there are none."""
        return share_of(self.rewritten, self.accepted)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; shares are 0 to 1, or null if they are of nothing."""
        return {
            "documents": self.documents,
            "accepted": self.accepted,
            "forms": [asdict(one) for one in self.forms],
            "rewritten": {
                "documents": self.rewritten,
                "share": self.rewritten_share,
                "target": REWRITTEN_TARGET,
            },
            "stops": self.stops.as_json(),
            "commentary": self.commentary.as_json(),
            "juries": self.juries.as_json(),
        }


def coverage(corpus: Folder) -> Coverage:
    """Return what the finished units of a corpus folder show; one of them is read at a time.

    Raises:
        VersionError: No build was ever started there.
        ConservationError: Documents do not add up.
        CorruptError: A manifest or table is damaged.
    """
    plan = read_plan(corpus)
    done = finished(standings(corpus, plan))
    decisions = output_decisions(corpus, [manifest for _, manifest in done])
    tables = (table for _, table in standing_documents(done, decisions, COLUMNS))
    return coverage_of(tables, plan.forms)


def coverage_of(tables: Iterable[pa.Table], weights: Mapping[str, float]) -> Coverage:
    """Return what documents show.

    Args:
        tables: Documents with ``outcome`` and ``COLUMNS``, as in schema ``UNIT``.
        weights: Of the forms, as the recipe has them.
    """
    tally = _Tally()
    for row in _rows(tables):
        tally.add(row)
    return tally.coverage(weights)


def _rows(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    for table in tables:
        for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
            yield from batch.to_pylist()


@dataclass
class _Tally:
    """Counts that grow row by row."""

    documents: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    stops: Counter[Cell] = field(default_factory=Counter)
    ai_documents: int = 0
    ai_spans: int = 0
    met: Counter[Met] = field(default_factory=Counter)
    disputed: int = 0
    juries: JuryTally = field(default_factory=JuryTally)

    def add(self, row: dict[str, Any]) -> None:
        self.documents += 1
        if form := _drawn(row):
            self.drawn[form] += 1
        self.juries.add(row)
        if row["outcome"] != OutcomeKind.ACCEPTED:
            return
        self.forms[row["form"]] += 1
        cells = stops_of(row)
        self.stops.update(cells)
        self.ai_documents += any(voice == Voice.AI for _, voice, _ in cells)
        self.ai_spans += ai_stretches(row)
        self.met.update(where for _, where in acts_of(row))
        self.disputed += len(disputed(row))

    def coverage(self, weights: Mapping[str, float]) -> Coverage:
        accepted, whole = self.forms.total(), sum(weights.values())
        return Coverage(
            documents=self.documents,
            accepted=accepted,
            forms=tuple(
                FormShare(
                    form,
                    weights[form] / whole if form in weights else None,
                    self.drawn[form],
                    self.forms[form],
                    share_of(self.forms[form], accepted),
                )
                for form in dict.fromkeys([*weights, *sorted({*self.drawn, *self.forms})])
            ),
            stops=Stops(dict(self.stops), self.ai_documents, self.ai_spans),
            commentary=Commentary(dict(self.met), self.disputed),
            juries=self.juries.juries(),
        )


def _drawn(row: dict[str, Any]) -> str:
    """Return the form that a document was given last by whoever wrote it; "" before its draw."""
    names = (n["form"] for n in reversed(row["notes"]) if n["by"] in ("draft", "revise"))
    return next((name for name in names if name), "")
