"""The commands about a corpus and its builds: build, status, show, sample, retry."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.app import (
    AsJson,
    Overrides,
    Quiet,
    RecipeFile,
    RecipeOrFolder,
    app,
    corpus_folder,
    print_json,
    print_lines,
)
from schemas.document import OutcomeKind
from schemas.errors import VersionError

# How often `status --watch` looks again: a store tells nobody of what is written in it.
_LOOK_EVERY_S = 2.0


class Retried(StrEnum):
    """Outcomes that another attempt may change."""

    QUARANTINED = OutcomeKind.QUARANTINED.value
    REJECTED = OutcomeKind.REJECTED.value
    HELD = OutcomeKind.HELD.value


OfOutcome = Annotated[
    OutcomeKind | None, typer.Option("--outcome", help="Only documents of this outcome.")
]
OfReason = Annotated[
    str | None, typer.Option("--reason", metavar="REASON", help="Only those with this reason.")
]
OfSource = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="Only those of this source.")
]


@app.command(epilog="Example: `prealign build examples/demo.toml --set pool.workers=4`")
def build(
    recipe: RecipeFile,
    overrides: Overrides = None,
    *,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the build of a recipe, or continue it where it was stopped.

    Exit status: 0 a version holds the corpus, 1 something failed, 2 there is something to mend, or
    documents still wait; the same command continues.
    """
    _build(recipe, overrides, as_json=as_json, quiet=quiet)


def _build(recipe: Path, overrides: list[str] | None, *, as_json: bool, quiet: bool) -> None:
    from flows.display import summary_lines
    from flows.said import since_start
    from pipeline.lock import build_lock, check_free
    from pipeline.recipes import read_recipe
    from pipeline.units import check_sources
    from pipeline.workshop import open_workshop

    def tell(what: str) -> None:
        if not (quiet or as_json):
            sys.stderr.write(f"{what}\n")

    # What is wrong with a recipe, or with where it leads, is said before Prefect and Ray are
    # started, which takes ten seconds; and from then on others can see that a build is at work.
    workshop = open_workshop(read_recipe(recipe, overrides))
    check_free(workshop.corpus)
    check_sources(workshop)
    for engine in workshop.opened.values():
        engine.check()
    with build_lock(workshop.corpus, tell):
        tell("starting Prefect …")
        from flows.build import build as run
        from flows.guard import stops_at_once

        # Ray tells of a dead worker on standard output, which belongs to the summary.
        with stops_at_once(), redirect_stdout(sys.stderr):
            summary = run(str(recipe), overrides or [], quiet=quiet or as_json)
    summary = replace(summary, seconds=since_start())
    if as_json:
        print_json(summary.as_json())
    else:
        print_lines(summary_lines(summary, str(recipe)))
    raise typer.Exit(0 if summary.is_complete else 2)


@app.command(epilog="Example: `prealign status examples/demo.toml --watch`")
def status(
    recipe: RecipeOrFolder,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every two seconds, until the build ends.")
    ] = False,
    with_coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Also show forms, stops and commentary; reads every unit."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where a build stands: stages, documents, tokens, and what has failed.

    Reads the corpus folder alone, so it can be asked from any terminal or machine that sees it,
    while the build runs and after it.
    """
    if watch and with_coverage:
        raise typer.BadParameter("--coverage reads every unit: ask for it without --watch")
    from flows.coverage_view import coverage_lines
    from flows.display import status_lines
    from pipeline.corpus.coverage import coverage
    from pipeline.corpus.status import status as standing
    from pipeline.lock import holder

    corpus = corpus_folder(recipe)

    def look() -> tuple[bool, list[Any]]:
        try:
            found = standing(corpus)
        except VersionError:
            if not (watch and holder(corpus)):
                raise
            return True, ["a build is starting; it has planned nothing yet"]
        return bool(found.holder), status_lines(found, str(recipe))

    if as_json:
        found = standing(corpus)
        print_json(
            asdict(found)
            | {
                "questions": {name: cost.model_dump() for name, cost in found.questions.items()},
                "stages": [stage.model_dump() for stage in found.stages],
                "holder": found.holder.model_dump() if found.holder else None,
                "failing": [seen.brief() for seen in found.failing],
            }
            | ({"coverage": coverage(corpus).as_json()} if with_coverage else {})
        )
    elif watch:
        _watch(look)
    else:
        more = coverage_lines(coverage(corpus)) if with_coverage else []
        print_lines([*look()[1], *more])


def _watch(look: Any) -> None:  # noqa: ANN401 - returns whether the build runs, and what to show
    from rich.console import Console, Group
    from rich.live import Live

    console = Console(highlight=False)
    is_running, lines = look()
    with _until_interrupted(), Live(Group(*lines), console=console, auto_refresh=False) as live:
        while is_running:
            time.sleep(_LOOK_EVERY_S)
            is_running, lines = look()
            live.update(Group(*lines), refresh=True)


@contextmanager
def _until_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("no longer watching; the build goes on\n")


@app.command(epilog="Example: `prealign show examples/demo.toml everyday/mill-owner-letter-1911`")
def show(
    recipe: RecipeOrFolder,
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Its id, or its place: SOURCE/FILE:ROW.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one document: its source, its voices in colour, every note and every answer."""
    from flows.document_view import document_lines
    from pipeline.corpus.documents import Documents, unfinished
    from pipeline.recipes import read_recipe
    from pipeline.workshop import open_workshop

    try:
        seen = Documents.of(corpus_folder(recipe)).find(document)
    except VersionError:
        # A folder alone does not say where the sources are.
        waiting = (
            None if recipe.is_dir() else unfinished(open_workshop(read_recipe(recipe)), document)
        )
        if waiting is None:
            raise
        seen = waiting
    if as_json:
        print_json(seen.as_json())
    else:
        print_lines(document_lines(seen))


