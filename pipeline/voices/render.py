"""Spans to tagged text and back.

``parse(render(spans, scheme), scheme) == project(spans, scheme)`` for every text
and every scheme; ``restore(*stored)`` gives back what was stored, source places
included.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from pipeline.voices.escape import escaped_at, unescape
from pipeline.voices.scheme import way, way_out
from schemas.document import Span, StoredSpan, Voice
from schemas.errors import ParseError
from schemas.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Stored:
    """Tagged text, and where in it each span lies. Tags and escapes lie in the gaps."""

    text: str
    spans: tuple[StoredSpan, ...]


def project(spans: Iterable[Span], scheme: Scheme) -> list[Span]:
    """Return what tagged text can say of ``spans``.

    Voices that the scheme lacks are shown as it declares, empty spans are dropped, neighbours
    of one voice are merged, and source places are forgotten, since tags cannot carry them.
    """
    spoken = ((scheme.shown(span.voice), span.text) for span in spans if span.text)
    return [
        Span(voice, "".join(text for _, text in run))
        for voice, run in groupby(spoken, key=lambda pair: pair[0])
    ]


def store(spans: Iterable[Span], scheme: Scheme) -> Stored:
    """Return tagged text with the place of every non-empty span in it."""
    pieces: list[str] = []
    stored: list[StoredSpan] = []
    here, length = scheme.start, 0
    spoken = (span for span in spans if span.text)
    for voice, run in groupby(spoken, key=lambda span: scheme.shown(span.voice)):
        tags = "".join(way(scheme, here, voice) or ())
        text, places = _escaped(list(run), length + len(tags))
        pieces += [tags, text]
        stored += places
        here, length = voice, length + len(tags) + len(text)
    pieces += way_out(scheme, here) or ()
    return Stored("".join(pieces), tuple(stored))


def _escaped(run: Sequence[Span], start: int) -> tuple[str, list[StoredSpan]]:
    """Return the escaped text of spans that stand between the same two tags, and their places.

    They are escaped together, since a look-alike may begin in one and end in the next. A span
    is cut where a backslash is put, so that no slice ever holds one of ours.
    """
    clean = "".join(span.text for span in run)
    cuts = escaped_at(clean)
    pieces: list[str] = []
    places: list[StoredSpan] = []
    position, next_cut = 0, 0
    for span in run:
        span_start, end = position, position + len(span.text)
        while position < end:
            stop = min(end, cuts[next_cut]) if next_cut < len(cuts) else end
            if stop > position:
                places.append(_place(span, position - span_start, stop - position, start))
                pieces.append(clean[position:stop])
                start += stop - position
                position = stop
            if next_cut < len(cuts) and position == cuts[next_cut]:
                pieces.append("\\")
                start, next_cut = start + 1, next_cut + 1
    return "".join(pieces), places


def _place(span: Span, skipped: int, size: int, start: int) -> StoredSpan:
    source_start = None if span.source_start is None else span.source_start + skipped
    return StoredSpan(span.voice, start, start + size, source_start)


def render(spans: Iterable[Span], scheme: Scheme) -> str:
    """Return tagged text."""
    return store(spans, scheme).text


def restore(text: str, spans: Iterable[StoredSpan]) -> list[Span]:
    """Return the spans that were stored; those cut for an escape or by the store are merged."""
    restored: list[Span] = []
    for place in spans:
        said = text[place.start : place.end]
        last = restored[-1] if restored else None
        if last and last.voice == place.voice and _follows(last, place):
            restored[-1] = Span(last.voice, last.text + said, last.source_start)
        else:
            restored.append(Span(place.voice, said, place.source_start))
    return restored


def _follows(last: Span, place: StoredSpan) -> bool:
    if last.source_start is None:
        return place.source_start is None
    return place.source_start == last.source_start + len(last.text)


@cache
def _tags(scheme_tags: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(tag) for tag in scheme_tags))


def parse(text: str, scheme: Scheme, *, start: Voice | None = None) -> list[Span]:
    """Return the spans of tagged text, neighbours differing, none empty, source places unknown.

    Args:
        text: Tagged text; escapes in it are undone.
        scheme: What the tags mean.
        start: The voice it begins in and must end in, if it is an excerpt and not a whole text.

    Raises:
        ParseError: A tag stands where the scheme has no such move, or the text ends too early.
    """
    moves = {(move.leaves, move.tag): move.enters for move in scheme.moves}
    here, last, spans = start or scheme.start, 0, list[Span]()
    ends = (start,) if start else scheme.ends
    for match in _tags(scheme.tags).finditer(text):
        spans.append(Span(here, unescape(text[last : match.start()])))
        if (here, match[0]) not in moves:
            raise _misplaced(text, match, here, scheme)
        here, last = moves[here, match[0]], match.end()
    spans.append(Span(here, unescape(text[last:])))
    if here not in ends:
        raise ParseError(
            f"the text ends in voice '{here}', at character {len(text)}",
            hint=f"close it with {''.join(way(scheme, here, ends[0]) or ())}",
        )
    return project(spans, scheme)


def _misplaced(text: str, match: re.Match[str], here: Voice, scheme: Scheme) -> ParseError:
    legal = " or ".join(move.tag for move in scheme.moves if move.leaves == here)
    begin = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 40)
    line = text[begin : match.end() + 20].split("\n")[0]
    caret = " " * (match.start() - begin) + "^" * len(match[0])
    return ParseError(
        f"{match[0]} at character {match.start()} is not legal in voice '{here}'\n{line}\n{caret}",
        hint=f"in voice '{here}' there may be {legal}",
    )
