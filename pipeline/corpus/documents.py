"""Documents of a corpus as people look at them: found by name, or drawn by outcome."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus.answers import answers_about
from pipeline.corpus.outcomes import Finished, standing_documents
from pipeline.corpus.plans import finished, known_cuts, read_plan, standings
from pipeline.dedup.decisions import Decisions, output_decisions
from pipeline.draws import fraction
from pipeline.rows import row_of
from pipeline.store import Folder
from pipeline.units import planned_units, unit_documents
from pipeline.workshop import Workshop
from schemas.document import Outcome, OutcomeKind
from schemas.errors import VersionError, nearest
from schemas.tables import UNIT
from schemas.unit import UnitManifest

# Decided before any question was asked; asking again changes nothing.
_BEFORE_ASKING = ("door", "gate", "plan")
_MAPS = ("scores", "inferred", "confidence", "votes")
_FAILING = (
    ("quarantined", None),
    ("held", None),
    ("rejected", "damaged"),
    ("rejected", "unreadable"),
)


@dataclass(frozen=True)
class Wanted:
    """Which documents are meant; what is None or empty leaves all.

    Attributes:
        outcome: Their outcome.
        reason: Its reason.
        source: Their source's name.
        language: Their language.
        form: Their form.
    """

    outcome: str | None = None
    reason: str | None = None
    source: str | None = None
    language: str | None = None
    form: str | None = None

    def among(self, table: pa.Table) -> pa.Table:
        """Return the rows of a unit's table that are meant."""
        for column in ("outcome", "reason", "language", "form"):
            value = getattr(self, column)
            if value is not None:
                table = table.filter(pc.equal(table[column], value))
        return table


@dataclass(frozen=True)
class Seen:
    """A document with everything that is known about it.

    Attributes:
        unit: The name of its unit.
        row: Its row of schema ``UNIT``, outcome and reason as they stand now.
        answers: Every answer about it, oldest first, as rows of schema ``LEDGER``.
    """

    unit: str
    row: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)

    def brief(self) -> dict[str, str]:
        """Return what it is called, where it stands and why, as plain JSON values."""
        names = ("id", "place", "outcome", "reason", "detail")
        return {name: self.row[name] for name in names} | {"unit": self.unit}

    def as_json(self) -> dict[str, Any]:
        """Return all that is known about it; digests and times are for the caller to write."""
        notes = [
            note | {name: dict(note[name] or ()) for name in _MAPS} for note in self.row["notes"]
        ]
        return self.row | {"notes": notes, "unit": self.unit, "answers": self.answers}

    @property
    def may_be_retried(self) -> bool:
        """Whether another attempt could end otherwise: not if no question was ever asked."""
        died = self.row["reason"] == "worker_died"
        return died or any(note["by"] not in _BEFORE_ASKING for note in self.row["notes"])


