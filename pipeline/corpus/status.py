"""Where a build stands, read from the corpus folder alone; so it can be asked at any time."""

import time
from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.corpus.answers import ledger_costs
from pipeline.corpus.costs import summed
from pipeline.corpus.documents import Documents, Seen
from pipeline.corpus.outcomes import Counts, check_sum, conserved
from pipeline.corpus.plans import finished, read_plan, standings
from pipeline.dedup.decisions import output_decisions
from pipeline.lock import holder
from pipeline.rows import counted
from pipeline.store import Folder
from schemas.progress import BuildLock, Progress, StageProgress
from schemas.unit import QuestionCost

PROGRESS = "progress.json"


@dataclass(frozen=True)
class UnitStatus:
    """One unit, and where it stands.

    Attributes:
        name: The unit's name.
        rows: How many rows it holds.
        stands: ``finished``, ``under_way``, ``waiting`` or ``outdated``.
        documents: By outcome, then by reason, if it is finished.
    """

    name: str
    rows: int
    stands: str
    documents: Counts


@dataclass(frozen=True)
class Status:
    """A build as it stands.

    Attributes:
        corpus: Its name.
        started: When the newest build was started.
        now: When this was read, in seconds since 1970.
        holder: Who is at work there, or None if nobody is.
        stages: How far each stage of the newest build is.
        documents: All documents by outcome and reason; rows of unfinished units are pending.
        questions: Cost by question, over all answers that were given, also in unfinished units.
        units: Every planned unit.
        failing: The first documents that broke something, wait for a human or could not be read.
    """

    corpus: str
    started: str
    now: float
    holder: BuildLock | None
    stages: tuple[StageProgress, ...]
    documents: Counts
    questions: dict[str, QuestionCost]
    units: tuple[UnitStatus, ...]
    failing: tuple[Seen, ...] = ()

    def count(self, stands: str) -> int:
        """Return how many units stand so."""
        return sum(unit.stands == stands for unit in self.units)


def status(corpus: Folder) -> Status:
    """Return how the newest build in a corpus folder stands.

    Raises:
        VersionError: No build was ever started there.
        ConservationError: Documents do not add up.
        CorruptError: A manifest or table is damaged.
    """
    plan = read_plan(corpus)
    found = standings(corpus, plan)
    done = finished(found)
    manifests = [manifest for _, manifest in done]
    decisions = output_decisions(corpus, manifests)
    left = Counter[tuple[str, str]]()
    for one in found:
        if one.manifest is None:
            left["pending", f"unit_{one.stands}"] += one.unit.rows
    documents = conserved(done, decisions) | counted(left)
    check_sum(documents, sum(m.documents for m in manifests) + sum(left.values()))
    costs = [manifest.questions for manifest in manifests]
    costs += [ledger_costs(corpus, o.unit.folder) for o in found if o.stands == "under_way"]
    return Status(
        corpus=plan.corpus,
        started=plan.started,
        now=time.time(),
        holder=holder(corpus),
        stages=_stages(corpus),
        documents=documents,
        questions=summed(costs),
        units=tuple(
            UnitStatus(
                one.unit.name,
                one.unit.rows,
                one.stands,
                one.manifest.outcomes if one.manifest else {},
            )
            for one in found
        ),
        failing=tuple(Documents(corpus, done, decisions).failing()),
    )


def _stages(corpus: Folder) -> tuple[StageProgress, ...]:
    data = corpus.read(PROGRESS)
    try:
        return Progress.model_validate_json(data).stages if data else ()
    except ValidationError:
        # Of another format, or cut off by a full disk: the next build writes a new one.
        return ()
