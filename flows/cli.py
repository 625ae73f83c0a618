"""The ``prealign`` command line: thin, each command one call into the library.

Nothing heavy is imported until a command needs it, so that ``--help`` is quick.
Exit status: 0 done, 1 failed, 2 something the user can mend.
"""

import sys
from typing import Annotated

import typer

import flows.corpus_commands
import flows.dataset_commands
import flows.prompt_command  # noqa: F401 - importing them adds their commands
from flows.app import app
from schemas.errors import PipelineError


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it by position
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"prealign {version('prealign')}\n")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Make pretraining text itself aligned: rewrite, review, deduplicate, publish."""


def main() -> None:
    """Run the command line; a PipelineError becomes two lines and an exit status."""
    try:
        app()
    except PipelineError as error:
        from flows.document_view import visible

        said = f"error: {error}\n" + (f"hint:  {error.hint}\n" if error.hint else "")
        sys.stderr.write(visible(said))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
