"""What the newest build set out to do, and what of it is finished."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.corpus.retries import retried
from pipeline.store import Folder
from pipeline.units import Cuts, retries_digest, rows_digest, unit_manifest
from pipeline.workshop import Workshop
from schemas.errors import CorruptError, VersionError
from schemas.unit import Plan, PlannedUnit, Unit, UnitManifest

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
    again = retried(corpus)
    return [_standing(corpus, plan, unit, again.get(unit.name, {})) for unit in plan.units]


def _standing(corpus: Folder, plan: Plan, unit: PlannedUnit, again: dict[str, int]) -> Standing:
    folder = corpus / "units" / unit.folder
    manifest = unit_manifest(folder)
    if manifest is None:
        asked = (corpus / "ledger" / unit.folder).names()
        return Standing(unit, folder, "under_way" if asked else "waiting")
    wanted = plan.depends | {"file": unit.digest, "source": plan.sources[unit.source]}
    wanted |= retries_digest(again)
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


def new_plan(workshop: Workshop, units: Sequence[Unit]) -> Plan:
    """Return the plan of a build that starts now."""
    recipe = workshop.recipe
    return Plan(
        corpus=recipe.corpus.name,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        unit_rows=recipe.corpus.unit_rows,
        depends=workshop.depends,
        sources={name: workshop.depends_of_source(name) for name in workshop.sources},
        whole=tuple(section.name for section in recipe.sources if section.cap is None),
        forms=recipe.forms,
        units=tuple(
            PlannedUnit(
                source=unit.file.source,
                path=unit.file.name,
                stamp=unit.file.stamp,
                first=unit.first,
                rows=unit.rows,
                begin=unit.begin,
                offset=unit.offset,
                digest=rows_digest(unit),
            )
            for unit in units
        ),
    )


def known_cuts(corpus: Folder, workshop: Workshop) -> Cuts:
    """Return how the newest build has cut its files, as far as this one would cut them the same.

    A file that has not changed need not be read again to be planned; none is, if there is no plan.
    """
    try:
        plan = read_plan(corpus)
    except (VersionError, CorruptError):
        return {}
    cuts: dict[tuple[str, str, str], list[tuple[int, int, int, int]]] = {}
    same = {
        name
        for name in workshop.sources
        if plan.unit_rows == workshop.recipe.corpus.unit_rows
        and name in plan.whole
        and plan.sources.get(name) == workshop.depends_of_source(name)
    }
    for unit in plan.units:
        if unit.source in same:
            cut = (unit.first, unit.rows, unit.begin, unit.offset)
            cuts.setdefault((unit.source, unit.path, unit.stamp), []).append(cut)
    return cuts
