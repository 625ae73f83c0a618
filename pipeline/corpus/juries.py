"""How far the jurors of a build agree, and how many independent votes they are worth.

Judges share their errors: nine of them have been found to be worth about two. What jurors say of a
share of documents drawn by chance shows it; the others were put to them because they are hard.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import sqrt
from typing import Any

from pipeline.corpus.intervals import share_of

COLUMNS = [f"notes.list.element.{name}" for name in ("reason", "votes", "by_chance")]
APPROVE = "approve"
_Table = Counter[tuple[bool, bool]]


@dataclass(frozen=True)
class Juries:
    """What the jurors of a build decided.

    Attributes:
        documents: How many were put to them, by what became of them: why they were put to the jury
            if it let them go on, else ``jury`` or ``jury_split``.
        unanimous: Of how many all jurors said the same.
        control: How many drawn by chance the figures below are from.
        correlation: Mean φ over all pairs of jurors who both vary, -1 to 1, each with the weight of
            the documents that it has in common; None if no pair varies.
        pairs: φ of each pair of jurors; None where one of them never varies.
        jurors: How many sit on a jury.
    """

    documents: Mapping[str, int]
    unanimous: int
    control: int
    correlation: float | None
    pairs: Mapping[tuple[str, str], float | None]
    jurors: int

    @property
    def agreement(self) -> float | None:
        """Of which share all jurors said the same; None if none was put to them."""
        return share_of(self.unanimous, sum(self.documents.values()))

    @property
    def effective(self) -> float | None:
        """How many independent votes they are worth, n / (1 + (n - 1) ρ); None if ρ is not known.

        With ρ at or below 0 as many as there are.
        """
        if self.correlation is None:
            return None
        return self.jurors / (1 + (self.jurors - 1) * max(0.0, self.correlation))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "documents": dict(self.documents),
            "agreement": self.agreement,
            "control": self.control,
            "jurors": self.jurors,
            "correlation": self.correlation,
            "effective": self.effective,
            "pairs": {f"{one} {other}": phi for (one, other), phi in self.pairs.items()},
        }


@dataclass
class JuryTally:
    """Votes that grow row by row; what is kept does not."""

    _documents: Counter[str] = field(default_factory=Counter)
    _unanimous: int = 0
    _control: int = 0
    _jurors: int = 0
    _pairs: defaultdict[tuple[str, str], _Table] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def add(self, row: Mapping[str, Any], *, right: bool | None = None) -> None:
        """Count the votes about a document.

        Args:
            row: With its ``notes``, as in schema ``UNIT``.
            right: Whether it ought to be approved, where a human has said so; then it is errors
                that are compared, and not votes.
        """
        for note in row["notes"]:
            if not note["votes"]:
                continue
            votes = dict(note["votes"])
            self._documents[note["reason"]] += 1
            self._unanimous += len(set(votes.values())) == 1
            if note["by_chance"] or right is not None:
                self._compare({n: (v == APPROVE) != (right is not False) for n, v in votes.items()})

    def _compare(self, errors: Mapping[str, bool]) -> None:
        # A juror may be missing, and its model may change during a build: each pair is compared
        # where both have voted.
        self._control += 1
        self._jurors = max(self._jurors, len(errors))
        for one, other in combinations(sorted(errors), 2):
            self._pairs[one, other][errors[one], errors[other]] += 1

    def juries(self) -> Juries:
        """Return what was counted."""
        pairs = {names: phi(table) for names, table in sorted(self._pairs.items())}
        known = {names: value for names, value in pairs.items() if value is not None}
        weights = {names: self._pairs[names].total() for names in known}
        weighed = sum(value * weights[names] for names, value in known.items())
        return Juries(
            documents=dict(sorted(self._documents.items())),
            unanimous=self._unanimous,
            control=self._control,
            correlation=weighed / sum(weights.values()) if known else None,
            pairs=pairs,
            jurors=self._jurors,
        )


def phi(table: Mapping[tuple[bool, bool], int]) -> float | None:
    """Return Pearson's correlation of two binary variables; None if one of them never varies.

    Args:
        table: How often each pair of values occurs.
    """
    n = sum(table.values())
    both = table.get((True, True), 0)
    ones = both + table.get((True, False), 0)
    others = both + table.get((False, True), 0)
    spread = ones * (n - ones) * others * (n - others)
    return (n * both - ones * others) / sqrt(spread) if spread else None
