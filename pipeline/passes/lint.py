"""Lint: what code can check about a rewrite. Its failures are objections."""

from collections.abc import Sequence
from functools import cached_property

from pydantic import Field

from pipeline.fence import numbered
from pipeline.passes import Pass
from pipeline.standards import banned_phrases, instruction_runs
from pipeline.voices.lint import Banned, Standard, source_faults, voice_faults
from schemas.document import Decision, Document, Note
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
        standard = Standard(
            banned=self._banned,
            instructions=self._instructions,
            max_remark_chars=self.max_remark_chars,
            quotes_in_marks=form is not None and form.quotes_in_marks,
            plain=form is not None and form.plain,
        )
        found = [
            *source_faults(document.spans, document.text, _hazards(document)),
            *voice_faults(document.spans, standard),
        ]
        if not found:
            return Note.keep()
        return Note(
            Decision.OBJECT, reason=found[0].code, detail=found[0].what, objections=tuple(found)
        )

    @cached_property
    def _banned(self) -> Banned:
        return banned_phrases(self.kit.prompts)

    @cached_property
    def _instructions(self) -> frozenset[str]:
        return instruction_runs(self.kit.prompts)


def _hazards(document: Document) -> list[tuple[int, int]]:
    """Return the ranges of the source that a reader could do harm with."""
    anchors = numbered(document)
    found = [f for f in document.findings if f.kind == "hazard" and f.severity >= _USABLE]
    return [
        (anchors[finding.first - 1].start, anchors[min(finding.last, len(anchors)) - 1].end)
        for finding in found
        if 1 <= finding.first <= len(anchors)
    ]
