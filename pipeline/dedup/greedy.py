"""Greedy removal: a document goes only if a kept one is that close, checked exactly.

Connected components would drop documents through chains whose ends have little
in common. Candidates are taken in order of priority, so the result is the same
however the corpus was cut, and every removed document has a kept twin to show.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.shingles import SHORT_WORDS, exact_digest, jaccard, shingles, words
from schemas.recipe import DedupSection


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """What is kept in memory of a document to be compared. Candidates sort by priority.

    Attributes:
        unpublished: Whether no version holds its source yet; those that one holds go first.
        source: Place of its source in the recipe.
        defect: 1 minus its quality.
        document: Its id.
        place: Where it stands in its source; unique even where ids are not.
        unit: Name of its unit.
        digest: Equal for equal texts.
        shingles: Ascending hashes of its word runs; None if it is too short for them.
    """

    unpublished: bool
    source: int
    defect: float
    document: str
    place: str
    unit: str = field(compare=False)
    digest: str = field(compare=False)
    shingles: NDArray[np.uint32] | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Removal:
    """A document that goes, the kept one that it is too close to, and their similarity."""

    removed: Candidate
    twin: Candidate
    similarity: float


def compared(text: str) -> tuple[str, NDArray[np.uint32] | None]:
    """Return the digest and the shingles by which a text is compared."""
    normal = words(text)
    found = shingles(normal) if len(normal) >= SHORT_WORDS else None
    return exact_digest(text, normal), found


class Kept:
    """The documents kept so far, and how to find those that a new one might be close to.

    Signatures are datasketch's own, so that its storage backends can stand in for memory.
    """

    def __init__(self, settings: DedupSection) -> None:
        # A second to import, and whoever only looks at a corpus compares nothing.
        from datasketch import MinHash, MinHashLSH

        self._threshold = settings.threshold
        self._size = settings.bands * settings.rows
        # The shingles are hashes already.
        self._empty = MinHash(num_perm=self._size, hashfunc=int)
        self._lsh = MinHashLSH(num_perm=self._size, params=(settings.bands, settings.rows))
        self._near: dict[str, Candidate] = {}
        self._exact: dict[str, Candidate] = {}

    def twin_of(self, new: Candidate) -> tuple[Candidate, float] | None:
        """Return the kept document that ``new`` is too close to; without one, keep it.

        Of several that are close enough the closest is named, of equally close ones the first.
        """
        if new.digest in self._exact:
            return self._exact[new.digest], 1.0
        if new.shingles is None:
            self._exact[new.digest] = new
            return None
        signature = self._empty.copy()
        signature.update_batch(new.shingles)
        near = sorted(self._near[place] for place in self._lsh.query(signature))
        scores = [jaccard(new.shingles, other.shingles) for other in near]  # type: ignore[arg-type]
        if scores and max(scores) >= self._threshold:
            return near[scores.index(max(scores))], max(scores)
        self._exact[new.digest] = new
        self._lsh.insert(new.place, signature)
        self._near[new.place] = new
        return None


def removals(candidates: Iterable[Candidate], settings: DedupSection) -> Iterator[Removal]:
    """Yield what goes, whatever the order in which the candidates are given."""
    kept = Kept(settings)
    for candidate in sorted(candidates):
        found = kept.twin_of(candidate)
        if found:
            yield Removal(candidate, *found)
