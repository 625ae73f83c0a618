"""A worker: takes a unit, sends its documents on their journeys, writes what came of them.

A plain class; that it runs inside a Ray actor is known to pool.py alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from pipeline.answering import Answering
from pipeline.engines import Capacity, Engine, StandIns, Waiting
from pipeline.flight import Flight
from pipeline.journey import Answerer, outcome, travel
from pipeline.ledger import Cuts, Ledger
from pipeline.rows import counted, row_of
from pipeline.splitting import tokens
from pipeline.units import (
    finished,
    unit_depends,
    unit_documents,
    unit_fingerprint,
    write_unit,
)
from pipeline.workshop import open_workshop
from schemas.document import Decision, Document, Note, Outcome, OutcomeKind
from schemas.errors import ChangedError
from schemas.exchange import Answer, Request
from schemas.recipe import Recipe
from schemas.unit import Unit, UnitManifest, UnitResult

ALONE = "alone.json"
# A retry at temperature 0 would be told the same again.
_RETRY_TEMPERATURE = 0.7
# Tokens of the questions and answers about one document that are under way at once, six reviews
# most of the time; its text, numbered, and the stretches shown of its rewrite come to three halves.
_ASKED = 2000


@dataclass(frozen=True)
class Job:
    """A unit, and what the build knows about its documents beforehand.

    Attributes:
        unit: The unit.
        duplicates: (reason, twin, similarity) of documents not to be worked on, by place.
        retries: How often a document is to be tried again, by place.
        deadly: Places of documents that have killed a worker when they ran alone.
        alone: Whether to take one document at a time and say first which, because this unit's
            worker has died before.
    """

    unit: Unit
    duplicates: dict[str, tuple[str, str, float]]
    retries: dict[str, int] = field(default_factory=dict)
    deadly: frozenset[str] = frozenset()
    alone: bool = False


class Worker:
    """Works on units; many may be under way at once, sharing the flight of documents."""

    def __init__(
        self, recipe: Recipe, elsewhere: StandIns | None = None, halvings: int = 0
    ) -> None:
        """Open the recipe; no engine is started yet.

        Args:
            recipe: The recipe.
            elsewhere: Names who stands for engines that run in other processes.
            halvings: How often an engine died that this worker takes over from, most often for
                want of memory: each time it has half as much to do at once.
        """
        self._workshop = open_workshop(recipe, elsewhere)
        self._cuts = Cuts(self._workshop.corpus)
        self._halvings = halvings
        self._ready: asyncio.Task[Flight] | None = None
        self._has_started = asyncio.Event()

    async def room(self) -> int:
        """Return how many units the worker wants under way at once, when its engines have started.

        As many as its documents in flight come from, and one more on either side: while the
        slowest documents of one unit end, the first of another have already begun. Engines start
        with the first unit that is not finished.
        """
        await self._has_started.wait()
        flight = await self._flight()
        return ceil(flight.documents / self._workshop.recipe.corpus.unit_rows) + 2

    async def _flight(self) -> Flight:
        if self._ready is None:
            self._ready = asyncio.create_task(self._started())
        return await asyncio.shield(self._ready)

    async def _started(self) -> Flight:
        engines = self._workshop.opened.values()
        at_once = [engine.start(self._halvings) for engine in engines if not engine.gpus]
        await asyncio.gather(self._load([e for e in engines if e.gpus]), *at_once)
        # Whoever hands on what it does not know is as busy as the one it hands to.
        own = [engine.capacity() for engine in engines if not engine.relies_on]
        known = [capacity.tokens for capacity in own if capacity.tokens is not None]
        requests = sum(capacity.requests for capacity in own)
        if self._workshop.recipe.pool.in_flight:
            requests = max(1, self._workshop.recipe.pool.in_flight >> self._halvings)
        self._has_started.set()
        return Flight(Capacity(requests, sum(known) if known else None))

    async def _load(self, engines: Sequence[Engine]) -> None:
        # One after the other: each model measures how much memory those before it have left.
        for engine in engines:
            await engine.start(self._halvings)

    async def rewrite(self, job: Job) -> UnitResult:
        """Return the result of a unit, finished before or now.

        Raises:
            EngineLostError: An engine died; what it had answered is in the ledger.
            StorageError: The corpus folder cannot be written.
            SourceError: The store of the unit's file cannot be reached.
        """
        unit = job.unit
        folder = self._workshop.corpus / "units" / unit.folder
        depends = unit_depends(self._workshop, unit, job.duplicates, job.retries)
        done = None if job.deadly else finished(folder, unit_fingerprint(depends))
        if done:
            return UnitResult(unit=unit.name, manifest=done, documents=done.outcomes, resumed=True)
        await self._flight()
        ledger = Ledger(self._workshop.corpus, unit, self._cuts)
        answering = Answering(self._workshop.engines, ledger)
        try:
            documents = list(unit_documents(self._workshop, unit))
        except ChangedError as error:
            # The others go on; this file is planned again when they are done.
            waiting = {"pending": {"source_changed": unit.rows}}
            return UnitResult(unit=unit.name, manifest=None, documents=waiting, changed=str(error))
        try:
            async with ledger.keeping():
                travelled = await self._travelled(documents, job, answering)
        finally:
            for engine in self._workshop.opened.values():
                await engine.settle()
        if job.alone:
            # Whatever dies from here on, no document is to blame.
            folder.remove(ALONE)
        outcomes = [stands for _, stands in travelled]
        documents_by = counted(Counter((o.kind.value, o.reason) for o in outcomes))
        if OutcomeKind.PENDING in {o.kind for o in outcomes}:
            return UnitResult(unit=unit.name, manifest=None, documents=documents_by)
        for document, stands in travelled:
            answering.ended(document, stands)
        share = self._workshop.recipe.publish.validation_share
        rows = [row_of(doc, o, self._workshop.scheme, share) for doc, o in travelled]
        ledger.tidy(answering.kept())
        manifest = UnitManifest(
            unit=unit.name,
            fingerprint=unit_fingerprint(depends),
            depends=depends,
            rows=unit.rows,
            documents=len(rows),
            outcomes=documents_by,
            questions=answering.costs(),
            answers=answering.digest(),
        )
        manifest = write_unit(folder, rows, manifest)
        return UnitResult(unit=unit.name, manifest=manifest, documents=documents_by)

    async def _travelled(
        self, documents: list[Document], job: Job, answering: Answering
    ) -> list[tuple[Document, Outcome]]:
        if job.alone:
            return [await self._alone(document, job, answering) for document in documents]
        tasks = [asyncio.create_task(self._one(doc, job, answering)) for doc in documents]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _alone(
        self, document: Document, job: Job, answering: Answering
    ) -> tuple[Document, Outcome]:
        """Take one document, having left its name where it is found if this process dies."""
        folder = self._workshop.corpus / "units" / job.unit.folder
        if document.place not in job.deadly:
            folder.write(ALONE, json.dumps({"place": document.place}).encode())
        return await self._one(document, job, answering)

    async def _one(
        self, document: Document, job: Job, answering: Answering
    ) -> tuple[Document, Outcome]:
        known = _known_before(document, job)
        if known:
            document = document.add("plan", known)
        flight = await self._flight()
        async with flight.seat(_weight(document)):
            try:
                document = await travel(
                    document,
                    self._workshop.passes,
                    drawn_anew(answering.answer, job.retries.get(document.place, 0)),
                    self._workshop.kit,
                )
            except Waiting:
                return document, Outcome(OutcomeKind.PENDING, "waiting")
        return document, outcome(document)


def _weight(document: Document) -> int:
    """Return about how many tokens of an engine's cache a document's conversation takes."""
    return tokens(document.text) * 3 // 2 + _ASKED


def drawn_anew(answer: Answerer, retries: int) -> Answerer:
    """Return an answerer whose draws no earlier attempt has made.

    Each attempt has room for two: an answer that cannot be read is asked for once more.
    """
    if not retries:
        return answer

    def other(request: Request) -> Request:
        warmth = max(request.sampling.temperature, _RETRY_TEMPERATURE)
        sampling = replace(request.sampling, temperature=warmth)
        return replace(request, draw=request.draw + 2 * retries, sampling=sampling)

    async def anew(requests: Sequence[Request]) -> list[Answer]:
        return await answer([other(request) for request in requests])

    return anew


def _known_before(document: Document, job: Job) -> Note | None:
    """Return the note that settles a document before its journey, or None."""
    if document.place in job.deadly:
        detail = "its worker died each time, the last time with this document alone"
        return Note(Decision.QUARANTINE, "worker_died", detail)
    if document.place not in job.duplicates:
        return None
    reason, twin, similarity = job.duplicates[document.place]
    if reason == "id_taken":
        return Note.reject(reason, f"{twin} has the same id")
    return Note(Decision.DUPLICATE, reason, f"like {twin}, {similarity:.3f}")
