"""The `prealign` command itself, and what all its subcommands share."""

import json
import signal
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.store import Folder

app = typer.Typer(
    name="prealign",
    help="Make pretraining text itself aligned: rewrite, review, deduplicate, publish.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

_UNFOLDED = 100_000

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe, a TOML file.")]
RecipeOrFolder = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="The recipe, or the folder of its corpus.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the recipe, as often as needed."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def corpus_folder(recipe: Path) -> "Folder":
    """Return the corpus folder of a recipe, or the folder itself.

    Raises:
        RecipeError: There is neither.
    """
    from pipeline.recipes import read_recipe
    from pipeline.store import Folder

    if recipe.is_dir():
        return Folder(str(recipe.absolute()))
    return Folder(read_recipe(recipe).corpus.folder)


def _end_with_the_pipe() -> None:
    """Let a closed pipe, as behind ``| head``, end the program as it ends others.

    Only while results are printed: a build must not die of a lost terminal.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print a value as JSON to standard output."""
    _end_with_the_pipe()
    text = json.dumps(value, indent=1, ensure_ascii=False, default=_plain)
    sys.stdout.write(text + "\n")


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_lines(lines: Iterable[Any]) -> None:
    """Print lines, tables and coloured text to standard output."""
    from rich.console import Console

    _end_with_the_pipe()
    # Lines are folded for eyes alone; a pipe gets them as they are.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _UNFOLDED)
    for line in lines:
        console.print(line, soft_wrap=isinstance(line, str), markup=False)
