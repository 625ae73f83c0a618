"""Spans to tagged text, and stored spans back to spans.

``parse(render(spans, scheme), scheme) == project(spans, scheme)`` for every text and every scheme;
``restore(*stored)`` gives back what was stored, source places included.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.voices.escape import escaped_at
from pipeline.voices.scheme import way, way_out
from schemas.document import Span, StoredSpan
from schemas.scheme import Scheme, State


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
    here: State = scheme.start
    length = 0
    spoken = (span for span in spans if span.text)
    for voice, run in groupby(spoken, key=lambda span: scheme.shown(span.voice)):
        tags = "".join(way(scheme, here, voice))
        text, places = _escaped(list(run), length + len(tags), scheme)
        pieces += [tags, text]
        stored += places
        here, length = voice, length + len(tags) + len(text)
    pieces += way_out(scheme, here)
    return Stored("".join(pieces), tuple(stored))


def _escaped(run: Sequence[Span], start: int, scheme: Scheme) -> tuple[str, list[StoredSpan]]:
    """Return the escaped text of spans that stand between the same two tags, and their places.

    They are escaped together, since a look-alike may begin in one and end in the next. A span
    is cut where a backslash is put, so that no slice ever holds one of ours.
    """
    clean = "".join(span.text for span in run)
    cuts = escaped_at(clean, scheme)
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


def rerender(text: str, spans: Iterable[StoredSpan], scheme: Scheme) -> Stored:
    """Return a published row's text and spans under another scheme; nothing is lost by it."""
    return store(restore(text, spans), scheme)


def _follows(last: Span, place: StoredSpan) -> bool:
    if last.source_start is None:
        return place.source_start is None
    return place.source_start == last.source_start + len(last.text)
