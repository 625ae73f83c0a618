"""What would be asked about one document, without asking anybody who costs anything.

Its journey is made again: answers come from the ledger, or from engines that need no model and no
server. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.corpus.answers import answers_about
from pipeline.corpus.plans import known_cuts
from pipeline.journey import travel
from pipeline.units import planned_units, unit_documents
from pipeline.workshop import Workshop
from schemas.document import Document
from schemas.errors import EngineError, VersionError, nearest
from schemas.exchange import Answer, Finish, Identity, Request, answer_key
from schemas.unit import Unit


@dataclass(frozen=True)
class Asked:
    """What one pass asks of a document.

    Attributes:
        name: The pass's name.
        requests: Its questions, none if it asks nothing.
        missing: The first of them that has no answer, and nobody who gives one for nothing; ""
            otherwise. What later passes ask is not known then.
    """

    name: str
    requests: tuple[Request, ...]
    missing: str = ""


def find_document(workshop: Workshop, name: str) -> tuple[Unit, Document]:
    """Return a document as it comes through the door, and the unit that holds it.

    Args:
        workshop: The opened recipe.
        name: The document's id, or its place: ``source/file:row``.

    Raises:
        VersionError: No source holds it.
        SourceError: A source cannot be read.
    """
    source = name.partition("/")[0]
    parts: list[str] = []
    for unit in planned_units(workshop, known=known_cuts(workshop.corpus, workshop)):
        if unit.file.source != source:
            continue
        for document in unit_documents(workshop, unit):
            if name in (document.id, document.place):
                return unit, document
            if document.source_id == name:
                parts.append(document.id)
    if parts:
        raise VersionError(
            f"'{name}' is too long, and is split into {len(parts)} documents",
            hint=f"they are {', '.join(parts[:5])}" + (", …" if len(parts) > 5 else ""),
        )
    hint = "a name is SOURCE/ID or SOURCE/FILE:ROW"
    if source not in workshop.sources:
        hint += f"; {nearest(source, [*workshop.sources])}"
    raise VersionError(f"no source holds a document called '{name}'", hint=hint)


async def rehearsed(workshop: Workshop, unit: Unit, document: Document) -> list[Asked]:
    """Return what each pass asks of a document, as far as its journey can be made.

    Raises:
        CorruptError: A file of the ledger cannot be read.
    """
    answering = _Answering(workshop, unit, document)
    asked: list[Asked] = []
    for step in workshop.passes:
        if document.settled:
            break
        requests = tuple(step.ask(document))
        try:
            document = await travel(document, [step], answering.answer, workshop.kit)
        except _UnansweredError as error:
            return [*asked, Asked(step.name(), requests, str(error))]
        asked.append(Asked(step.name(), requests))
    return asked


def identity(workshop: Workshop, request: Request) -> Identity:
    """Return who would answer a request."""
    engines = workshop.engines[request.role]
    return engines[request.juror % len(engines)].identity(request)


class _UnansweredError(EngineError):
    """A question has no answer yet; named by it."""


class _Answering:
    """The ledger's answers about one document, and those that cost nothing."""

    def __init__(self, workshop: Workshop, unit: Unit, document: Document) -> None:
        self._workshop = workshop
        rows = answers_about(workshop.corpus, unit.folder, document.id)
        self._known = {row["key"].hex(): row for row in rows}

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        return [await self._one(request) for request in requests]

    async def _one(self, request: Request) -> Answer:
        who = identity(self._workshop, request)
        row = self._known.get(answer_key(request, who))
        if row is not None:
            return Answer(row["answer"], who, Finish(row["finish"]))
        engines = self._workshop.engines[request.role]
        engine = engines[request.juror % len(engines)]
        if not engine.is_free(request):
            raise _UnansweredError(request.question)
        [answer] = await engine.answer([request])
        return answer
