"""Units of files that can be begun at some of their rows."""

from collections.abc import Iterable, Iterator

from pipeline.reading.files import DamageError
from schemas.unit import SourceFile, Unit


def cut(
    file: SourceFile, unit_rows: int, pieces: Iterable[tuple[int | None, int]]
) -> Iterator[Unit]:
    """Yield the units of a file as soon as each is known, damage being its last row.

    Args:
        file: The file.
        unit_rows: Rows of a unit.
        pieces: What lies one after the other in it: the offset at which a piece can be begun, None
            if it cannot, and how many rows it holds.
    """
    first = end = 0
    point = start = (0, 0)
    try:
        for offset, rows in pieces:
            point = point if offset is None else (end, offset)
            if first == end:
                start = point
            end += rows
            while end - first >= unit_rows:
                yield Unit(file, first, unit_rows, *start)
                first, start = first + unit_rows, point
    except DamageError:
        end += 1
    if end > first:
        yield Unit(file, first, end - first, *start)
