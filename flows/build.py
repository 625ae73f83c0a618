"""The build: from a recipe to a published version, as a Prefect flow on a Ray pool.

The same path on a laptop and on a cluster; only ``[pool]`` differs. Prefect knows
stages, Ray knows units; documents are the workers' business. Every stage looks
first whether it is finished, so running a build again continues it.
"""

import time
from collections import Counter
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from flows.guard import end_server_with_us
from flows.log import build_log, event
from flows.progress import Stages
from flows.summary import Summary
from pipeline.cluster import ray_cluster
from pipeline.corpus.costs import summed
from pipeline.corpus.outcomes import Counts, conserved
from pipeline.corpus.plans import PLAN, known_cuts, new_plan
from pipeline.corpus.record import build_record
from pipeline.corpus.retries import retried
from pipeline.corpus.shards import write_shards
from pipeline.corpus.versions import Dataset
from pipeline.dedup.decisions import Decisions, output_duplicates, source_duplicates
from pipeline.lock import build_lock
from pipeline.pool import Pool
from pipeline.recipes import read_recipe
from pipeline.rows import counted
from pipeline.store import Folder
from pipeline.units import check_sources, planned_units
from pipeline.worker import Job
from pipeline.workshop import Workshop, open_workshop
from schemas.errors import ChangedError
from schemas.unit import Unit, UnitManifest, UnitResult
from schemas.version import ShardList, VersionManifest

_MB = 1_000_000
# Prefect's server takes its time for each; a bar need not move more often.
_PROGRESS_EVERY_S = 5.0
# A file that is still being written changes again and again; then its documents wait.
_PLANS = 3


@task(cache_policy=NO_CACHE)
def plan(workshop: Workshop, stages: Stages) -> list[Unit]:
    """Return all units, by the priority of their sources, after writing down what is planned."""
    with stages.stage("plan") as advance:
        check_sources(workshop)
        units = []
        known = known_cuts(workshop.corpus, workshop)
        for unit in planned_units(workshop, stages.tell, known):
            units.append(unit)
            advance(1)
    planned = new_plan(workshop, units)
    workshop.corpus.write(PLAN, (planned.model_dump_json(indent=1) + "\n").encode())
    event("planned", units=len(units), rows=sum(unit.rows for unit in units))
    return units


@task(name="source duplicates", cache_policy=NO_CACHE)
def find_source_duplicates(
    workshop: Workshop, units: list[Unit], published: frozenset[str], stages: Stages
) -> Decisions:
    """Return which documents are not worth rewriting, because another one is so like them."""
    with stages.stage("source duplicates", sum(unit.rows for unit in units)) as advance:
        decisions = source_duplicates(workshop, units, published, advance)
    event("source duplicates found", documents=sum(map(len, decisions.values())))
    return decisions


@task(cache_policy=NO_CACHE)
def rewrite(
    workshop: Workshop, units: list[Unit], duplicates: Decisions, stages: Stages
) -> list[UnitResult]:
    """Return the result of every unit, in the order of ``units``."""
    results: dict[str, UnitResult] = {}
    again = retried(workshop.corpus)
    jobs = (Job(u, duplicates.get(u.name, {}), again.get(u.name, {})) for u in units)
    rows = {unit.name: unit.rows for unit in units}
    shown = cast(
        "UUID",
        create_progress_artifact(0.0, key="rewrite", description="units finished, percent"),
    )
    due = time.monotonic() + _PROGRESS_EVERY_S
    with (
        ray_cluster(workshop.recipe) as wanted,
        Pool(workshop.recipe, wanted) as workers,
        stages.stage("rewrite", sum(rows.values())) as advance,
    ):
        for result in workers.rewrite(jobs):
            results[result.unit] = result
            advance(rows[result.unit], kept=rows[result.unit] if result.resumed else 0)
            counts = {kind: sum(reasons.values()) for kind, reasons in result.documents.items()}
            if result.changed:
                event("source changed", unit=result.unit, why=result.changed)
            else:
                event("unit finished", unit=result.unit, resumed=result.resumed, **counts)
            if time.monotonic() > due:
                update_progress_artifact(shown, progress=100.0 * len(results) / len(units))
                due = time.monotonic() + _PROGRESS_EVERY_S
    update_progress_artifact(shown, progress=100.0)
    return [results[unit.name] for unit in units]


@task(name="output duplicates", cache_policy=NO_CACHE)
def find_output_duplicates(
    workshop: Workshop,
    finished: list[tuple[Folder, UnitManifest]],
    published: frozenset[str],
    stages: Stages,
) -> Decisions:
    """Return which accepted documents have become too much alike."""
    documents = sum(manifest.documents for _, manifest in finished)
    with stages.stage("output duplicates", documents) as advance:
        decisions = output_duplicates(workshop, finished, published, advance)
    event("output duplicates found", documents=sum(map(len, decisions.values())))
    return decisions


