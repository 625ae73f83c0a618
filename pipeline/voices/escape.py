r"""Keep source text from speaking for the AI: whatever looks like a tag is made harmless.

``escape`` puts one backslash behind the bracket of every look-alike (``lookalikes`` says what that
is): ``<AI>`` becomes ``<\AI>`` and ``<\AI>`` becomes ``<\\AI>``. ``unescape`` takes one away. Since
the backslash falls inside the look-alike, both see the same look-alikes in the same places, and
one undoes the other for every text. No other character changes. (Markdown renderers take such
backslashes away: show stored text as it is, or its clean slices.)
"""

import re

from pipeline.voices.lookalikes import lookalikes
from schemas.scheme import Scheme


def escaped_at(text: str, scheme: Scheme) -> list[int]:
    """Return the positions in ``text`` before which ``escape`` puts a backslash, ascending."""
    return [match.end(1) for match in lookalikes(text, scheme)]


def escape(text: str, scheme: Scheme) -> str:
    """Return text in which nothing looks like a tag; ``unescape`` gives ``text`` back.

    Args:
        text: Any text.
        scheme: The scheme in use; its tags and those of all shipped schemes are looked for.
    """
    places = escaped_at(text, scheme)
    return "\\".join(_pieces(text, [(at, at) for at in places])) if places else text


def unescape(text: str, scheme: Scheme) -> str:
    """Return what was escaped: one backslash less in every look-alike that has one."""
    return without_escapes(text, lookalikes(text, scheme)) if "\\" in text else text


def without_escapes(text: str, found: list[re.Match[str]]) -> str:
    """Return ``text`` with one backslash less in each of its look-alikes that has one."""
    cuts = [(match.end(1), match.end(1) + 1) for match in found if match[2]]
    return "".join(_pieces(text, cuts))


def _pieces(text: str, cuts: list[tuple[int, int]]) -> list[str]:
    """Return what is left of a text when some ranges, in order, are cut out of it."""
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def looks_like_tag(text: str, scheme: Scheme) -> bool:
    """Return whether anything in ``text`` looks like a tag and is not escaped."""
    return any(not match[2] for match in lookalikes(text, scheme))
