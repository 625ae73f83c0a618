"""What a build has come to, for people, for programs and for Prefect's pages."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.corpus.outcomes import Counts, total
from schemas.unit import QuestionCost


@dataclass(frozen=True)
class Summary:
    """What a build has come to.

    Attributes:
        corpus: Its name.
        documents: By outcome, then by reason.
        units: How many there are.
        resumed: How many of them were finished before.
        asked: Questions put to engines now.
        remembered: Answers that the ledger already held.
        dataset: Where versions go.
        version: The version that holds this corpus, or None if nothing was accepted or some
            documents still wait.
        is_new: Whether this build has published it.
        seconds: How long it took.
        log: Where the build's log is.
        waiting_for: What a person has to do for the questions that wait, a line each.
    """

    corpus: str
    documents: Counts
    units: int
    resumed: int
    asked: int
    remembered: int
    dataset: str
    version: int | None
    is_new: bool
    seconds: float
    log: str
    questions: dict[str, QuestionCost] = field(default_factory=dict)
    waiting_for: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to mend: no document waits, and some were accepted."""
        return not self.documents or (
            "pending" not in self.documents and "accepted" in self.documents
        )

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        costs = {question: cost.model_dump() for question, cost in self.questions.items()}
        return asdict(self) | {"questions": costs}

    def as_markdown(self) -> str:
        """Return the summary as a page."""
        rows = "\n".join(
            f"| {kind} | {reason} | {count} |"
            for kind, reasons in self.documents.items()
            for reason, count in reasons.items()
        )
        version = f"version {self.version}" if self.version else "no version"
        return (
            f"# {self.corpus}: {version}\n\n{total(self.documents)} documents\n\n"
            f"| outcome | reason | documents |\n|---|---|--:|\n{rows}\n"
        )
