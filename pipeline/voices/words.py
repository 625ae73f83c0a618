"""Words, for counting and comparing, in scripts with and without spaces between them."""

import regex

# Thai, Lao, Burmese, Khmer, Japanese and Chinese write no spaces: each character counts as a word.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u31f0-\u31ff\u3400-\u9fff"
UNSPACED += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
"""Letters of scripts without spaces, as the inside of a character class."""

# The standard library's \\w leaves out vowel signs, and would tear Hindi words apart.
_WORD = regex.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])\w)+")
_UNSPACED = regex.compile(f"[{UNSPACED}]")
# About what a word of Chinese, Japanese or Thai has less than a word and its space elsewhere.
_CHARACTERS_A_WORD = 2.5
# What sums of such parts may be off by.
_ROUNDING = 1e-6


def words(text: str) -> list[str]:
    """Return the words of a text, case folded, punctuation left out."""
    found: list[str] = _WORD.findall(text.casefold())
    return found


def has_words(text: str) -> bool:
    """Return whether a text says anything: a letter or a digit at least."""
    return _WORD.search(text) is not None


def is_longer(text: str, than: float) -> bool:
    """Return whether a text has more than so many words; counting ends where that is known.

    In scripts without spaces two and a half characters count as one word.
    """
    counted = 0.0
    for match in _WORD.finditer(text):
        counted += _weight(match[0])
        if counted > than + _ROUNDING:
            return True
    return False


def runs(said: list[str], size: int) -> frozenset[str]:
    """Return every run of ``size`` words, one blank between them; empty if there are fewer.

    In scripts without spaces two and a half characters count as one word.
    """
    weights = [_weight(word) for word in said]
    found: set[str] = set()
    weight, end = 0.0, 0
    for start in range(len(said)):
        while end < len(said) and weight < size - _ROUNDING:
            weight += weights[end]
            end += 1
        if weight < size - _ROUNDING:
            break
        found.add(" ".join(said[start:end]))
        weight -= weights[start]
    return frozenset(found)


def _weight(word: str) -> float:
    return 1.0 if word.isascii() or not _UNSPACED.fullmatch(word) else 1 / _CHARACTERS_A_WORD
