"""Hands units to workers, and replaces those that die. The only file that knows Ray."""

import json
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from pipeline.store import Folder
from pipeline.worker import ALONE, Job, Worker
from schemas.errors import PipelineError, WorkerError
from schemas.recipe import PoolSection, Recipe
from schemas.unit import UnitResult

log = logging.getLogger(__name__)

# While one unit's last documents finish, the next one's first are already under way.
_UNITS_EACH = 2
# A unit whose worker died this often is taken document by document.
_DEATHS = 2


@contextmanager
def ray_cluster(pool: PoolSection) -> Iterator[None]:
    """Join the recipe's Ray cluster, or start one on this machine, while the block runs."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's coming default for workers without a GPU; left unset it warns at every start.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    started = not ray.is_initialized()
    if started:
        local: dict[str, Any] = {}
        if pool.address is None:
            # More workers than cores must not wait for ever: Ray counts what it is told.
            wanted = pool.workers * pool.cpus_each
            local = {
                "num_cpus": max(os.cpu_count() or 1, int(wanted + 0.999)),
                "include_dashboard": False,
            }
        _join(pool, local)
    try:
        if pool.address is None:
            _check_gpus(pool)
        yield
    finally:
        if started:
            ray.shutdown()


def _join(pool: PoolSection, local: dict[str, Any]) -> None:
    try:
        ray.init(address=pool.address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except ConnectionError as error:
        raise WorkerError(
            f"there is no Ray cluster at {pool.address}",
            hint="mend `address` under [pool], or leave it out to start Ray on this machine",
        ) from error


def _check_gpus(pool: PoolSection) -> None:
    """Refuse a pool that this machine can never hold; Ray would wait for it in silence."""
    found = ray.cluster_resources().get("GPU", 0)
    if pool.gpus_each * pool.workers > found:
        raise WorkerError(
            f"the recipe asks for {pool.workers} workers with {pool.gpus_each:g} GPUs each, this "
            f"machine has {found:g}",
            hint="lower `gpus_each` or `workers` under [pool], or give the `address` of a cluster",
        )


@dataclass
class _Actor:
    """A worker, and the jobs it has, by the reference under which each will be answered."""

    handle: Any
    jobs: dict[Any, Job] = field(default_factory=dict)


class Pool:
    """Workers for one build, alive while it is used as a context manager."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._corpus = Folder(recipe.corpus.folder)
        self._deaths: dict[str, int] = {}
        self._actors: list[_Actor] = []

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self._actors:
            ray.kill(actor.handle)

    def rewrite(self, jobs: Iterable[Job]) -> Iterator[UnitResult]:
        """Yield the result of every job, in the order in which they end.

        Jobs are taken from ``jobs`` as workers become free. A job whose worker dies is given to a
        new one; if that dies too, the unit's documents are taken one at a time at the end, and
        the one that kills its worker even alone is quarantined.

        Raises:
            PipelineError: What a worker raised, if it is for a person to mend.
            WorkerError: Workers die and no document is to blame.
        """
        self._actors = [self._hired() for _ in range(self._recipe.pool.workers)]
        suspect: list[Job] = []
        again: deque[Job] = deque()
        waiting = iter(jobs)
        while under_way := self._assigned(again, waiting):
            # A timeout lets Ctrl-C through, which a wait without end would hold up.
            done, _ = ray.wait(list(under_way), num_returns=1, timeout=1.0)
            for ref in done:
                actor = under_way[ref]
                result = self._result(ref)
                if result:
                    del actor.jobs[ref]
                    yield result
                else:
                    self._replace(actor, again, suspect)
        for job in suspect:
            yield self._one_by_one(job)

    def _assigned(self, again: deque[Job], waiting: Iterator[Job]) -> dict[Any, _Actor]:
        """Give every worker what it has room for; return all references that are under way."""
        for actor in self._actors:
            while len(actor.jobs) < _UNITS_EACH:
                job = again.popleft() if again else next(waiting, None)
                if job is None:
                    break
                actor.jobs[actor.handle.rewrite.remote(job)] = job
        return {ref: actor for actor in self._actors for ref in actor.jobs}

    def _hired(self) -> _Actor:
        pool = self._recipe.pool
        actor = ray.remote(num_cpus=pool.cpus_each, num_gpus=pool.gpus_each)(Worker)
        options = actor.options(max_concurrency=_UNITS_EACH, max_restarts=0)
        return _Actor(options.remote(self._recipe))

    def _result(self, ref: object) -> UnitResult | None:
        """Return a job's result, or None if its worker died."""
        try:
            return UnitResult.model_validate(ray.get(ref))
        except RayTaskError as error:
            if isinstance(error.cause, PipelineError):
                raise error.cause from None
            raise
        except RayActorError as error:
            log.warning("worker died", extra={"fields": {"why": str(error).split("\n")[0]}})
            return None

    def _replace(self, dead: _Actor, again: deque[Job], suspect: list[Job]) -> None:
        """Put a new worker in a dead one's place, and its jobs back in the queue."""
        for job in dead.jobs.values():
            deaths = self._deaths.get(job.unit.name, 0) + 1
            self._deaths[job.unit.name] = deaths
            if deaths < _DEATHS:
                again.append(job)
            else:
                suspect.append(replace(job, alone=True))
        dead.jobs.clear()
        dead.handle = self._hired().handle

    def _one_by_one(self, job: Job) -> UnitResult:
        """Return the result of a unit whose worker dies, with the deadly documents found out."""
        actor = self._actors[0]
        folder = self._corpus / "units" / job.unit.folder
        # Of a build that was killed: it would name a document that has harmed nobody.
        folder.remove(ALONE)
        while True:
            result = self._result(actor.handle.rewrite.remote(job))
            if result:
                return result
            actor.handle = self._hired().handle
            named = folder.read(ALONE)
            place = json.loads(named)["place"] if named else None
            if place is None or place in job.deadly:
                raise WorkerError(
                    f"unit {job.unit.name}: its worker dies and no document is to blame",
                    hint="see the build's log and Ray's logs; the engine may not fit the machine",
                )
            log.warning("document kills its worker", extra={"fields": {"place": place}})
            job = replace(job, deadly=job.deadly | {place})
