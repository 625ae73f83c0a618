"""Every answer ever given, by the content of its question.

Provenance, cost record and resume in one. A ledger belongs to the corpus, not to
a build: one folder per unit of append-only Parquet. Rows are found by key; if two
hold one key, the first one counts, so that a build killed while it put files
together reads what it read before.
"""

import asyncio
import logging
import os
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.parquet import decoded, encoded, table_of
from pipeline.store import Folder
from schemas.errors import CorruptError, StorageError
from schemas.exchange import (
    Answer,
    Identity,
    Request,
    Usage,
    canonical,
    request_digest,
    schema_digest,
    sha256,
)
from schemas.tables import LEDGER
from schemas.unit import Unit, file_folder

log = logging.getLogger(__name__)

# How long an answer may be known to this process alone.
_DURABLE_WITHIN_S = 1.0


class Cuts:
    """How the ledger's files were cut, each looked up once: units come by the ten thousand.

    Whoever changes the size of units has not thrown their answers away.
    """

    def __init__(self, corpus: Folder) -> None:
        self._ledger = corpus / "ledger"
        self._known: dict[str, list[tuple[int, int]]] = {}

    def overlapping(self, file: str, first: int, rows: int) -> list[Folder]:
        """Return the folder of these rows, and those of other cuts of them, sorted.

        Args:
            file: The folder of the file below ``ledger/``.
            first: Number of the first row.
            rows: How many rows.
        """
        if file not in self._known:
            self._known[file] = sorted(_cuts(self._ledger / file))
        cuts = self._known[file]
        longest = max((count for _, count in cuts), default=0)
        here = cuts[bisect_left(cuts, (first - longest,)) : bisect_left(cuts, (first + rows,))]
        found = {cut for cut in here if cut[0] + cut[1] > first} | {(first, rows)}
        return [self._ledger / file / f"{start}+{count}" for start, count in sorted(found)]


def _cuts(folder: Folder) -> Iterator[tuple[int, int]]:
    for name in folder.folders():
        first, plus, rows = name.partition("+")
        if plus and first.isdigit() and rows.isdigit():
            yield int(first), int(rows)


class Ledger:
    """The answers about one unit."""

    def __init__(self, corpus: Folder, unit: Unit, cuts: Cuts | None = None) -> None:
        """Read what is known about a unit.

        Args:
            corpus: The corpus folder.
            unit: The unit.
            cuts: How files were cut before this build, looked up once for all units.
        """
        self._folder = corpus / "ledger" / unit.folder
        self._answers: dict[str, Answer] = {}
        self._unwritten: list[dict[str, Any]] = []
        file = file_folder(unit.file.source, unit.file.name)
        for folder in (cuts or Cuts(corpus)).overlapping(file, unit.first, unit.rows):
            for name in folder.names():
                self._learn(folder, name)

    def find(self, key: str) -> Answer | None:
        """Return the answer under this key, or None if it was never given."""
        return self._answers.get(key)

    def add(self, key: str, request: Request, answer: Answer) -> None:
        """Keep an answer; it is on disk within seconds, while ``keeping`` runs."""
        self._answers[key] = answer
        self._unwritten.append(_row(key, request, answer))

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Write answers while the block runs, and what is left at its end, whatever ended it.

        Raises:
            StorageError: The ledger cannot be written.
        """
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            self.write()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_DURABLE_WITHIN_S)
            try:
                self.write()
            except StorageError as error:
                # What could not be written is kept and tried again; the last try, at the end of the
                # unit, is the one that counts.
                log.warning("ledger not written", extra={"fields": {"why": str(error)}})

    def write(self) -> None:
        """Make every answer durable."""
        rows = self._unwritten
        if rows:
            self._folder.write(_name(), encoded(table_of(rows, LEDGER)))
            self._unwritten = self._unwritten[len(rows) :]

    def tidy(self) -> None:
        """Put the unit's files together into one; what is read from it does not change."""
        names = [name for name in self._folder.names() if name.endswith(".parquet")]
        if len(names) < 2:
            return
        # One that is gone was put together by a worker of a build that is just being stopped.
        found = [data for name in names if (data := self._folder.read(name))]
        tables = [decoded(data) for data in found]
        if not tables:
            return
        self._folder.write(_name(), encoded(pa.concat_tables(tables).unify_dictionaries()))
        for name in names:
            self._folder.remove(name)

    def _learn(self, folder: Folder, name: str) -> None:
        data = folder.read(name) if name.endswith(".parquet") else None
        if data is None:
            return
        try:
            rows = decoded(data).to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise CorruptError(
                f"{folder}/{name} cannot be read: {error}",
                hint="remove that file; the answers in it are asked for again",
            ) from error
        for row in rows:
            self._answers.setdefault(row["key"].hex(), _answer(row))


def _name() -> str:
    return f"{time.time_ns()}-{os.getpid()}.parquet"


def _row(key: str, request: Request, answer: Answer) -> dict[str, Any]:
    by, usage = answer.by, answer.usage
    return {
        "key": bytes.fromhex(key),
        "document": request.document,
        "question": request.question,
        "role": request.role.value,
        "draw": request.draw,
        "request": bytes.fromhex(request_digest(request)),
        "turns": [bytes.fromhex(sha256(canonical([t.speaker, t.text]))) for t in request.turns],
        "schema": bytes.fromhex(schema_digest(request.reply)),
        "engine": by.engine,
        "model": by.model,
        "revision": by.revision,
        "quantisation": by.quantisation,
        "template": by.template,
        "version": by.version,
        "hardware": by.hardware,
        "max_tokens": request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "answer": answer.text,
        "finish": answer.finish,
        "read": usage.read,
        "cached": usage.cached,
        "written": usage.written,
        "thought": usage.thought,
        "seconds": usage.seconds,
        "answered_at": datetime.now(UTC),
    }


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(
        text=row["answer"],
        by=Identity(
            row["engine"],
            row["model"],
            row["revision"],
            row["quantisation"],
            row["template"],
            row["version"],
            row["hardware"],
        ),
        finish=row["finish"],
        usage=Usage(row["read"], row["cached"], row["written"], row["thought"], row["seconds"]),
    )
