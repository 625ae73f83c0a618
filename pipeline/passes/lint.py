"""Lint: what code can check about a rewrite. Its failures are objections."""

from collections.abc import Sequence
from functools import cached_property

from pydantic import Field

from pipeline.objections import was_rewritten
from pipeline.passes import Pass
from pipeline.voices.lint import Banned, faults, words_only
from schemas.document import Decision, Document, Note
from schemas.exchange import Reply


class Lint(Pass):
    """Asks nothing.

    Attributes:
        max_remark_chars: A longer stretch of the AI's voice is objected to.
    """

    max_remark_chars: int = Field(default=1200, ge=50)

    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return objections to the newest rewrite, none if code finds nothing."""
        if not was_rewritten(document):
            return Note.keep()
        found = faults(
            document.spans,
            document.text,
            banned=self._banned,
            instructions=self._instructions,
            max_remark_chars=self.max_remark_chars,
        )
        if not found:
            return Note.keep()
        return Note(
            Decision.OBJECT, reason=found[0].code, detail=found[0].what, objections=tuple(found)
        )

    @cached_property
    def _banned(self) -> Banned:
        phrases = self.kit.prompts.table("banned.toml").get("phrase", [])
        return Banned.of({row["text"]: row["why"] for row in phrases})

    @cached_property
    def _instructions(self) -> str:
        names = ["constitution.md", *(f"draft/{n}.md" for n in self.kit.prompts.names("draft"))]
        return words_only("\n".join(self.kit.prompts.text(name) for name in names))
