"""Hands units to workers, and replaces those that die. Only this file and cluster.py know Ray."""

import json
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from pipeline.cluster import Seats
from pipeline.crew import Crew, Place
from pipeline.elsewhere import Elsewhere, Line
from pipeline.engines import Capacity, Engine
from pipeline.host import Host
from pipeline.store import Folder
from pipeline.worker import ALONE, Job, Worker
from schemas.errors import EngineLostError, PipelineError, WorkerError
from schemas.exchange import Answer, Request
from schemas.recipe import Recipe
from schemas.unit import UnitResult

log = logging.getLogger(__name__)

# What a worker is given before it has said how much it wants: while the last documents of one unit
# finish, the first of the next are under way.
_ROOM = 2
# A unit whose worker died this often is taken document by document.
_DEATHS = 2
# With which status a host leaves whose engine has died, so that Ray starts it anew.
_ENGINE_LOST = 70


class HostLine:
    """The way to a host, for workers in other processes."""

    def __init__(self, host: Any) -> None:  # noqa: ANN401 - an actor
        self._host = host

    async def begin(self, halvings: int) -> Capacity:
        """Start the host's engine, unless it is started; wait while Ray starts the host anew."""
        with _as_ours():
            begun = self._host.begin.options(max_task_retries=-1)
            return await begun.remote(halvings)  # type: ignore[no-any-return]

    async def answer(
        self, requests: Sequence[Request], *, alone: bool
    ) -> AsyncIterator[tuple[int, Answer]]:
        """Yield answers as they come, each with the number of its request."""
        with _as_ours():
            asked = self._host.answer.options(num_returns="streaming")
            async for reference in asked.remote(requests, alone=alone):
                yield await reference


@contextmanager
def _as_ours() -> Iterator[None]:
    """Raise our own errors for those of Ray, here and on the way through it."""
    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, PipelineError):
            raise error.cause from None
        raise
    except RayActorError as error:
        raise EngineLostError(str(error).split("\n")[0], hint="see the logs of Ray") from error


@dataclass
class _Actor:
    """A worker, and what it is at.

    Attributes:
        seats: Where it runs.
        handle: The Ray actor.
        asked: The reference under which it says how many units it wants, once it has started its
            engines; None when it has.
        room: How many units it wants under way at once.
        jobs: Its jobs, by the references under which they will be answered.
        halvings: How often an engine has died in its place.
    """

    seats: Seats
    handle: Any = None
    asked: Any = None
    room: int = _ROOM
    jobs: dict[Any, Job] = field(default_factory=dict)
    halvings: int = 0


