"""JSON Lines: one object a line, plain or compressed (``.gz``, ``.zst``, by its ending)."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import IO, Any, ClassVar

from pipeline.door import Row
from pipeline.reading.files import COMPRESSED, opened
from pipeline.sources import Source
from schemas.unit import SourceFile, Unit

_BOM = b"\xef\xbb\xbf"
# Rows need not have the same fields, but one that so many do not have is a slip of the pen.
_LOOKED_AT = 1000
# Far more than a text has; a longer line fills the memory of whoever reads it.
_LONGEST = 1 << 28


class Jsonl(Source):
    """Every line is a row, also a broken or blank one, so that row numbers are line numbers."""

    endings: ClassVar = (".jsonl", ".ndjson", ".json")

    def names(self, file: SourceFile) -> list[str]:
        """Return what fields the first rows have."""
        found: dict[str, None] = {}
        for number, line in enumerate(islice(self.records(file, 0), _LOOKED_AT)):
            found.update(dict.fromkeys(_names(self.row(file, number, line).fields or {})))
        return list(found)

    def records(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Yield lines; an offset is in bytes."""
        with opened(file, offset) as stream:
            while line := stream.readline(_LONGEST + 1):
                # The beginning of a line that is too long stands for it.
                yield line
                _pass_over(stream, line)

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units of ``unit_rows`` lines; lines are counted, not read as JSON."""
        if file.name.lower().endswith(COMPRESSED):
            yield from super().units(file, unit_rows)
            return
        first, offset, rows, place = 0, 0, 0, 0
        with opened(file) as stream:
            for size in _sizes(stream):
                rows, place = rows + 1, place + size
                if rows == unit_rows:
                    yield Unit(file, first, rows, first, offset)
                    first, offset, rows = first + rows, place, 0
        if rows:
            yield Unit(file, first, rows, first, offset)

    def row(self, file: SourceFile, number: int, record: bytes) -> Row:
        """Return a line as a row."""
        line = record.removeprefix(_BOM) if number == 0 else record
        if len(record) > _LONGEST:
            return Row(number, None, "too_large", f"the line has more than {_LONGEST:,} bytes")
        if not line.strip():
            return Row(number, None, "blank", "the line is blank")
        try:
            fields = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            return Row(number, None, "not_utf8", f"byte {error.start} of the line is not UTF-8")
        except json.JSONDecodeError as error:
            detail = f"{error.msg} at character {error.pos} of the line"
            return Row(number, None, "not_json", detail)
        except RecursionError:
            return Row(number, None, "not_json", "the line is nested too deeply")
        except ValueError as error:
            # A number of more digits than Python reads; advice to programmers follows a semicolon.
            return Row(number, None, "not_json", str(error).partition(";")[0])
        if not isinstance(fields, dict):
            return Row(number, None, "not_an_object", "the line holds JSON that is no object")
        return Row(number, fields)


def _sizes(stream: IO[bytes]) -> Iterator[int]:
    """Yield how many bytes each line has."""
    while line := stream.readline(_LONGEST + 1):
        yield len(line) + _pass_over(stream, line)


def _pass_over(stream: IO[bytes], line: bytes) -> int:
    """Read the rest of a line that is too long; return how many bytes that were."""
    passed = 0
    while len(line) > _LONGEST and not line.endswith(b"\n"):
        line = stream.readline(_LONGEST + 1)
        passed += len(line)
    return passed


def _names(fields: Mapping[str, Any], depth: int = 5) -> Iterator[str]:
    """Yield the names of an object's fields, and of what is nested in them with dots."""
    for name, value in fields.items():
        yield name
        if isinstance(value, dict) and depth:
            yield from (f"{name}.{inner}" for inner in _names(value, depth - 1))
