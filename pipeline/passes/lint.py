"""Lint: what code can check about a rewrite. Its failures are objections."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import Field

from pipeline.fence import numbered
from pipeline.passes import Pass
from pipeline.standards import banned_phrases, instruction_runs
from pipeline.voices.lint import Standard, source_faults, voice_faults
from prompts import Prompts
from schemas.document import Decision, Document, Note, Objection, Span
from schemas.exchange import Reply

# From here on a reader could use it, and the writer was asked to take it out (screen.md).
_USABLE = 2


class Lint(Pass):
    """Asks nothing.

    Attributes:
        max_remark_chars: A longer stretch of the AI's voice is objected to.
    """

    max_remark_chars: int = Field(default=1200, ge=50)

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return objections to the newest rewrite, none if code finds nothing."""
        if document.rewrite is None:
            return Note.keep()
        form = self.kit.forms.get(document.form)
        asked = _Asked(
            self.kit.prompts,
            self.max_remark_chars,
            quotes_in_marks=form is not None and form.quotes_in_marks,
            plain=form is not None and form.plain,
        )
        found = _faults(document.spans, document.text, _hazards(document), asked)
        if not found:
            return Note.keep()
        return Note(Decision.OBJECT, reason=found[0].code, detail=found[0].what, objections=found)


class _Asked(NamedTuple):
    """What decides the standard of a rewrite."""

    prompts: Prompts
    max_remark_chars: int
    quotes_in_marks: bool
    plain: bool


# Recipes lint after every write, and most drafts are not written again.
@lru_cache(maxsize=1024)
def _faults(
    spans: tuple[Span, ...], text: str, hazards: tuple[tuple[int, int], ...], asked: _Asked
) -> tuple[Objection, ...]:
    standard = _standard(asked)
    return (*source_faults(spans, text, hazards), *voice_faults(spans, standard))


@lru_cache(maxsize=16)
def _standard(asked: _Asked) -> Standard:
    return Standard(
        banned=banned_phrases(asked.prompts),
        instructions=instruction_runs(asked.prompts),
        max_remark_chars=asked.max_remark_chars,
        quotes_in_marks=asked.quotes_in_marks,
        plain=asked.plain,
    )


def _hazards(document: Document) -> tuple[tuple[int, int], ...]:
    """Return the ranges of the source that a reader could do harm with."""
    anchors = numbered(document)
    found = [f for f in document.findings if f.kind == "hazard" and f.severity >= _USABLE]
    return tuple(
        (anchors[finding.first - 1].start, anchors[min(finding.last, len(anchors)) - 1].end)
        for finding in found
        if 1 <= finding.first <= len(anchors)
    )
