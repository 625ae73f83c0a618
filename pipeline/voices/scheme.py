"""Schemes as data: found by name or file, checked when loaded, asked for the way between voices."""

import tomllib
from collections import deque
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from pipeline.voices.soundness import flaw
from schemas.document import Voice
from schemas.errors import RecipeError, nearest
from schemas.scheme import OUTSIDE, Move, Scheme, State

_SHIPPED = files("pipeline.voices") / "schemes"
_WORKING = "bitter-lesson"
_STATES = [*map(str, Voice), OUTSIDE]


def scheme_names() -> list[str]:
    """Return the names of all shipped schemes, sorted."""
    return sorted(
        f.name.removesuffix(".toml") for f in _SHIPPED.iterdir() if f.name.endswith(".toml")
    )


def load_scheme(name: str) -> Scheme:
    """Return a shipped scheme by its name, or a user's own by the path of its TOML file.

    Raises:
        RecipeError: There is none, or its file breaks a rule of schemes.
    """
    if name.endswith(".toml"):
        scheme = _read(Path(name), name)
        if scheme.name in scheme_names():
            raise RecipeError(
                f"the scheme {name} calls itself '{scheme.name}', as a shipped one does",
                hint="give it a name of its own",
            )
        return scheme
    if name not in scheme_names():
        raise RecipeError(
            f"there is no scheme called '{name}'",
            hint=f"{nearest(name, scheme_names())}; one of your own is named by its .toml file",
        )
    return _shipped(name)


def working_scheme() -> Scheme:
    """Return the scheme in which models read and write, whatever a version is published in.

    Prompts name its tags. Another scheme for publishing changes no question and no answer.
    """
    return _shipped(_WORKING)


@cache
def _shipped(name: str) -> Scheme:
    return _read(_SHIPPED / f"{name}.toml", f"pipeline/voices/schemes/{name}.toml")


def _read(file: Traversable, place: str) -> Scheme:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"the scheme {place} cannot be read: {getattr(error, 'strerror', None) or error}",
            hint="give the path of a .toml file, or the name of a shipped scheme",
        ) from error
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{place} is not TOML: {error}", hint="mend that line") from error
    try:
        scheme = Scheme.model_validate(table)
    except ValidationError as error:
        raise _unfit(place, error) from error
    found = flaw(scheme)
    if found:
        raise RecipeError(f"the scheme {place} cannot be used: {found.what}", hint=found.remedy)
    return scheme


def _unfit(place: str, error: ValidationError) -> RecipeError:
    # A misspelt key is also a missing one; what was written is what is to be mended.
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    loc, fault = faults[0]["loc"], faults[0]
    where = f"move {int(loc[1]) + 1}: {loc[2]}" if loc[0] == "moves" and len(loc) > 2 else loc[0]
    if fault["type"] == "extra_forbidden":
        known = list(Move.model_fields if loc[0] == "moves" else Scheme.model_fields)
        what, hint = "unknown key", nearest(str(loc[-1]), known)
    elif fault["type"] in ("enum", "literal_error"):
        what, hint = (
            f"'{fault['input']}' is none of its words",
            nearest(str(fault["input"]), _STATES),
        )
    else:
        what, hint = fault["msg"], "the README has a scheme to compare it with"
    return RecipeError(f"{place} is not a scheme: {where}: {what}", hint=hint)


@cache
def _ways(moves: tuple[Move, ...], leaves: State) -> dict[State, tuple[str, ...]]:
    """Return the shortest run of tags from one state to every state that can be reached."""
    ways: dict[State, tuple[str, ...]] = {leaves: ()}
    queue = deque([leaves])
    while queue:
        here = queue.popleft()
        for move in moves:
            if here in move.leaves and move.enters not in ways:
                ways[move.enters] = (*ways[here], move.tag)
                queue.append(move.enters)
    return ways


def way(scheme: Scheme, leaves: State, enters: State) -> tuple[str, ...]:
    """Return the fewest tags that lead from one state of a sound scheme to another, () if equal."""
    return _ways(scheme.moves, leaves)[enters]


def way_out(scheme: Scheme, leaves: State) -> tuple[str, ...]:
    """Return the fewest tags that lead to a state in which a text may end."""
    return () if leaves in scheme.ends else way(scheme, leaves, scheme.start)
