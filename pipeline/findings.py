"""Where in the source lies what a screening has found."""

from collections.abc import Iterator

from pipeline.fence import numbered
from pipeline.taxonomy import USABLE
from schemas.document import Document, Finding

Range = tuple[int, int]
"""A half-open range of the source text, in code points."""


def placed(document: Document, kind: str, severity: int = 0) -> Iterator[tuple[Finding, Range]]:
    """Yield the findings of a kind that are at least so severe, each with its range."""
    anchors = numbered(document)
    for found in document.findings:
        if found.kind == kind and found.severity >= severity and 1 <= found.first <= len(anchors):
            last = anchors[min(found.last, len(anchors)) - 1]
            yield found, (anchors[found.first - 1].start, last.end)


def hazards(document: Document) -> tuple[tuple[str, Range], ...]:
    """Return label and range of everything that a reader could do harm with."""
    return tuple((found.label, where) for found, where in placed(document, "hazard", USABLE))


def acts(document: Document) -> tuple[tuple[Finding, Range], ...]:
    """Return the acts that must be met, with their ranges: not those that a writer disputes."""
    disputed = {(f.label, f.first) for f in document.findings if f.kind == "mistaken"}
    return tuple(
        (found, where)
        for found, where in placed(document, "act", 1)
        if (found.label, found.first) not in disputed
    )


def questions(document: Document) -> tuple[tuple[Finding, Range], ...]:
    """Return what is asked of an AI, with its ranges."""
    return tuple(placed(document, "question"))
