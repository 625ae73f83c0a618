"""What the ledger holds, for those who look on: what was spent so far, who answered what.

A build may be writing meanwhile, and putting files together: one that is gone when it is read has
become part of another.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus.costs import added
from pipeline.ledger import Cuts
from pipeline.parquet import decoded
from pipeline.store import Folder
from schemas.errors import CorruptError
from schemas.unit import QuestionCost

_TOKENS = ("read", "cached", "written", "thought", "seconds")
_COSTS = ["key", "question", "engine", "model", "kept", *_TOKENS]


def ledger_costs(corpus: Folder, unit: str) -> dict[str, QuestionCost]:
    """Return what the answers about a unit have cost so far, by question.

    Args:
        corpus: The corpus folder.
        unit: The unit's folder below ``ledger/``.

    Raises:
        CorruptError: A file of the ledger cannot be read.
    """
    costs: dict[str, QuestionCost] = {}
    for row in _rows(corpus / "ledger" / unit, _COSTS):
        cost = QuestionCost(
            asked=1,
            kept=row["kept"] or 0,
            **{name: row[name] for name in _TOKENS},
            by={f"{row['engine']}:{row['model']}": 1},
        )
        costs[row["question"]] = added(costs.get(row["question"], QuestionCost()), cost)
    return costs


def answers_about(corpus: Folder, unit: str, document: str) -> list[dict[str, Any]]:
    """Return every answer about a document, oldest first, as rows of schema ``LEDGER``.

    Args:
        corpus: The corpus folder.
        unit: The folder of its unit below ``ledger/``.
        document: Its id.

    Raises:
        CorruptError: A file of the ledger cannot be read.
    """
    file, _, cut = unit.rpartition("/")
    first, _, rows = cut.partition("+")
    folders = Cuts(corpus).overlapping(file, int(first), int(rows))
    found = {row["key"]: row for folder in folders for row in _rows(folder, None, document)}
    return sorted(found.values(), key=lambda row: row["answered_at"])


def _rows(
    folder: Folder, columns: list[str] | None, document: str | None = None
) -> Iterator[dict[str, Any]]:
    seen: set[bytes] = set()
    for name in folder.names():
        data = folder.read(name) if name.endswith(".parquet") else None
        if data is None:
            continue
        try:
            table = decoded(data, columns)
        except (OSError, pa.ArrowException) as error:
            raise CorruptError(
                f"{folder}/{name} cannot be read: {error}",
                hint="remove that file; the answers in it are asked for again",
            ) from error
        if document is not None:
            table = table.filter(pc.field("document") == document)
        for row in table.to_pylist():
            if row["key"] not in seen:
                seen.add(row["key"])
                yield row