@app.command(epilog="Example: `prealign sample RECIPE --outcome rejected --reason fidelity -n 20`")
def sample(
    recipe: RecipeOrFolder,
    outcome: OfOutcome = None,
    reason: OfReason = None,
    source: OfSource = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="Only those in it.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--form", metavar="FORM", help="Only those of this form.")
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 5,
    seed: Annotated[
        str, typer.Option("--seed", help="Another seed draws others; the same the same ones.")
    ] = "0",
    *,
    full: Annotated[bool, typer.Option("--full", help="Show long texts to their end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show documents drawn at random from those of an outcome, a reason, a source, a form."""
    from flows.document_view import sample_lines
    from pipeline.corpus.documents import Documents, Wanted

    wanted = Wanted(outcome and outcome.value, reason, source, language, form)
    found = Documents.of(corpus_folder(recipe)).sample(wanted, count, seed)
    if as_json:
        print_json([seen.as_json() for seen in found])
    else:
        print_lines(line for seen in found for line in sample_lines(seen, str(recipe), full=full))


@app.command(epilog="Example: `prealign retry examples/demo.toml --outcome quarantined`")
def retry(
    recipe: RecipeFile,
    outcome: Annotated[
        Retried | None, typer.Option("--outcome", help="Only documents of this outcome.")
    ] = None,
    reason: OfReason = None,
    source: OfSource = None,
    document: Annotated[
        list[str] | None,
        typer.Option("--document", metavar="ID", help="Only this one; as often as needed."),
    ] = None,
    overrides: Overrides = None,
    *,
    later: Annotated[
        bool, typer.Option("--later", help="Only write it down; the next build takes them up.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Ask again about documents that were rejected, held or quarantined, and build.

    They are asked with new draws, so that an engine may answer otherwise; all other documents of
    their units are replayed from the ledger and cost nothing.
    """
    from flows.said import counted
    from pipeline.corpus.documents import Documents, Wanted, retryable
    from pipeline.corpus.retries import retry as write_down
    from pipeline.lock import check_free

    if not (document or outcome):
        known = ", ".join(Retried)
        raise typer.BadParameter(f"say which: --outcome ({known}), or --document ID")
    corpus = corpus_folder(recipe)
    check_free(corpus)
    wanted = Wanted(outcome and outcome.value, reason, source)
    again, decided = retryable(Documents.of(corpus), wanted, document or [])
    if again:
        write_down(corpus, [(seen.unit, seen.row["place"]) for seen in again])
    if not (as_json or quiet):
        said = f"{counted(len(again), 'document')} will be asked about again"
        if decided:
            said += f"; {decided:,} were decided before any question, which no retry can change"
        sys.stderr.write(said + "\n")
    if again and not later:
        _build(recipe, overrides, as_json=as_json, quiet=quiet)
    if as_json:
        print_json({"again": [seen.row["id"] for seen in again], "decided_before": decided})
