"""Requests that wait outside: written by workers in parts, gathered into files for a service.

    requests/parts/               what workers have written and nobody has gathered yet
    requests/batch-000001.jsonl   in OpenAI's batch format, within its limits
    requests/batch-000001.tsv     which requests it holds: id, attempt, question, document

A request stands in one batch file, and in another one only if the service let it expire.
"""

import os
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.store import Folder

# OpenAI's limits of a file are 50,000 requests and 200 MB; other services allow as much.
MAX_REQUESTS = 50_000
MAX_BYTES = 190_000_000


class Ask(NamedTuple):
    """That a request was written, for the how manieth time.

    Attributes:
        key: Its ``custom_id``, the key under which the ledger will keep the answer.
        attempt: Counted from 1; a request that expired at the service is written again.
    """

    key: str
    attempt: int


class Waiting(NamedTuple):
    """A request that is to be written."""

    ask: Ask
    question: str
    document: str
    line: bytes

    @property
    def row(self) -> bytes:
        """Its line in the table beside the batch file."""
        cells = (self.ask.key, str(self.ask.attempt), self.question, self.document)
        return ("\t".join(" ".join(cell.split()) for cell in cells) + "\n").encode()


def written(requests: Folder) -> set[Ask]:
    """Return what stands in batch files."""
    tables = (requests.read(name) for name in requests.names() if name.endswith(".tsv"))
    return {_ask(row) for table in tables for row in (table or b"").splitlines()}


def _ask(row: bytes) -> Ask:
    key, attempt, _ = row.decode().split("\t", 2)
    return Ask(key, int(attempt))


def write_part(requests: Folder, waiting: Iterable[Waiting]) -> None:
    """Write a worker's requests; they are in no batch file before somebody gathers them.

    Raises:
        StorageError: The folder cannot be written.
    """
    found = list(waiting)
    name = f"{time.time_ns()}-{os.getpid()}"
    parts = requests / "parts"
    # The table last: without it a part is not there, and its requests are written again.
    parts.write(f"{name}.jsonl", b"".join(one.line for one in found))
    parts.write(f"{name}.tsv", b"".join(one.row for one in found))


def gather(requests: Folder) -> None:
    """Put all parts together into batch files; whenever it is killed, it ends the same.

    Raises:
        StorageError: The folder cannot be read or written.
    """
    parts = requests / "parts"
    names = [name.removesuffix(".tsv") for name in parts.names() if name.endswith(".tsv")]
    known = written(requests) if names else set()
    for rows, lines in _files(_new(parts, names, known)):
        number = sum(name.endswith(".tsv") for name in requests.names()) + 1
        requests.write(f"batch-{number:06d}.jsonl", b"".join(lines))
        requests.write(f"batch-{number:06d}.tsv", b"".join(rows))
    for name in names:
        parts.remove(f"{name}.tsv")
        parts.remove(f"{name}.jsonl")


def _new(parts: Folder, names: Iterable[str], known: set[Ask]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the row and line of every request that is in no batch file, each once."""
    for name in names:
        rows = (parts.read(f"{name}.tsv") or b"").splitlines(keepends=True)
        lines = (parts.read(f"{name}.jsonl") or b"").splitlines(keepends=True)
        for row, line in zip(rows, lines, strict=True):
            ask = _ask(row)
            if ask not in known:
                known.add(ask)
                yield row, line


def _files(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield rows and lines by files that are within the limits."""
    rows: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for row, line in pairs:
        if rows and (len(rows) == MAX_REQUESTS or size + len(line) > MAX_BYTES):
            yield rows, lines
            rows, lines, size = [], [], 0
        rows.append(row)
        lines.append(line)
        size += len(line)
    if rows:
        yield rows, lines
