"""The command that shows what an engine would read: prompt."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.app import AsJson, Overrides, RecipeFile, app, print_json
from schemas.errors import RecipeError, nearest

if TYPE_CHECKING:
    from pipeline.rehearsal import Asked
    from pipeline.workshop import Workshop
    from schemas.exchange import Request

# A document of which nothing is asked there: something for the user to mend, and no failure.
_NOTHING = 2


@app.command(
    epilog="Example: `prealign prompt RECIPE everyday/mill-owner-letter-1911 --pass review`"
)
def prompt(
    recipe: RecipeFile,
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Its id, or its place: SOURCE/FILE:ROW.")
    ],
    step: Annotated[
        str | None,
        typer.Option(
            "--pass",
            metavar="NAME",
            help="The pass, or one of its questions: review/character. Without it, what each asks.",
        ),
    ] = None,
    overrides: Overrides = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Also the JSON schema that the answer must fit.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print exactly what an engine would read about a document, so that a person can judge it.

    The document's way to that pass is made again with the answers that the ledger holds, or that
    cost nothing; nobody else is asked and nothing is written.
    """
    import asyncio

    from pipeline.recipes import read_recipe
    from pipeline.rehearsal import find_document, rehearsed
    from pipeline.workshop import open_workshop

    workshop = open_workshop(read_recipe(recipe, overrides))
    _check_name(workshop, step)
    unit, found = find_document(workshop, document)
    asked = asyncio.run(rehearsed(workshop, unit, found))
    requests = [r for one in asked for r in one.requests if step in (None, one.name, r.question)]
    if as_json:
        print_json([_as_json(workshop, request) for request in requests])
    elif step is None:
        sys.stdout.write("".join(f"{line}\n" for line in _listed(asked, recipe)))
    else:
        sys.stdout.write(
            "\n".join(_shown(workshop, request, schema=schema) for request in requests)
        )
    if step is not None and not requests:
        sys.stderr.write(f"{_why_nothing(asked, step, recipe)}\n")
        raise typer.Exit(_NOTHING)


def _check_name(workshop: "Workshop", step: str | None) -> None:
    passes = list(dict.fromkeys(one.name() for one in workshop.passes))
    name = (step or "").partition("/")[0]
    if step is not None and not {step, name} & {*passes}:
        raise RecipeError(f"the recipe has no pass '{name}'", hint=nearest(name, passes))


def _listed(asked: "list[Asked]", recipe: Path) -> Iterator[str]:
    for one in asked:
        names = ", ".join(request.question for request in one.requests) or "asks nothing"
        yield f"{one.name}: {names}"
    if asked and asked[-1].missing:
        yield _unanswered(asked[-1], recipe)


def _unanswered(one: "Asked", recipe: Path) -> str:
    return (
        f"{one.missing} has no answer yet, so what is asked after it is not known; "
        f"`prealign build {recipe}` asks it"
    )


def _why_nothing(asked: "list[Asked]", wanted: str, recipe: Path) -> str:
    if asked and asked[-1].missing:
        return _unanswered(asked[-1], recipe)
    there = ", ".join(r.question for one in asked for r in one.requests) or "nothing"
    return f"'{wanted}' asks nothing of this document; it is asked {there}"


def _shown(workshop: "Workshop", request: "Request", *, schema: bool) -> str:
    """Return one question for a person: who is asked, every turn as it is, and its size."""
    import json

    from pipeline.rehearsal import identity
    from pipeline.splitting import tokens
    from schemas.exchange import reply_schema

    who, sampling = identity(workshop, request), request.sampling
    size = sum(tokens(turn.text) for turn in request.turns)
    head = (
        f"===== {request.question} · {request.role} {who.engine}:{who.model} · draw {request.draw}"
        f" · temperature {sampling.temperature} · at most {sampling.max_tokens} tokens"
        f" · about {size:,} to read"
    )
    parts = [head, *(f"##### {turn.speaker}\n{_plain(turn.text)}" for turn in request.turns)]
    if schema:
        shape = json.dumps(reply_schema(request.reply), indent=1, ensure_ascii=False)
        parts.append(f"##### reply schema\n{shape}")
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Return a text as it is; on a terminal, what could command it as visible signs."""
    from flows.document_view import visible

    return visible(text) if sys.stdout.isatty() else text


def _as_json(workshop: "Workshop", request: "Request") -> dict[str, Any]:
    from pipeline.rehearsal import identity
    from schemas.exchange import answer_key, reply_schema

    who = identity(workshop, request)
    return {
        "question": request.question,
        "role": request.role,
        "engine": who.engine,
        "model": who.model,
        "key": answer_key(request, who),
        "draw": request.draw,
        "sampling": asdict(request.sampling),
        "turns": [{"role": turn.speaker, "content": turn.text} for turn in request.turns],
        "schema": reply_schema(request.reply),
    }
