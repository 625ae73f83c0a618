"""What code can find wrong with a rewrite as a rendering of its source, as objections with a code.

===================  ==============================================================================
``source_changed``   human text differs from the source at its ``source_start``
``source_order``     human text stands before source text that precedes it
``source_repeated``  source text stands twice
``hazard_kept``      hazardous source text still stands in the human voice
``hazard_quoted``    hazardous source text is repeated in text that a model wrote
``misquoted``        the AI quotes words that nobody says in the source
``unanswered``       what is asked of an AI stands without its answer directly behind it
===================  ==============================================================================
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from pipeline.voices.words import runs, words
from schemas.document import Objection, Span, Voice

# Five words in a row of a single hazardous sentence are no accident.
_HAZARD_WORDS = 5
_SHOWN = 40
# Where a quotation was cut or joined, and what may stand around one.
_CUT = re.compile(r"\s*(?:\.\.\.|…|\[…\])\s*")

Range = tuple[int, int]


def source_faults(
    spans: Sequence[Span], source: str, hazards: Sequence[Range] = ()
) -> list[Objection]:
    """Return what is wrong with a rewrite as a rendering of its source.

    Args:
        spans: The rewrite.
        source: The document's text, which human spans must repeat word for word.
        hazards: Ranges of the source, in code points, that must not reach the reader.
    """
    return [*_changed(spans, source), *_hazards(spans, source, hazards)]


def misquoted(spans: Sequence[Span], source: str) -> list[Objection]:
    """Return an objection to each quotation of which a part does not stand in the source.

    Only words count: case, spaces, punctuation and where a quotation leaves something out do not.
    """
    quotations = [span.text for span in spans if span.voice == Voice.QUOTED_HUMAN]
    if not quotations:
        return []
    said = f" {' '.join(words(source))} "
    return [
        _objection("misquoted", f"nobody says {_shown(quotation)} in the document")
        for quotation in quotations
        if any(f" {' '.join(part)} " not in said for part in _parts(quotation))
    ]


def _parts(quotation: str) -> Iterator[list[str]]:
    """Yield the words between places where a quotation leaves something out."""
    yield from filter(None, map(words, _CUT.split(quotation)))


def unanswered(
    spans: Sequence[Span], source: str, questions: Sequence[tuple[int, Range]]
) -> list[Objection]:
    """Return an objection to each question to an AI that no AI span follows at once.

    Args:
        spans: The rewrite.
        source: The document's text.
        questions: The number of the last sentence of each, and its range.
    """
    return [
        Objection("lint", "unanswered", f"answer what is asked directly after [{number}]", number)
        for number, (_, end) in questions
        if not _is_answered(spans, source, end)
    ]


def _is_answered(spans: Sequence[Span], source: str, end: int) -> bool:
    """Return whether the AI speaks where the question ends, or the question was taken out."""
    for span, after in pairwise((*spans, Span(Voice.HUMAN, ""))):
        if span.source_start is not None and span.source_start < end <= _end(span):
            return after.voice == Voice.AI and not source[end : _end(span)].strip()
    return True


def _objection(code: str, what: str) -> Objection:
    return Objection("lint", code, what)


def _changed(spans: Sequence[Span], source: str) -> Iterator[Objection]:
    seen, begun = 0, 0
    for span in spans:
        if span.voice != Voice.HUMAN or span.source_start is None:
            continue
        end = span.source_start + len(span.text)
        if source[span.source_start : end] != span.text:
            what = f"human text at {span.source_start} differs from the source: {_shown(span.text)}"
            yield _objection("source_changed", what)
        elif span.source_start < begun and end <= begun:
            what = f"source text at {span.source_start} stands behind text that follows it"
            yield _objection("source_order", what)
        elif span.source_start < seen:
            yield _objection("source_repeated", f"source text at {span.source_start} stands twice")
        begun, seen = max(begun, span.source_start), max(seen, end)


def _hazards(
    spans: Sequence[Span], source: str, hazards: Sequence[tuple[int, int]]
) -> Iterator[Objection]:
    for start, end in hazards:
        secret = runs(words(source[start:end]), _HAZARD_WORDS)
        for is_source, run in groupby(spans, key=lambda span: span.source_start is not None):
            stretch = list(run)
            if is_source:
                left = [(max(start, _start(s)), min(end, _end(s))) for s in stretch]
                if not _is_cut([(a, b) for a, b in left if words(source[a:b])], source, start, end):
                    kept = "".join(source[a:b] for a, b in left)
                    yield _objection("hazard_kept", f"a hazard was not cut: {_shown(kept)}")
            elif said := secret & runs(words("".join(s.text for s in stretch)), _HAZARD_WORDS):
                what = f"words of a hazard are repeated: {_shown(min(said))}"
                yield _objection("hazard_quoted", what)


def _is_cut(left: Sequence[Range], source: str, start: int, end: int) -> bool:
    """Return whether no more is left of a hazard than how it begins, and less than half of it.

    A sentence may be cut just before its danger; whether that was soon enough, reviewers judge.
    """
    if not left:
        return True
    begins = len(left) == 1 and left[0][0] == start
    return begins and 2 * len(words(source[start : left[0][1]])) < len(words(source[start:end]))


def _start(span: Span) -> int:
    return span.source_start or 0


def _end(span: Span) -> int:
    return _start(span) + len(span.text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
