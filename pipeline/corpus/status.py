"""Where a build stands, read from the corpus folder alone; so it can be asked at any time."""

import time
from collections import Counter
from dataclasses import dataclass, field

from pydantic import ValidationError

from pipeline.corpus.answers import ledger_costs
from pipeline.corpus.costs import summed
from pipeline.corpus.outcomes import Counts, check_sum, conserved
from pipeline.dedup.decisions import output_decisions
from pipeline.lock import holder
from pipeline.rows import counted
from pipeline.store import Folder
from pipeline.units import unit_manifest
from schemas.errors import CorruptError, VersionError
from schemas.progress import BuildLock, Progress, StageProgress
from schemas.unit import Plan, PlannedUnit, QuestionCost, UnitManifest

PLAN = "plan.json"
PROGRESS = "progress.json"


@dataclass(frozen=True)
class UnitStatus:
    """One unit, and where it stands.

    Attributes:
        name: The unit's name.
        rows: How many rows it holds.
        stands: ``finished``, ``under_way`` (some answers are there), ``waiting`` (none is), or
            ``outdated`` (finished under another recipe, or with another state of its file).
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
    """

    corpus: str
    started: str
    now: float
    holder: BuildLock | None
    stages: tuple[StageProgress, ...]
    documents: Counts
    questions: dict[str, QuestionCost]
    units: tuple[UnitStatus, ...] = field(default=())

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
    found = [(unit, _standing(corpus, plan, unit)) for unit in plan.units]
    finished = finished_units(corpus, plan, [manifest for _, (_, manifest) in found])
    manifests = [manifest for _, manifest in finished]
    documents = conserved(finished, output_decisions(corpus, manifests))
    left = Counter[tuple[str, str]]()
    for unit, (stands, _) in found:
        if stands != "finished":
            left["pending", f"unit_{stands}"] += unit.rows
    documents |= counted(left)
    check_sum(documents, sum(m.documents for m in manifests) + sum(left.values()))
    costs = [manifest.questions for manifest in manifests]
    costs += [
        ledger_costs(corpus, unit.folder) for unit, (stands, _) in found if stands == "under_way"
    ]
    return Status(
        corpus=plan.corpus,
        started=plan.started,
        now=time.time(),
        holder=holder(corpus),
        stages=_stages(corpus),
        documents=documents,
        questions=summed(costs),
        units=tuple(
            UnitStatus(unit.name, unit.rows, stands, manifest.outcomes if manifest else {})
            for unit, (stands, manifest) in found
        ),
    )


def _standing(corpus: Folder, plan: Plan, unit: PlannedUnit) -> tuple[str, UnitManifest | None]:
    manifest = unit_manifest(corpus / "units" / unit.folder)
    if manifest is None:
        asked = (corpus / "ledger" / unit.folder).names()
        return ("under_way" if asked else "waiting"), None
    wanted = plan.depends | {"file": unit.file, "source": plan.sources[unit.name.partition("/")[0]]}
    is_current = all(manifest.depends.get(name) == digest for name, digest in wanted.items())
    return ("finished", manifest) if is_current else ("outdated", None)


def finished_units(
    corpus: Folder, plan: Plan, manifests: list[UnitManifest | None] | None = None
) -> list[tuple[Folder, UnitManifest]]:
    """Return the finished units of a plan with their folders, in its order."""
    if manifests is None:
        manifests = [_standing(corpus, plan, unit)[1] for unit in plan.units]
    return [
        (corpus / "units" / unit.folder, manifest)
        for unit, manifest in zip(plan.units, manifests, strict=True)
        if manifest
    ]


def _stages(corpus: Folder) -> tuple[StageProgress, ...]:
    data = corpus.read(PROGRESS)
    try:
        return Progress.model_validate_json(data).stages if data else ()
    except ValidationError:
        # Of another format, or cut off by a full disk: the next build writes a new one.
        return ()


def read_plan(corpus: Folder) -> Plan:
    """Return what the newest build set out to do.

    Raises:
        VersionError: No build was ever started there.
        CorruptError: The plan cannot be read.
    """
    data = corpus.read(PLAN)
    if data is None:
        raise VersionError(
            f"no build was started in {corpus} yet", hint="start it with `prealign build RECIPE`"
        )
    try:
        return Plan.model_validate_json(data)
    except ValidationError as error:
        raise CorruptError(
            f"{corpus}/{PLAN} is not a plan", hint="run the build again; it writes a new one"
        ) from error
