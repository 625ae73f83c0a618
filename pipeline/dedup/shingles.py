"""What two texts have in common: runs of five normalised words, hashed."""

import re
import unicodedata
import zlib

import numpy as np
from numpy.typing import NDArray

from schemas.exchange import sha256

SHINGLE_WORDS = 5
# Below this, one changed word leaves too few shingles to compare: only equal texts are the same.
SHORT_WORDS = 20

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return a text's words: NFKC, lower case, without punctuation, whatever was between them."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shingles(normal: list[str]) -> NDArray[np.uint32]:
    """Return the distinct 32-bit hashes of all five-word runs, ascending; shape (n,).

    crc32 is stable over machines and versions, as ``hash`` is not.
    """
    runs = (
        " ".join(normal[i : i + SHINGLE_WORDS]).encode()
        for i in range(max(0, len(normal) - SHINGLE_WORDS + 1))
    )
    return np.unique(np.fromiter((zlib.crc32(run) for run in runs), dtype=np.uint32))


def exact_digest(text: str, normal: list[str]) -> str:
    """Return a digest that is equal for texts of the same words; without words, for equal texts."""
    return sha256(" ".join(normal) if normal else text)


def jaccard(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """Return the share of shingles that two texts have in common, 0 to 1; 0 if both are empty."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    total = len(one) + len(other) - shared
    return shared / total if total else 0.0
