"""Folders that Hugging Face ``datasets`` has saved to disk; read with pyarrow alone."""

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa

from pipeline.door import Row
from pipeline.reading.batches import (
    BATCH_ROWS,
    Fault,
    Rows,
    columns,
    field_names,
    ipc_batches,
    without_text,
)
from pipeline.reading.cutting import cut
from pipeline.sources import Source
from pipeline.store import Folder
from schemas.errors import SourceError
from schemas.unit import SourceFile, Unit

_Record = tuple[Rows, int] | Fault


class Huggingface(Source):
    """Reads what ``Dataset.save_to_disk`` and ``DatasetDict.save_to_disk`` write, all splits.

    Each folder's ``state.json`` names its files; others beside them are caches. A damaged file ends
    after its last whole batch. Arrow has no checksums, so damage within a batch that leaves sound
    UTF-8 cannot be seen.
    """

    endings: ClassVar = (".arrow",)
    has_columns: ClassVar = True
    software: ClassVar = ("pyarrow",)

    def names(self, file: SourceFile) -> list[str] | None:
        """Return the names of a file's columns."""
        _, batch = next(ipc_batches(file, 0), (0, None))
        return None if batch is None else field_names(batch.schema)

    def gathered(self, files: Sequence[SourceFile], unit_rows: int) -> Iterator[SourceFile]:
        """Yield the files that the datasets consist of, in their order.

        Raises:
            SourceError: A folder is no saved dataset, not whole, or its rows were rearranged.
        """
        folders: dict[str, dict[str, SourceFile]] = {}
        for file in files:
            folder, _, name = file.url.rpartition("/")
            folders.setdefault(folder, {})[name] = file
        for folder, here in folders.items():
            there = Folder(folder)
            for name in _data_files(there):
                if name in here:
                    yield here[name]
                elif name not in there.names():
                    raise SourceError(
                        f"{folder}/state.json names {name}, which is not there",
                        hint="copy the folder again, or save the dataset again",
                    )

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units that begin at the batch in which their first row lies."""
        pieces = ((offset, batch.num_rows) for offset, batch in ipc_batches(file, 0))
        yield from cut(file, unit_rows, pieces)

    def records(self, file: SourceFile, offset: int) -> Iterator[_Record]:
        """Yield places in batches; an offset is what `ipc_batches` gives."""
        for _, batch in ipc_batches(file, offset):
            fault = self._fault(batch)
            if fault:
                yield from (fault for _ in range(batch.num_rows))
                continue
            wanted = columns(self._wanted, batch.schema.names)
            for first in range(0, batch.num_rows, BATCH_ROWS):
                rows = Rows(batch.slice(first, BATCH_ROWS), wanted)
                yield from ((rows, i) for i in range(min(BATCH_ROWS, batch.num_rows - first)))

    def row(self, file: SourceFile, number: int, record: _Record) -> Row:
        """Return a place in a batch as a row."""
        if isinstance(record, Fault):
            return Row(number, None, record.reason, record.detail)
        rows, index = record
        return Row(number, rows[index])

    def _fault(self, batch: pa.RecordBatch) -> Fault | None:
        """Return why no row of a batch can be read, or None."""
        names = batch.schema.names
        if missing := without_text(self._wanted, names):
            return missing
        try:
            for name in columns(self._wanted, names):
                # Unchecked, a wrong length in a damaged file ends the process.
                batch.column(name).validate(full=True)
        except pa.ArrowException as error:
            return Fault("damaged", f"its batch cannot be read: {error}")
        return None


def _data_files(folder: Folder) -> list[str]:
    """Return the names of the files that a saved dataset consists of.

    Raises:
        SourceError: It is none, or its rows were rearranged.
    """
    try:
        state = json.loads(folder.read("state.json") or b"")
        rearranged = state.get("_indices_data_files")
        names = [str(file["filename"]) for file in state["_data_files"]]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{folder} holds .arrow files, but no state.json that names them",
            hint="this source reads what `save_to_disk` of Hugging Face `datasets` writes",
        ) from error
    if rearranged:
        raise SourceError(
            f"{folder} holds the rows of a dataset, but which and in what order, other files say",
            hint="write them out: load_from_disk(…).flatten_indices().save_to_disk(…)",
        )
    return names
