"""Words, for counting and comparing, in scripts with and without spaces between them."""

import re

# Thai, Lao, Burmese, Khmer, Japanese and Chinese write no spaces: each character counts as a word.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Return the words of a text, case folded, punctuation left out."""
    return _WORD.findall(text.casefold())


def runs(said: list[str], size: int) -> frozenset[str]:
    """Return every run of ``size`` words, one blank between them; empty if there are fewer."""
    return frozenset(" ".join(said[i : i + size]) for i in range(len(said) - size + 1))
