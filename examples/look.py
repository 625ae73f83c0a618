"""Read a pulled version with pyarrow alone, and show one document with its voices in colour.

    python examples/look.py work/demo/pulled [document id]

Needs no code of Prealign: the spans say who speaks where. Without an id it takes the
document in which the AI's share is nearest to a fifth.
"""

import sys
from pathlib import Path

import pyarrow.dataset as ds
from rich.console import Console
from rich.text import Text

STYLES = {"human": "", "ai": "bold green", "quoted_human": "magenta", "quoted_ai": "red"}


def coloured(text: str, spans: list[dict]) -> Text:
    """Return the text with a colour for each voice, and the tags between them dim."""
    shown, position = Text(), 0
    for span in spans:
        shown.append(text[position : span["start"]], style="dim")
        shown.append(text[span["start"] : span["end"]], style=STYLES[span["voice"]])
        position = span["end"]
    shown.append(text[position:], style="dim")
    return shown


def main(folder: str, wanted: str | None = None) -> None:
    """Print one document."""
    columns = ["id", "text", "spans", "form", "author", "synthetic_share", "quality"]
    if not Path(folder, "data").is_dir():
        sys.exit(f"{folder} holds no pulled version; give the folder of one")
    rows = ds.dataset(f"{folder}/data", format="parquet").to_table(columns=columns).to_pylist()
    if wanted:
        rows = [row for row in rows if row["id"] == wanted]
        if not rows:
            sys.exit(f"{folder} holds no document {wanted}")
    row = min(rows, key=lambda r: abs(r["synthetic_share"] - 0.2))
    console = Console(highlight=False)
    console.rule(f"{row['id']} · {row['form']} · {row['synthetic_share']:.0%} by the AI")
    console.print(coloured(row["text"], row["spans"]))
    console.rule(
        Text.assemble(
            "human ", ("the AI", STYLES["ai"]), " ", ("a human it quotes", STYLES["quoted_human"])
        )
    )


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    main(*sys.argv[1:3])
