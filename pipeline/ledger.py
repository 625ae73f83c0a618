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
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.parquet import decoded, encoded
from pipeline.store import Folder
from schemas.errors import CorruptError, StorageError
from schemas.exchange import (
    Answer,
    Finish,
    Identity,
    Request,
    Sampling,
    Usage,
    schema_digest,
)
from schemas.tables import LEDGER
from schemas.unit import Unit, file_folder

log = logging.getLogger(__name__)

# How long an answer may be known to this process alone.
_DURABLE_WITHIN_S = 1.0
_BY, _SAMPLING, _USAGE = (
    tuple(field.name for field in fields(kind)) for kind in (Identity, Sampling, Usage)
)


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
        self._corpus = corpus
        self._folder = corpus / "ledger" / unit.folder
        self._answers: dict[str, Answer] = {}
        self._unwritten: list[_Entry] = []
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
        self._unwritten.append(_Entry(key, request, answer, datetime.now(UTC)))

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
        entries = list(self._unwritten)
        if entries:
            self._folder.write(_name(), encoded(_table(entries)))
            self._unwritten = self._unwritten[len(entries) :]

    def tidy(self, kept: Mapping[str, int]) -> None:
        """Put the unit's files together into one; no answer that is read from it changes.

        Args:
            kept: How many tokens of an answer stand in the unit's documents, by key; of those not
                named none do.
        """
        names = [name for name in self._folder.names() if name.endswith(".parquet")]
        # One that is gone was put together by a worker of a build that is just being stopped.
        found = [data for name in names if (data := self._folder.read(name))]
        tables = [decoded(data) for data in found]
        if not tables:
            return
        table = pa.concat_tables(tables).unify_dictionaries()
        counts = pa.array([kept.get(key.hex(), 0) for key in table["key"].to_pylist()], pa.int64())
        if len(tables) == 1 and table["kept"].combine_chunks().equals(counts):
            return
        place = table.schema.get_field_index("kept")
        table = table.set_column(place, table.schema.field(place), counts)
        self._folder.write(_name(), encoded(table))
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
        if rows and not rows[0].keys() >= set(LEDGER.names):
            raise CorruptError(
                f"{folder}/{name} was written by an earlier version, which named answers otherwise",
                hint=f"remove {self._corpus}/ledger: none of its answers can be found any more",
            )
        for row in rows:
            self._answers.setdefault(row["key"].hex(), _answer(row))


def _name() -> str:
    return f"{time.time_ns()}-{os.getpid()}.parquet"


class _Entry(NamedTuple):
    """An answer that is not on disk yet."""

    key: str
    request: Request
    answer: Answer
    at: datetime


def _table(entries: Sequence[_Entry]) -> pa.Table:
    """Return entries as a table of schema ``LEDGER``, made column by column."""
    requests = [entry.request for entry in entries]
    answers = [entry.answer for entry in entries]
    columns: dict[str, list[Any]] = {
        "key": [bytes.fromhex(entry.key) for entry in entries],
        "document": [request.document for request in requests],
        "question": [request.question for request in requests],
        "role": [request.role.value for request in requests],
        "draw": [request.draw for request in requests],
        "request": [bytes.fromhex(request.digest) for request in requests],
        "turns": [[bytes.fromhex(turn.digest) for turn in request.turns] for request in requests],
        "schema": [bytes.fromhex(schema_digest(request.reply)) for request in requests],
        **{name: [getattr(answer.by, name) for answer in answers] for name in _BY},
        **{name: [getattr(r.sampling, name) for r in requests] for name in _SAMPLING},
        "answer": [answer.text for answer in answers],
        "finish": [str(answer.finish) for answer in answers],
        **{name: [getattr(answer.usage, name) for answer in answers] for name in _USAGE},
        "kept": [None] * len(entries),
        "answered_at": [entry.at for entry in entries],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in LEDGER]
    return pa.Table.from_arrays(arrays, schema=LEDGER)


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(
        text=row["answer"],
        by=Identity(**{name: row[name] for name in _BY}),
        finish=Finish(row["finish"]),
        usage=Usage(**{name: row[name] for name in _USAGE}),
    )
