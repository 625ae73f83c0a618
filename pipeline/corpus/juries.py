"""How far the jurors of a build agree, and how many independent votes they are worth.

Judges share their errors: nine of them have been found to be worth about two. What jurors say of a
share of documents drawn by chance shows it; the others were put to them because they are hard.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import sqrt
from typing import Any

from pipeline.corpus.intervals import share_of

COLUMNS = [f"notes.list.element.{name}" for name in ("by", "reason", "decision", "votes")]
CONTROL = "control"
APPROVE = "approve"


@dataclass(frozen=True)
class Juries:
    """What the jurors of a build decided.

    Attributes:
        documents: How many were put to them, by what became of them: why they were put to the jury
            if it let them go on, else ``jury`` or ``jury_split``.
        unanimous: Of how many all jurors said the same.
        control: How many drawn by chance the figures below are from.
        correlation: Mean φ over all pairs of jurors who both vary, -1 to 1; None if no pair does.
        pairs: φ of each pair of jurors; None where one of them never varies.
        jurors: How many there are.
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
    """Votes that grow row by row."""

    _documents: Counter[str] = field(default_factory=Counter)
    _unanimous: int = 0
    _control: list[Mapping[str, bool]] = field(default_factory=list)

    def add(self, row: Mapping[str, Any], *, right: bool | None = None) -> None:
        """Count the votes about a document.

        Args:
            row: With its ``notes``, as in schema ``UNIT``.
            right: Whether it ought to be approved, where a human has said so; then it is errors
                that are compared, and not votes.
        """
        for reason, votes in _votes(row):
            self._documents[reason] += 1
            self._unanimous += len(set(votes.values())) == 1
            if reason == CONTROL or right is not None:
                self._control.append(
                    {
                        name: (vote == APPROVE) != (right is not False)
                        for name, vote in votes.items()
                    }
                )

    def juries(self) -> Juries:
        """Return what was counted."""
        # A juror's model may have changed during a build: only those are compared who voted on all.
        names = sorted(set.intersection(*map(set, self._control))) if self._control else []
        errors = {name: [vote[name] for vote in self._control] for name in names}
        pairs = {
            (one, other): phi(errors[one], errors[other]) for one, other in combinations(names, 2)
        }
        known = [value for value in pairs.values() if value is not None]
        return Juries(
            documents=dict(sorted(self._documents.items())),
            unanimous=self._unanimous,
            control=len(self._control),
            correlation=sum(known) / len(known) if known else None,
            pairs=pairs,
            jurors=len(names),
        )


def _votes(row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for note in row["notes"]:
        if note["votes"]:
            yield note["reason"], dict(note["votes"])


def phi(one: Sequence[bool], other: Sequence[bool]) -> float | None:
    """Return Pearson's correlation of two binary variables; None if one of them never varies."""
    both = sum(a and b for a, b in zip(one, other, strict=True))
    ones, others, n = sum(one), sum(other), len(one)
    spread = ones * (n - ones) * others * (n - others)
    return (n * both - ones * others) / sqrt(spread) if spread else None
