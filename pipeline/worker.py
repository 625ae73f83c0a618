"""A worker: takes a unit, sends its documents on their journeys, writes what came of them.

A plain class; that it runs inside a Ray actor is known to pool.py alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.answering import Answering
from pipeline.engines import Waiting
from pipeline.journey import Answerer, outcome, travel
from pipeline.ledger import Cuts, Ledger
from pipeline.rows import counted, row_of
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
    """Works on units; several may be under way at once, sharing the flight of documents."""

    def __init__(self, recipe: Recipe) -> None:
        self._workshop = open_workshop(recipe)
        self._cuts = Cuts(self._workshop.corpus)
        self._flight = asyncio.Semaphore(recipe.pool.in_flight)

    async def rewrite(self, job: Job) -> UnitResult:
        """Return the result of a unit, finished before or now.

        Raises:
            StorageError: The corpus folder cannot be written.
            SourceError: The store of the unit's file cannot be reached.
        """
        unit = job.unit
        folder = self._workshop.corpus / "units" / unit.folder
        depends = unit_depends(self._workshop, unit, job.duplicates, job.retries)
        done = None if job.deadly else finished(folder, unit_fingerprint(depends))
        if done:
            return UnitResult(unit=unit.name, manifest=done, documents=done.outcomes, resumed=True)
        ledger = Ledger(self._workshop.corpus, unit, self._cuts)
        answering = Answering(self._workshop.engines, ledger)
        try:
            documents = list(unit_documents(self._workshop, unit))
        except ChangedError as error:
            # The others go on; this file is planned again when they are done.
            waiting = {"pending": {"source_changed": unit.rows}}
            return UnitResult(unit=unit.name, manifest=None, documents=waiting, changed=str(error))
        async with ledger.keeping():
            travelled = await self._travelled(documents, job, answering)
        if job.alone:
            # Whatever dies from here on, no document is to blame.
            folder.remove(ALONE)
        outcomes = [stands for _, stands in travelled]
        documents_by = counted(Counter((o.kind.value, o.reason) for o in outcomes))
        if OutcomeKind.PENDING in {o.kind for o in outcomes}:
            return UnitResult(unit=unit.name, manifest=None, documents=documents_by)
        share = self._workshop.recipe.publish.validation_share
        rows = [row_of(doc, o, self._workshop.scheme, share) for doc, o in travelled]
        ledger.tidy()
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
        async with self._flight:
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


def drawn_anew(answer: Answerer, retries: int) -> Answerer:
    """Return an answerer whose draws no earlier attempt has made.

    Each attempt has room for two: an answer that cannot be read is asked for once more.
    """
    if not retries:
        return answer

    async def anew(requests: Sequence[Request]) -> list[Answer]:
        return await answer([replace(r, draw=r.draw + 2 * retries) for r in requests])

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
