"""Draws that depend on nothing but the seed, the document and what is being decided."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from schemas.exchange import sha256

T = TypeVar("T")


def fraction(*of: str) -> float:
    """Return a number in [0, 1), even over all inputs and always the same for one."""
    return int(sha256(*of)[:13], 16) / 16**13


def pick(choices: Sequence[T], *of: str) -> T:
    """Return one of the choices, each with an even share."""
    return choices[int(fraction(*of) * len(choices))]


def several(choices: Sequence[T], count: int, *of: str) -> list[T]:
    """Return so many different choices, or all there are; each with an even share."""
    left = list(choices)
    return [
        left.pop(int(fraction(*of, str(number)) * len(left)))
        for number in range(min(count, len(left)))
    ]


def pick_weighted(weights: Mapping[str, float], *of: str) -> str:
    """Return one of the keys, with shares as the weights have them, whatever their order."""
    left = fraction(*of) * sum(weights.values())
    for key in sorted(weights):
        left -= weights[key]
        if left < 0:
            return key
    return min(weights)


def preference(names: Sequence[str], *of: str) -> list[str]:
    """Return names in the order in which these inputs prefer them.

    Each name is first for an even share of inputs; when one is taken away or added, only those
    change that preferred it (rendezvous hashing, Thaler and Ravishankar 1998).
    """
    return sorted(names, key=lambda name: sha256(name, *of))
