"""Lint: what code can check about a rewrite. Its failures are objections."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import Field

from pipeline.findings import Range, acts, hazards, questions
from pipeline.forms import Form
from pipeline.passes import Pass
from pipeline.standards import banned_phrases, instruction_runs, worn_names, worn_openings
from pipeline.voices.faithfulness import misquoted, source_faults, unanswered
from pipeline.voices.lint import Standard, voice_faults, written_faults
from pipeline.voices.reach import Met, where_met
from prompts import Prompts
from schemas.document import Decision, Document, Note, Objection, Span
from schemas.exchange import Reply


class Lint(Pass):
    """Asks nothing.

    Attributes:
        max_remark_chars: In forms that add remarks, a longer stretch of the AI's voice is objected
            to.
    """

    max_remark_chars: int = Field(default=1200, ge=50)

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return objections to the newest rewrite, none if code finds nothing."""
        if document.rewrite is None:
            return Note.keep()
        form: Form | None = self.kit.forms.get(document.form)
        asked = _Asked(
            self.kit.prompts,
            self.max_remark_chars if form and form.remarks else None,
            quotes_in_marks=form is not None and form.quotes_in_marks,
            quotes_source=form is not None and form.quotes_source,
            plain=form is not None and form.plain,
        )
        found = _faults(document.spans, document.text, _Places.of(document), asked)
        if not found:
            return Note.keep()
        return Note(Decision.OBJECT, reason=found[0].code, detail=found[0].what, objections=found)


class _Asked(NamedTuple):
    """What decides the standard of a rewrite."""

    prompts: Prompts
    max_remark_chars: int | None
    quotes_in_marks: bool
    quotes_source: bool
    plain: bool


class _Places(NamedTuple):
    """Where in the source lies what the screening found."""

    acts: tuple[tuple[str, int, Range], ...]
    hazards: tuple[Range, ...]
    questions: tuple[tuple[int, Range], ...]

    @classmethod
    def of(cls, document: Document) -> "_Places":
        return cls(
            tuple((found.label, found.first, where) for found, where in acts(document)),
            tuple(where for _, where in hazards(document)),
            tuple((found.last, where) for found, where in questions(document)),
        )


# Recipes lint after every write, and most drafts are not written again.
@lru_cache(maxsize=1024)
def _faults(
    spans: tuple[Span, ...], text: str, places: _Places, asked: _Asked
) -> tuple[Objection, ...]:
    standard = _standard(asked)
    return (
        *source_faults(spans, text, places.hazards),
        *_unmet(spans, places.acts),
        *unanswered(spans, text, places.questions),
        *(misquoted(spans, text) if asked.quotes_source else ()),
        *voice_faults(spans, standard),
        *written_faults(spans, text, standard),
    )


_LATE = {Met.NONE: "uncommented", Met.ONLY_AFTER: "too_late"}


def _unmet(
    spans: tuple[Span, ...], found: tuple[tuple[str, int, Range], ...]
) -> Iterator[Objection]:
    """Yield an objection to each act that the AI does not meet in time, and does not dispute."""
    for label, first, where in found:
        if code := _LATE.get(where_met(spans, where)):
            what = f"let the AI speak before sentence {first}, where {label} begins, or dispute it"
            yield Objection("lint", code, what, first)


@lru_cache(maxsize=16)
def _standard(asked: _Asked) -> Standard:
    return Standard(
        banned=banned_phrases(asked.prompts),
        names=worn_names(asked.prompts),
        openings=worn_openings(asked.prompts),
        instructions=instruction_runs(asked.prompts),
        max_remark_chars=asked.max_remark_chars,
        quotes_in_marks=asked.quotes_in_marks,
        plain=asked.plain,
    )
