"""The commands about datasets and about tagged text: versions, pull, verify, check."""

from pathlib import Path
from typing import Annotated

import typer

from flows.app import AsJson, app, print_json, print_lines
from schemas.errors import VersionError


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
        print_json([manifest.model_dump(mode="json") for manifest in manifests])
    else:
        print_lines(version_table(str(found.folder), manifests))


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
        print_json({"to": str(to), "shards": len(shards), "documents": rows, "fetched": fetched})
    else:
        from flows.said import counted

        held = f"{counted(rows, 'document')} in {counted(len(shards), 'shard')} lie in {to}"
        print_lines([f"{held}, verified; {counted(fetched, 'byte')} fetched now"])


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
        print_json({"files": len(files), "faults": faults})
    else:
        print_lines([f"{folder}/{name} {fault}" for name, fault in faults.items()])
        print_lines([f"{len(files) - len(faults)} of {len(files)} files are whole"])
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
        print_json(asdict(report))
    else:
        print_lines(check_lines(report))
    raise typer.Exit(1 if report.wrong else 0)
