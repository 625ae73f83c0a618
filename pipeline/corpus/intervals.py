"""Shares that were counted, and how sure they are."""

from math import sqrt

# Of the normal distribution, 95 % lie within so many standard deviations.
_95_PERCENT = 1.959964


def share_of(part: int, whole: int) -> float | None:
    """Return a share, 0 to 1; None of nothing."""
    return part / whole if whole else None


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the bounds, 0 to 1, of the 95 % interval of a share (Wilson 1927).

    Of nothing every share is possible. Unlike the usual interval it stays within its bounds, and
    says something where all were hits, or none.
    """
    if of == 0:
        return 0.0, 1.0
    found, z2 = hits / of, _95_PERCENT**2
    middle = (found + z2 / (2 * of)) / (1 + z2 / of)
    half = _95_PERCENT * sqrt(found * (1 - found) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)
