"""What the newest build set out to do, and what of it is finished."""

from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.store import Folder
from pipeline.units import unit_manifest
from schemas.errors import CorruptError, VersionError
from schemas.unit import Plan, PlannedUnit, UnitManifest

PLAN = "plan.json"


@dataclass(frozen=True)
class Standing:
    """A planned unit, and where it stands.

    Attributes:
        unit: As it was planned.
        folder: Where it lies.
        stands: ``finished``, ``under_way`` (some answers are there), ``waiting`` (none is), or
            ``outdated`` (finished under another recipe, or with another state of its file).
        manifest: Its manifest if it is finished, else None.
    """

    unit: PlannedUnit
    folder: Folder
    stands: str
    manifest: UnitManifest | None = None


def standings(corpus: Folder, plan: Plan) -> list[Standing]:
    """Return where every unit of a plan stands, in its order.

    Raises:
        CorruptError: A unit's manifest is damaged.
    """
    return [_standing(corpus, plan, unit) for unit in plan.units]


def _standing(corpus: Folder, plan: Plan, unit: PlannedUnit) -> Standing:
    folder = corpus / "units" / unit.folder
    manifest = unit_manifest(folder)
    if manifest is None:
        asked = (corpus / "ledger" / unit.folder).names()
        return Standing(unit, folder, "under_way" if asked else "waiting")
    source = plan.sources[unit.name.partition("/")[0]]
    wanted = plan.depends | {"file": unit.file, "source": source}
    if all(manifest.depends.get(name) == digest for name, digest in wanted.items()):
        return Standing(unit, folder, "finished", manifest)
    return Standing(unit, folder, "outdated")


def finished(found: list[Standing]) -> list[tuple[Folder, UnitManifest]]:
    """Return the finished units with their folders and manifests."""
    return [(one.folder, one.manifest) for one in found if one.manifest]


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
