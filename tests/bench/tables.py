"""Figures as Markdown, or as JSON where ``--json`` is given."""

import json
import sys


def table(rows: list[dict[str, object]]) -> str:
    """Return rows as Markdown."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def show(found: dict[str, list[dict[str, object]]]) -> None:
    """Print all tables of a benchmark."""
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write("\n\n".join(table(rows) for rows in found.values()) + "\n")
