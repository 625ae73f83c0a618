"""Where a build stands, read from the corpus folder alone; so it can be asked at any time."""

from dataclasses import dataclass, field

from pydantic import ValidationError

from pipeline.corpus.outcomes import Counts, check_sum, conserved
from pipeline.dedup.decisions import output_decisions
from pipeline.store import Folder
from pipeline.units import unit_manifest
from schemas.errors import CorruptError, VersionError
from schemas.unit import Plan, PlannedUnit, QuestionCost, UnitManifest

PLAN = "plan.json"


@dataclass(frozen=True)
class UnitStatus:
    """One unit: how many rows it has, and its documents by outcome, empty while unfinished."""

    name: str
    rows: int
    documents: Counts


@dataclass(frozen=True)
class Status:
    """A build as it stands.

    Attributes:
        corpus: Its name.
        started: When the newest build was started.
        documents: All documents by outcome and reason; rows of unfinished units are pending.
        questions: Cost by question, over all finished units.
        units: Every planned unit.
    """

    corpus: str
    started: str
    documents: Counts
    questions: dict[str, QuestionCost]
    units: tuple[UnitStatus, ...] = field(default=())

    @property
    def finished_units(self) -> int:
        """How many units are finished."""
        return sum(bool(unit.documents) for unit in self.units)


def status(corpus: Folder) -> Status:
    """Return how the newest build in a corpus folder stands.

    Raises:
        VersionError: No build was ever started there.
        ConservationError: Documents do not add up.
        CorruptError: A manifest or table is damaged.
    """
    plan = read_plan(corpus)
    units = [(unit, corpus / "units" / unit.folder) for unit in plan.units]
    found = [(unit, folder, unit_manifest(folder)) for unit, folder in units]
    finished = [(folder, manifest) for _, folder, manifest in found if manifest]
    documents = conserved(finished, output_decisions(corpus, [m for _, m in finished]))
    pending = [unit for unit, _, manifest in found if manifest is None]
    if pending:
        documents = documents | {"pending": {"unit_unfinished": sum(u.rows for u in pending)}}
    documents_in = sum(m.documents for _, m in finished) + sum(u.rows for u in pending)
    check_sum(documents, documents_in)
    return Status(
        corpus=plan.corpus,
        started=plan.started,
        documents=documents,
        questions=summed([m for _, m in finished]),
        units=tuple(_unit(unit, manifest) for unit, _, manifest in found),
    )


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


def _unit(unit: PlannedUnit, manifest: UnitManifest | None) -> UnitStatus:
    return UnitStatus(unit.name, unit.rows, manifest.outcomes if manifest else {})


def summed(manifests: list[UnitManifest]) -> dict[str, QuestionCost]:
    """Return cost by question, over many units."""
    costs: dict[str, QuestionCost] = {}
    for manifest in manifests:
        for question, cost in manifest.questions.items():
            costs[question] = added(costs.get(question, QuestionCost()), cost)
    return dict(sorted(costs.items()))


def added(one: QuestionCost, other: QuestionCost) -> QuestionCost:
    """Return two costs as one."""
    who = dict(one.by)
    for name, count in other.by.items():
        who[name] = who.get(name, 0) + count
    numbers = {
        name: getattr(one, name) + getattr(other, name)
        for name in QuestionCost.model_fields
        if name != "by"
    }
    return QuestionCost(**numbers, by=who)