class Documents:
    """The documents of a corpus folder's finished units."""

    def __init__(self, corpus: Folder, finished: Finished, decisions: Decisions) -> None:
        self._corpus = corpus
        self._finished = finished
        self._decisions = decisions

    @classmethod
    def of(cls, corpus: Folder) -> "Documents":
        """Return the documents of what is finished in a corpus folder.

        Raises:
            VersionError: No build was ever started there.
        """
        done = finished(standings(corpus, read_plan(corpus)))
        return cls(corpus, done, output_decisions(corpus, [manifest for _, manifest in done]))

    def find(self, name: str) -> Seen:
        """Return the document that is called ``name``: its id, or where it stands in its source.

        Raises:
            VersionError: No finished unit holds it.
        """
        source = name.partition("/")[0]
        parts: list[str] = []
        for one, table in self._tables(Wanted(source=source), ["id", "part_of"]):
            rows = table.filter(pc.or_(pc.equal(table["id"], name), pc.equal(table["place"], name)))
            if rows.num_rows:
                return self._whole(one, rows["place"][0].as_py())
            parts += table.filter(pc.equal(table["part_of"], name))["id"].to_pylist()
        if parts:
            raise VersionError(
                f"'{name}' was too long, and was split into {len(parts)} documents",
                hint=f"they are {', '.join(parts[:5])}" + (", …" if len(parts) > 5 else ""),
            )
        known = sorted({m.unit.partition("/")[0] for _, m in self._finished})
        raise VersionError(
            f"no finished unit holds a document called '{name}'",
            hint="`prealign status` shows how far the build is; a name is SOURCE/ID or "
            "SOURCE/FILE:ROW" + (f"; sources: {', '.join(known)}" if source not in known else ""),
        )

    def sample(self, wanted: Wanted, count: int, seed: str) -> list[Seen]:
        """Return documents drawn from all that are meant, the same for the same seed.

        Raises:
            VersionError: There is none; the hint names outcomes and reasons that there are.
        """
        chosen = heapq.nsmallest(
            count,
            (
                (fraction(seed, place), place, index)
                for index, (_, table) in enumerate(self._tables(wanted, ["language", "form"]))
                for place in wanted.among(table)["place"].to_pylist()
            ),
        )
        if not chosen:
            raise self.none(wanted)
        units = self._units(wanted)
        return [self._whole(units[index], place) for _, place, index in chosen]

    def matching(self, wanted: Wanted) -> Iterator[Seen]:
        """Yield every document that is meant, without its texts and answers."""
        columns = ["id", "detail", "language", "form", "notes"]
        for one, table in self._tables(wanted, columns):
            for row in wanted.among(table).to_pylist():
                yield Seen(one[1].unit, row)

    def failing(self, most: int = 10) -> list[Seen]:
        """Return the first that broke something, wait for a human or could not be read."""
        found = (
            seen
            for outcome, reason in _FAILING
            for seen in self.matching(Wanted(outcome=outcome, reason=reason))
        )
        return list(islice(found, most))

    def _units(self, wanted: Wanted) -> list[tuple[Folder, UnitManifest]]:
        return [one for one in self._finished if self._may_hold(one[1], wanted)]

    def _may_hold(self, manifest: UnitManifest, wanted: Wanted) -> bool:
        """Return whether a unit can hold what is meant, without reading it."""
        if wanted.source not in (None, manifest.unit.partition("/")[0]):
            return False
        if wanted.outcome is None or self._decisions.get(manifest.unit):
            return True
        reasons = manifest.outcomes.get(wanted.outcome, {})
        return bool(reasons) and wanted.reason in (None, *reasons)

    def _tables(
        self, wanted: Wanted, columns: list[str]
    ) -> Iterator[tuple[tuple[Folder, UnitManifest], pa.Table]]:
        for one in self._units(wanted):
            [(_, table)] = standing_documents([one], self._decisions, columns)
            yield one, table

    def _whole(self, one: tuple[Folder, UnitManifest], place: str) -> Seen:
        [(_, table)] = standing_documents([one], self._decisions, UNIT.names)
        row = table.filter(pc.equal(table["place"], place)).to_pylist()[0]
        folder = one[0].path.removeprefix(f"{self._corpus.path}/units/")
        return Seen(one[1].unit, row, answers_about(self._corpus, folder, row["id"]))

    def none(self, wanted: Wanted) -> VersionError:
        """Return the error that no document is meant; its hint says which there are."""
        sources = sorted({m.unit.partition("/")[0] for _, m in self._finished})
        if wanted.source is not None and wanted.source not in sources:
            return VersionError(
                f"no finished document is of source '{wanted.source}'",
                hint=nearest(wanted.source, sources),
            )
        asked = ", ".join(f"{k} {v}" for k, v in vars(wanted).items() if v is not None)
        there: set[str] = set()
        for _, table in self._tables(Wanted(), []):
            pairs = zip(table["outcome"].to_pylist(), table["reason"].to_pylist(), strict=True)
            there |= {f"{kind}/{reason}" for kind, reason in pairs}
        pair = f"{wanted.outcome or ''}/{wanted.reason or ''}"
        return VersionError(
            f"no finished document has {asked or 'any outcome'}",
            hint=nearest(pair, sorted(there)) if there else "no unit is finished yet",
        )


def unfinished(workshop: Workshop, name: str) -> Seen | None:
    """Return a document that no finished unit holds yet, read from its source; None if none does.

    Raises:
        SourceError: A source cannot be read.
    """
    corpus = workshop.corpus
    left = {one.unit.name for one in standings(corpus, read_plan(corpus)) if not one.manifest}
    for unit in planned_units(workshop, known=known_cuts(corpus, workshop)):
        if unit.name not in left or unit.file.source != name.partition("/")[0]:
            continue
        for document in unit_documents(workshop, unit):
            if name in (document.id, document.place):
                stands = document.settled or Outcome(OutcomeKind.PENDING, "unit_unfinished")
                answers = answers_about(corpus, unit.folder, document.id)
                return Seen(unit.name, row_of(document, stands, workshop.scheme, 0), answers)
    return None


def retryable(documents: Documents, wanted: Wanted, names: Sequence[str]) -> tuple[list[Seen], int]:
    """Return the documents that can be asked about again, and how many others were meant.

    Args:
        documents: Of the corpus.
        wanted: Which are meant, if none is named.
        names: Ids or places of those that are meant.

    Raises:
        VersionError: One that is named is not there, or none is meant.
    """
    named = {seen.row["place"]: seen for seen in map(documents.find, names)}
    meant = list(named.values()) or list(documents.matching(wanted))
    if not meant:
        raise documents.none(wanted)
    again = [seen for seen in meant if seen.may_be_retried]
    return again, len(meant) - len(again)
