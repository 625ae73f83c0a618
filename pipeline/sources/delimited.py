"""CSV and TSV: rows of cells under a header, as RFC 4180 has them."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from pipeline.door import Row
from pipeline.reading.files import opened
from pipeline.sources import Source
from schemas.unit import SourceFile

# A bound there must be: a quote that is never closed would else take any file into memory. The
# csv module's own, 128 Ki, is less than a long article.
_MOST_CHARS = 64 << 20
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class _Header:
    """The names of the columns, or what is wrong with them."""

    names: tuple[str, ...] = ()
    fault: str = ""


# The header; the first and last physical line of a row; its cells, or what is wrong with it.
_Record = tuple[_Header, tuple[int, int], list[str] | csv.Error]


class Delimited(Source):
    """The first row names the columns; a blank line is no row, as it is for other readers of CSV.

    A row that is no CSV ends with its line (``not_csv``), and the next line is a row again. A quote
    that is never closed takes all that follows into its row, which says so. Where a column that
    is wanted cannot be told from its neighbours, every row is rejected (``bad_header``).

    Attributes:
        delimiter: Stands between cells; None for a tab in ``.tsv`` files, else a comma.
        header: The names of the columns, for files whose first row does not give them.
    """

    delimiter: str | None = Field(default=None, pattern=r'^[^"\r\n]$')
    header: tuple[str, ...] | None = None

    endings: ClassVar = (".csv", ".tsv")
    has_columns: ClassVar = True

    def names(self, file: SourceFile) -> list[str] | None:
        """Return the names in a file's header; None if no row follows it."""
        header, *_ = next(self.records(file, 0), (None,))
        return list(header.names) if header and header.names else None

    def records(self, file: SourceFile, offset: int) -> Iterator[_Record]:
        """Yield rows as cells."""
        # Bytes that are not UTF-8 become half surrogates, and harm their row alone; line ends
        # within quotes stay as they are.
        with (
            opened(file) as stream,
            io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="") as lines,
        ):
            header = None if self.header is None else self._header(self.header)
            for where, cells in _rows(lines, self._delimiter(file)):
                if header is not None:
                    yield header, where, cells
                elif isinstance(cells, csv.Error):
                    header = _Header(fault=f"the header is no CSV: {cells}")
                    yield header, where, cells
                else:
                    header = self._header(cells)

    def row(self, file: SourceFile, number: int, record: _Record) -> Row:
        """Return cells as a row."""
        header, (first, last), cells = record
        where = f"line {first}" if first == last else f"lines {first} to {last}"
        if isinstance(cells, csv.Error):
            return Row(number, None, "not_csv", f"{where}: {_said(cells)}")
        if header.fault:
            return Row(number, None, "bad_header", header.fault)
        if len(cells) != len(header.names):
            detail = f"{where}: {len(cells)} cells under {len(header.names)} names"
            return Row(number, None, "ragged", detail)
        fields = dict(zip(header.names, cells, strict=True))
        for name in fields.keys() & {*self._wanted}:
            try:
                fields[name] = _decoded(fields[name])
            except UnicodeDecodeError as error:
                detail = f"{where}: byte {error.start} of '{name}' is not UTF-8"
                return Row(number, None, "not_utf8", detail)
        return Row(number, fields)

    def _delimiter(self, file: SourceFile) -> str:
        return self.delimiter or ("\t" if ".tsv" in file.name.lower() else ",")

    def _header(self, cells: Iterable[str]) -> _Header:
        try:
            names = tuple(_decoded(cell) for cell in cells)
        except UnicodeDecodeError:
            return _Header(fault="the header is not UTF-8")
        twice = [name for name in self._wanted if names.count(name) > 1]
        return _Header(names, f"the header has {twice[0]!r} more than once" if twice else "")


def _rows(
    lines: Iterable[str], delimiter: str
) -> Iterator[tuple[tuple[int, int], list[str] | csv.Error]]:
    """Yield rows, or what is wrong with them, with their first and last physical line."""
    csv.field_size_limit(_MOST_CHARS)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    cells: list[str] | csv.Error
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = error
        if cells:
            yield (first, reader.line_num), cells


def _said(error: csv.Error) -> str:
    """Return what a csv error means to who made the file."""
    if "unexpected end of data" in str(error):
        return "a quote is not closed; all to the end of the file is in this row"
    if "field limit" in str(error):
        return f"a cell has more than {_MOST_CHARS:,} characters, perhaps as a quote is not closed"
    return str(error)


def _decoded(cell: str) -> str:
    """Return a cell whose bytes that were not UTF-8 are half surrogates, if they stood for such.

    Raises:
        UnicodeDecodeError: They are no text.
    """
    if not _ESCAPED_BYTE.search(cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "surrogatepass")