class Pool:
    """Workers for one build, and hosts of their engines, alive while the block runs."""

    def __init__(self, recipe: Recipe, wanted: Crew) -> None:
        self._recipe = recipe
        self._wanted = wanted
        self._corpus = Folder(recipe.corpus.folder)
        self._deaths: dict[str, int] = {}
        self._actors: list[_Actor] = []
        self._hosts: dict[str, dict[str, Any]] = {}
        self._seats: list[Seats] = []

    def __enter__(self) -> "Pool":
        leave = partial(os._exit, _ENGINE_LOST)
        for name, place in self._wanted.hosts.items():
            self._hosts[name] = {
                f"{name}-{number}": self._seated(place).hire(
                    Host, self._recipe, name, leave, restarts=-1
                )
                for number in range(place.count)
            }
        return self

    def _seated(self, place: Place) -> Seats:
        seats = Seats(place)
        self._seats.append(seats)
        return seats

    def __exit__(self, *_: object) -> None:
        handles = [actor.handle for actor in self._actors]
        for handle in [*handles, *(h for hosts in self._hosts.values() for h in hosts.values())]:
            ray.kill(handle)
        for seats in self._seats:
            seats.give_back()

    def rewrite(self, jobs: Iterable[Job]) -> Iterator[UnitResult]:
        """Yield the result of every job, in the order in which they end.

        Jobs are taken from ``jobs`` as workers become free. A job whose worker dies is given to a
        new one; if that dies too, the unit's documents are taken one at a time at the end, and
        the one that kills its worker even alone is quarantined.

        Raises:
            PipelineError: What a worker raised, if it is for a person to mend.
            WorkerError: Workers die and no document is to blame.
        """
        workers = self._wanted.workers
        self._actors = [self._hired(_Actor(self._seated(workers))) for _ in range(workers.count)]
        suspect: list[Job] = []
        again: deque[Job] = deque()
        waiting = iter(jobs)
        while under_way := self._assigned(again, waiting):
            asked = {actor.asked: actor for actor in self._actors if actor.asked is not None}
            # A timeout lets Ctrl-C through, which a wait without end would hold up.
            done, _ = ray.wait([*under_way, *asked], num_returns=1, timeout=1.0)
            for ref in done:
                if ref in asked:
                    self._learn_room(asked[ref])
                    continue
                actor = under_way[ref]
                result = self._result(ref, actor)
                if result:
                    del actor.jobs[ref]
                    yield result
                else:
                    self._replace(actor, again, suspect)
        for job in suspect:
            yield self._one_by_one(job)

    def _assigned(self, again: deque[Job], waiting: Iterator[Job]) -> dict[Any, _Actor]:
        """Give workers what they have room for; return all references that are under way."""
        while free := [actor for actor in self._actors if len(actor.jobs) < actor.room]:
            job = again.popleft() if again else next(waiting, None)
            if job is None:
                break
            least = min(free, key=lambda actor: len(actor.jobs))
            least.jobs[least.handle.rewrite.remote(job)] = job
        return {ref: actor for actor in self._actors for ref in actor.jobs}

    def _hired(self, actor: _Actor) -> _Actor:
        """Return the actor with a new worker in its place."""
        lines = {
            name: {host: HostLine(handle) for host, handle in hosts.items()}
            for name, hosts in self._hosts.items()
        }
        workers = self._wanted.workers.count
        actor.handle = actor.seats.hire(
            Worker, self._recipe, partial(_stand_ins, lines, workers), actor.halvings
        )
        actor.asked = actor.handle.room.remote()
        return actor

    def _learn_room(self, actor: _Actor) -> None:
        """Take down how many units a worker wants, unless it has died, which its jobs will tell."""
        with suppress(RayActorError, RayTaskError):
            actor.room = ray.get(actor.asked)
        actor.asked = None

    def _result(self, ref: object, actor: _Actor) -> UnitResult | None:
        """Return a job's result, or None if its worker or the engine in it died."""
        try:
            return UnitResult.model_validate(ray.get(ref))
        except RayTaskError as error:
            if not isinstance(error.cause, PipelineError):
                raise
            if not isinstance(error.cause, EngineLostError):
                raise error.cause from None
            why, lost = str(error.cause), 1
        except RayActorError as error:
            why, lost = str(error).split("\n")[0], 0
        # Most often it was memory that was wanting: the next one takes on half as much at once.
        actor.halvings += lost
        log.warning("worker died", extra={"fields": {"why": why, "halvings": actor.halvings}})
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
        ray.kill(dead.handle)
        self._hired(dead)

    def _one_by_one(self, job: Job) -> UnitResult:
        """Return the result of a unit whose worker dies, with the deadly documents found out."""
        actor = self._actors[0]
        folder = self._corpus / "units" / job.unit.folder
        # Of a build that was killed: it would name a document that has harmed nobody.
        folder.remove(ALONE)
        while True:
            result = self._result(actor.handle.rewrite.remote(job), actor)
            if result:
                return result
            ray.kill(actor.handle)
            self._hired(actor)
            named = folder.read(ALONE)
            place = json.loads(named)["place"] if named else None
            if place is None or place in job.deadly:
                raise WorkerError(
                    f"unit {job.unit.name}: its worker dies and no document is to blame",
                    hint="see the build's log and Ray's logs; the engine may not fit the machine",
                )
            log.warning("document kills its worker", extra={"fields": {"place": place}})
            job = replace(job, deadly=job.deadly | {place})


def _stand_ins(
    lines: Mapping[str, Mapping[str, Line]], askers: int, engines: Mapping[str, Engine]
) -> dict[str, Engine]:
    """Return who stands in a worker for the engines that are hosted elsewhere, by name."""
    return {name: Elsewhere.of(engines[name], hosts, askers) for name, hosts in lines.items()}
