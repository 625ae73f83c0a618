"""Parquet: planned from the footer; of each row group only the columns that are wanted are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pyarrow.parquet as pq

from pipeline.door import Row
from pipeline.parquet import parquet_file
from pipeline.reading.batches import BATCH_ROWS, Fault, Rows, columns, field_names, without_text
from pipeline.reading.files import COMPRESSED, DAMAGE, DamageError, opened, place
from pipeline.sources import Source
from schemas.errors import SourceError
from schemas.unit import SourceFile, Unit

# Bytes of a column read at once. By itself pyarrow reads a row group's whole column, which may be
# a gigabyte; with much less an object store would be asked for every page.
_BUFFER_BYTES = 8 << 20

_Record = tuple[Rows, int] | Fault


class Parquet(Source):
    """A unit never spans row groups, so that it is begun at its own, and damage stays within one.

    Pages with a wrong checksum are damage too; files written without checksums cannot be checked.
    """

    endings: ClassVar = (".parquet", ".pq")
    has_columns: ClassVar = True
    software: ClassVar = ("pyarrow",)

    def names(self, file: SourceFile) -> list[str]:
        """Return the names of a file's columns."""
        with _opened(file) as parquet:
            return field_names(parquet.schema_arrow)

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units as the footer counts them; a file without a footer is one damaged row."""
        try:
            with _opened(file) as parquet:
                groups = _group_rows(parquet)
        except DamageError:
            groups = [1]
        begin = 0
        for group, rows in enumerate(groups):
            for first in range(0, rows, unit_rows):
                yield Unit(file, begin + first, min(unit_rows, rows - first), begin, group)
            begin += rows

    def records(self, file: SourceFile, offset: int) -> Iterator[_Record]:
        """Yield places in batches; an offset is the number of a row group."""
        with _opened(file) as parquet:
            names = parquet.schema_arrow.names
            fault = without_text(self._wanted, names)
            for group, rows in list(enumerate(_group_rows(parquet)))[offset:]:
                if fault:
                    yield from (fault for _ in range(rows))
                else:
                    wanted = columns(self._wanted, names)
                    yield from _group_records(parquet, group, rows, wanted)

    def row(self, file: SourceFile, number: int, record: _Record) -> Row:
        """Return a place in a batch as a row."""
        if isinstance(record, Fault):
            return Row(number, None, record.reason, record.detail)
        rows, index = record
        return Row(number, rows[index])


@contextmanager
def _opened(file: SourceFile) -> Iterator[pq.ParquetFile]:
    if file.name.lower().endswith(COMPRESSED):
        raise SourceError(
            f"{place(file)} is compressed as a whole, but Parquet is read from its end",
            hint="unpack it; Parquet compresses its columns itself",
        )
    with opened(file) as stream:
        yield parquet_file(stream, _BUFFER_BYTES)


def _group_rows(parquet: pq.ParquetFile) -> list[int]:
    metadata = parquet.metadata
    return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]


def _group_records(
    parquet: pq.ParquetFile, group: int, rows: int, wanted: list[str]
) -> Iterator[_Record]:
    """Yield exactly ``rows`` records, from the place of damage on rejected ones."""
    done, why = 0, "it holds fewer rows than the footer says"
    try:
        for batch in parquet.iter_batches(
            BATCH_ROWS, row_groups=[group], columns=wanted, use_threads=False
        ):
            here = min(batch.num_rows, rows - done)
            made = Rows(batch, wanted)
            yield from ((made, index) for index in range(here))
            done += here
    except DAMAGE as error:
        why = str(error)
    fault = Fault("damaged", f"from here on row group {group + 1} cannot be read: {why}")
    yield from (fault for _ in range(rows - done))