@task(cache_policy=NO_CACHE)
def shards(
    workshop: Workshop,
    finished: list[tuple[Folder, UnitManifest]],
    decisions: Decisions,
    stages: Stages,
) -> list[ShardList]:
    """Return the lists of shards, after writing those that are new."""
    dataset = Dataset(workshop.recipe.publish.dataset)
    newest = dataset.newest()
    with stages.stage("shards") as advance:
        lists = write_shards(
            dataset.folder,
            finished,
            decisions,
            target_bytes=workshop.recipe.publish.shard_mb * _MB,
            parent=dataset.lists(newest) if newest else {},
        )
        advance(sum(len(shards.shards) for shards in lists))
    return lists


@task(cache_policy=NO_CACHE)
def publish(
    workshop: Workshop,
    lists: list[ShardList],
    documents: Counts,
    manifests: list[UnitManifest],
    order: dict[str, Any],
) -> tuple[VersionManifest, bool]:
    """Return the version that holds these shards, and whether it is new."""
    return Dataset(workshop.recipe.publish.dataset).publish(
        workshop.recipe.corpus.name,
        lists,
        scheme=workshop.scheme,
        documents=documents,
        sources=sum(manifest.documents for manifest in manifests),
        build=build_record(workshop, order, manifests),
    )


@flow(name="prealign-build", validate_parameters=False)
def build(recipe_path: str, overrides: list[str] | None = None, *, quiet: bool = False) -> Summary:
    """Run, or continue, the build of a recipe.

    Args:
        recipe_path: The TOML file.
        overrides: Such as ``pool.workers=4``; they win over the file.
        quiet: Whether to show no progress.

    Raises:
        PipelineError: Something that a person can mend; everything done so far is kept.
    """
    begun = time.monotonic()
    end_server_with_us()
    recipe = read_recipe(Path(recipe_path), overrides)
    workshop = open_workshop(recipe)
    # Read now, and not when it is published: it may be edited meanwhile.
    order = {"recipe": Path(recipe_path).read_text(encoding="utf-8"), "overrides": overrides or []}
    stages = Stages(workshop.corpus, quiet=quiet)
    with build_lock(workshop.corpus, stages.tell), build_log(workshop.corpus) as log:
        event("build started", corpus=recipe.corpus.name, overrides=overrides or [])
        summary = _built(workshop, order, stages, begun, log)
        event("build ended", version=summary.version, seconds=round(summary.seconds, 1))
    create_markdown_artifact(summary.as_markdown(), key="summary", description="what became of it")
    return summary


def _built(
    workshop: Workshop, order: dict[str, Any], stages: Stages, begun: float, log: str
) -> Summary:
    published = Dataset(workshop.recipe.publish.dataset).source_ids()
    units, results = _rewritten(workshop, published, stages)
    manifests = [result.manifest for result in results if result.manifest]
    version, is_new = None, False
    if len(manifests) < len(units):
        documents = _unfinished(results)
    else:
        folders = [workshop.corpus / "units" / unit.folder for unit in units]
        finished = list(zip(folders, manifests, strict=True))
        after = find_output_duplicates(workshop, finished, published, stages)
        documents = conserved(finished, after)
        if documents.get("accepted"):
            lists = shards(workshop, finished, after, stages)
            manifest, is_new = publish(workshop, lists, documents, manifests, order)
            version = manifest.version
    questions = summed(r.manifest.questions for r in results if r.manifest and not r.resumed)
    return Summary(
        corpus=workshop.recipe.corpus.name,
        documents=documents,
        units=len(units),
        resumed=sum(result.resumed for result in results),
        asked=sum(cost.asked for cost in questions.values()),
        remembered=sum(cost.remembered for cost in questions.values()),
        dataset=workshop.recipe.publish.dataset,
        version=version,
        is_new=is_new,
        seconds=time.monotonic() - begun,
        log=log,
        questions=questions,
        waiting_for=_waiting_for(workshop) if "pending" in documents else (),
    )


def _waiting_for(workshop: Workshop) -> tuple[str, ...]:
    """Return what a person has to do for questions that wait, a line each."""
    said = (engine.waiting_for() for engine in workshop.opened.values())
    return tuple(line for lines in said for line in lines.splitlines())


def _rewritten(
    workshop: Workshop, published: frozenset[str], stages: Stages
) -> tuple[list[Unit], list[UnitResult]]:
    """Return all units with their results, planned anew while files change under them.

    What was finished before a file changed is found finished again, so planning anew costs little.
    """
    for attempt in range(1, _PLANS + 1):
        try:
            units = plan(workshop, stages)
            if units:
                Folder(workshop.recipe.publish.dataset).probe()
            before = find_source_duplicates(workshop, units, published, stages)
            results = rewrite(workshop, units, before, stages) if units else []
        except ChangedError as error:
            if attempt == _PLANS:
                raise
            changed = [str(error)]
        else:
            changed = sorted({result.changed for result in results if result.changed})
            if not changed or attempt == _PLANS:
                return units, results
        event("planned anew", files=changed)
        for what in changed:
            stages.tell(f"{what}; planned anew")
    raise AssertionError("the last attempt returns or raises")


def _unfinished(results: list[UnitResult]) -> Counts:
    """Return all documents as they stand while some of them wait for answers."""
    pairs: Counter[tuple[str, str]] = Counter()
    for result in results:
        for kind, reasons in result.documents.items():
            pairs.update({(kind, reason): count for reason, count in reasons.items()})
    return counted(pairs)
