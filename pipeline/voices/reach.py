"""Whether the AI speaks before a stretch of the source is read, or only after it.

A causal model learns a token from what precedes it alone: a remark behind an act teaches nothing
about the act.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipeline.voices.words import has_words, is_longer
from schemas.document import Span, Voice


class Met(StrEnum):
    """Where the AI speaks of an act."""

    BEFORE_OR_AROUND = "before_or_around"
    ONLY_AFTER = "only_after"
    NONE = "none"


class _Kept(NamedTuple):
    """Words of the act that a human still says: which span holds them, and where in its text."""

    span: int
    start: int
    end: int


def where_met(spans: Sequence[Span], act: tuple[int, int], ahead_words: int = 80) -> Met:
    """Return where the AI speaks of an act, as far as places can tell; not whether it says much.

    ``BEFORE_OR_AROUND``: none of the act's words is left in the human voice, since they were
    replaced, retold or quoted by the AI; or the AI speaks before the first word that is left, and
    a human says at most ``ahead_words`` words in between. ``ONLY_AFTER``: else, the AI speaks
    between words of the act that are left, or at most ``ahead_words`` human words behind them.
    ``NONE``: else.

    What the AI quotes belongs to what it says, and counts as no distance. Human text that was
    written for the rewrite (``source_start`` None) holds nothing of the source, but is distance. In
    scripts without spaces two and a half characters count as one word. Takes time in proportion to
    the number of spans, hardly to their length.

    Args:
        spans: The document's voices, in order.
        act: Half-open range of the source text, in code points of what ``source_start`` counts in.
        ahead_words: How far from the act the AI may speak.
    """
    kept = _kept(spans, act)
    if not kept:
        return Met.BEFORE_OR_AROUND
    first, last = kept[0], kept[-1]
    ahead = _until_ai(reversed(spans[: first.span]))
    if ahead is not None:
        read = "".join((*reversed(ahead), spans[first.span].text[: first.start]))
        if not is_longer(read, ahead_words):
            return Met.BEFORE_OR_AROUND
    if any(map(_speaks, spans[first.span : last.span])):
        return Met.ONLY_AFTER
    behind = _until_ai(spans[last.span + 1 :])
    if behind is not None:
        read = "".join((spans[last.span].text[last.end :], *behind))
        if not is_longer(read, ahead_words):
            return Met.ONLY_AFTER
    return Met.NONE


def _kept(spans: Sequence[Span], act: tuple[int, int]) -> list[_Kept]:
    """Return the stretches of the act that stand in the human voice; not those without words."""
    kept: list[_Kept] = []
    for index, span in enumerate(spans):
        if span.voice != Voice.HUMAN or span.source_start is None:
            continue
        start = max(0, act[0] - span.source_start)
        end = min(len(span.text), act[1] - span.source_start)
        if start < end and has_words(span.text[start:end]):
            kept.append(_Kept(index, start, end))
    return kept


def _speaks(span: Span) -> bool:
    return span.voice == Voice.AI and has_words(span.text)


def _until_ai(spans: Iterable[Span]) -> list[str] | None:
    """Return what humans say before the AI says something; None if it says nothing."""
    said: list[str] = []
    for span in spans:
        if _speaks(span):
            return said
        if span.voice == Voice.HUMAN:
            said.append(span.text)
    return None
