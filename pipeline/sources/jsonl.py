"""JSON Lines: one object a line, plain or compressed (``.gz``, ``.zst``, by its ending)."""

import json
from collections.abc import Iterator
from itertools import islice

from pipeline.door import Row
from pipeline.sources import Source, opened
from schemas.unit import SourceFile, Unit

_BOM = b"\xef\xbb\xbf"
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".lzma")


class Jsonl(Source):
    """Every line is a row, also a broken or blank one, so that row numbers are line numbers."""

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units of ``unit_rows`` lines; lines are counted, not read as JSON."""
        can_seek = not file.name.endswith(_COMPRESSED)
        first, offset, rows, size = 0, 0, 0, 0
        with opened(file) as stream:
            for line in stream:
                rows, size = rows + 1, size + len(line)
                if rows == unit_rows:
                    yield Unit(file, first, rows, offset if can_seek else 0)
                    first, offset, rows, size = first + rows, offset + size, 0, 0
        if rows:
            yield Unit(file, first, rows, offset if can_seek else 0)

    def rows(self, unit: Unit) -> Iterator[Row]:
        """Yield the lines of a unit as rows."""
        with opened(unit.file, unit.offset) as stream:
            skipped = 0 if unit.offset else unit.first
            lines = islice(stream, skipped, skipped + unit.rows)
            for number, line in enumerate(lines, start=unit.first):
                yield _row(number, line)


def _row(number: int, line: bytes) -> Row:
    data = line.removeprefix(_BOM) if number == 0 else line
    if not data.strip():
        return Row(number, None, "blank", "the line is blank")
    try:
        fields = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Row(number, None, "not_utf8", f"byte {error.start} of the line is not UTF-8")
    except json.JSONDecodeError as error:
        return Row(number, None, "not_json", f"{error.msg} at character {error.pos} of the line")
    except RecursionError:
        return Row(number, None, "not_json", "the line is nested too deeply")
    except ValueError as error:
        # A number of more digits than Python reads; advice to programmers follows the semicolon.
        return Row(number, None, "not_json", str(error).partition(";")[0])
    if not isinstance(fields, dict):
        return Row(number, None, "not_an_object", "the line holds JSON that is no object")
    return Row(number, fields)
