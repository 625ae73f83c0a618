"""Tables that read well on light and dark terminals."""

from collections.abc import Iterable
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from flows.document_view import visible_line


def titled_table(title: str, columns: Iterable[tuple[str, bool]]) -> Table:
    """Return an empty table; a column is its name, and whether it holds numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, (name, is_number) in enumerate(columns):
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=place == 0)
    return table


def add_row(table: Table, *cells: str) -> None:
    """Add a row whose cells are shown as they are: names come from outside, and may hold markup."""
    table.add_row(*(Text(visible_line(cell)) for cell in cells))
