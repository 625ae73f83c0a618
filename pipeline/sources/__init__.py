"""Sources: outside files as rows. One file for each format."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from pydantic import PrivateAttr

from pipeline.door import Row
from pipeline.plugins import Plugin
from pipeline.reading.files import DamageError, check_unchanged
from schemas.document import METADATA_FIELDS
from schemas.unit import SourceFile, Unit

# Streams that one source keeps open between units; a worker has two units under way.
_MOST_OPEN = 4


class Source(Plugin):
    """Reads one file format, record by record.

    A record is what tells one row from the next at least cost, such as a line; it is made a row
    only if that row is wanted.

    Attributes:
        endings: Which files of a folder are of this format; compressed ones count too.
        has_columns: Whether all rows of a file have the same fields.
        software: Distributions whose version decides what is read.
    """

    endings: ClassVar[tuple[str, ...]]
    has_columns: ClassVar[bool] = False
    software: ClassVar[tuple[str, ...]] = ()

    _wanted: tuple[str, ...] = PrivateAttr(default=("id", "text", *METADATA_FIELDS))
    _left: dict[SourceFile, tuple[int, Iterator[Any]]] = PrivateAttr(default_factory=dict)

    def wants(self, fields: Mapping[str, str]) -> None:
        """Say which of a file's fields will be looked at, so that the others need not be read."""
        self._wanted = tuple(fields.get(n, n) for n in ("id", "text", *METADATA_FIELDS))

    def gathered(self, files: Sequence[SourceFile], unit_rows: int) -> Iterator[SourceFile]:
        """Yield the files as they are to be cut; a source of tiny files puts many into one."""
        yield from files

    def names(self, file: SourceFile) -> list[str] | None:
        """Return what a file's fields are called, nested ones with dots; None if nobody can say.

        Raises:
            DamageError: The file cannot be read.
        """
        return None

    @abstractmethod
    def records(self, file: SourceFile, offset: int) -> Iterator[Any]:
        """Yield the records of a file from a unit's ``offset`` on, 0 being the file's start.

        Raises:
            DamageError: The rest cannot be read, and never will be.
        """

    @abstractmethod
    def row(self, file: SourceFile, number: int, record: Any) -> Row:  # noqa: ANN401 - the source's own
        """Return a record as a row; one that cannot be read as a row with the reason."""

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield the units of a file, in its order, as soon as each is known.

        This way of counting is for formats that cannot be begun in the middle; others have
        their own.
        """
        first, records = 0, _until_damage(self.records(file, 0))
        while rows := sum(1 for _ in islice(records, unit_rows)):
            yield Unit(file, first, rows)
            first += rows

    def rows(self, unit: Unit) -> Iterator[Row]:
        """Yield the rows of a unit. What cannot be read is a row too, with the reason.

        Raises:
            ChangedError: The file is no longer what was planned.
            SourceError: The store cannot be reached.
        """
        if not unit.file.members:
            # A stream that was left open would not notice; members are opened anew.
            check_unchanged(unit.file)
        number, records = self._from(unit)
        for _ in islice(records, unit.first - number):
            pass
        for number, record in enumerate(islice(records, unit.rows), start=unit.first):
            if isinstance(record, DamageError):
                yield Row(number, None, "damaged", f"from here on it cannot be read: {record}")
            else:
                yield self.row(unit.file, number, record)
        # Read to its end, so that what was yielded is of one file, not half of an older one.
        check_unchanged(*unit.files)
        self._leave(unit.file, unit.first + unit.rows, records)

    def _from(self, unit: Unit) -> tuple[int, Iterator[Any]]:
        """Return the records of a unit's file, and the number of the first of them.

        Where the unit before it has left a stream, it is read on: a compressed file would
        otherwise be decompressed from its start for each of its units.
        """
        number, records = self._left.pop(unit.file, (-1, iter(())))
        if unit.begin <= number <= unit.first:
            return number, records
        return unit.begin, _until_damage(self.records(unit.file, unit.offset))

    def _leave(self, file: SourceFile, number: int, records: Iterator[Any]) -> None:
        while len(self._left) >= _MOST_OPEN:
            self._left.pop(next(iter(self._left)))
        self._left[file] = (number, records)


def _until_damage(records: Iterator[Any]) -> Iterator[Any]:
    """Yield records, and where the rest cannot be read, that as the last one."""
    try:
        yield from records
    except DamageError as damage:
        yield damage
