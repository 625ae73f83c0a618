"""The ``prealign`` command line: thin, each command one call into the library.

Nothing heavy is imported until a command needs it, so that ``--help`` is quick.
Exit status: 0 done, 1 failed, 2 something the user can mend.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.errors import PipelineError, VersionError

app = typer.Typer(
    name="prealign",
    help="Make pretraining text itself aligned: rewrite, review, deduplicate, publish.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


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


RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe, a TOML file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the recipe, as often as needed."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command(epilog="Example: `prealign build examples/demo.toml --set pool.workers=4`")
def build(
    recipe: RecipeFile,
    overrides: Overrides = None,
    *,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Run the build of a recipe, or continue it where it was stopped."""
    from flows.display import summary_lines
    from pipeline.recipes import read_recipe
    from pipeline.workshop import open_workshop

    # What is wrong with a recipe is said before Prefect and Ray are started.
    open_workshop(read_recipe(recipe, overrides))
    if not (quiet or as_json):
        sys.stderr.write("starting Prefect …\n")
    from flows.build import build as run
    from flows.guard import stops_at_once

    # Ray tells of a dead worker on standard output, which belongs to the summary.
    with stops_at_once(), redirect_stdout(sys.stderr):
        summary = run(str(recipe), overrides or [], quiet=quiet or as_json)
    if as_json:
        _print_json(summary.as_json())
    else:
        _print(summary_lines(summary))
    raise typer.Exit(0 if summary.is_complete else 2)


@app.command(epilog="Example: `prealign status examples/demo.toml --json`")
def status(recipe: RecipeFile, *, as_json: AsJson = False) -> None:
    """Show where a build stands: documents by outcome and reason, per pass and unit."""
    from dataclasses import asdict

    from flows.display import status_tables
    from pipeline.corpus.status import status as standing
    from pipeline.recipes import read_recipe
    from pipeline.store import Folder

    found = standing(Folder(read_recipe(recipe).corpus.folder))
    if as_json:
        costs = {question: cost.model_dump() for question, cost in found.questions.items()}
        _print_json(asdict(found) | {"questions": costs})
    else:
        _print(status_tables(found))


@app.command(epilog="Example: `prealign versions work/demo/dataset`")
def versions(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Folder or URL.")],
    *,
    as_json: AsJson = False,
) -> None:
    """List the versions of a dataset."""
    from flows.display import version_table
    from pipeline.corpus.versions import Dataset

    found = Dataset(dataset)
    manifests = [found.manifest(number) for number in found.numbers()]
    if not manifests:
        raise VersionError(
            f"{found.folder} holds no version", hint="publish one with `prealign build RECIPE`"
        )
    if as_json:
        _print_json([manifest.model_dump(mode="json") for manifest in manifests])
    else:
        _print(version_table(str(found.folder), manifests))


@app.command(epilog="Example: `prealign pull work/demo/dataset@1 --to pulled`")
def pull(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET[@N]", help="Folder or URL, and which version.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where it is to lie.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of another version in DIR.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a version, the newest unless @N says otherwise, and verify every byte."""
    from pipeline.corpus.pull import pull as fetch
    from pipeline.corpus.versions import Dataset, parsed_name

    folder, number = parsed_name(dataset)
    shards = list(fetch(Dataset(folder), number, to, replace=replace))
    rows = sum(shard.shard.rows for shard in shards)
    fetched = sum(shard.fetched for shard in shards)
    if as_json:
        _print_json({"to": str(to), "shards": len(shards), "documents": rows, "fetched": fetched})
    else:
        from flows.display import counted

        held = f"{counted(rows, 'document')} in {counted(len(shards), 'shard')} lie in {to}"
        _print([f"{held}, verified; {counted(fetched, 'byte')} fetched now"])


@app.command(epilog="Example: `prealign verify pulled`")
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A pulled version.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Check every file of a pulled version against its manifest."""
    from pipeline.corpus.pull import verify as checked

    files = list(checked(folder))
    faults = {name: fault for name, fault in files if fault}
    if as_json:
        _print_json({"files": len(files), "faults": faults})
    else:
        _print([f"{folder}/{name} {fault}" for name, fault in faults.items()])
        _print([f"{len(files) - len(faults)} of {len(files)} files are whole"])
    raise typer.Exit(1 if faults else 0)


@app.command(epilog="Example: `prealign check work/demo/pulled`")
def check(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Files of Parquet, JSON Lines or text, or folders of them."
        ),
    ],
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme",
            metavar="NAME",
            help="The scheme of the tags, or a .toml file of your own; if not given, what the "
            "manifest of a file's version says, else bitter-lesson.",
        ),
    ] = None,
    field: Annotated[
        str, typer.Option("--field", metavar="NAME", help="The field that holds the text.")
    ] = "text",
    places: Annotated[
        int, typer.Option("--places", min=0, help="How many places to show for each error.")
    ] = 3,
    *,
    as_json: AsJson = False,
) -> None:
    """Check tagged text: its tags, its spans, and what the AI says in it.

    In folders, files of Parquet, JSON Lines (.jsonl, .ndjson) and text (.txt) are read, also
    compressed; a file that is named itself is read whatever it is called. Globs and fsspec URLs
    work too. Of a text that breaks its scheme the first error is shown. Exit status: 0 nothing is
    wrong, 1 something is, 2 the command cannot be carried out as it was given.
    """
    from dataclasses import asdict

    from flows.display import check_lines
    from pipeline.checking.files import Checker
    from pipeline.checking.report import Report
    from pipeline.voices.scheme import load_scheme

    report = Report()
    checker = Checker(load_scheme(scheme) if scheme else None, field, places)
    for path in paths:
        checker.check(path, report)
    if as_json:
        _print_json(asdict(report))
    else:
        _print(check_lines(report))
    raise typer.Exit(1 if report.wrong else 0)


def _print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def _print(lines: list[Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for line in lines:
        console.print(line, soft_wrap=isinstance(line, str), markup=False)


def main() -> None:
    """Run the command line; a PipelineError becomes two lines and an exit status."""
    try:
        app()
    except PipelineError as error:
        sys.stderr.write(f"error: {error}\n" + (f"hint:  {error.hint}\n" if error.hint else ""))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
