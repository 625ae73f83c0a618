"""Schemes as data: found by name, checked when loaded, asked for the way between two voices."""

import tomllib
from collections import deque
from functools import cache, partial
from importlib.resources import files

from pydantic import ValidationError

from schemas.document import Voice
from schemas.errors import RecipeError, nearest
from schemas.scheme import Move, Scheme

_SHIPPED = files("pipeline.voices") / "schemes"


def scheme_names() -> list[str]:
    """Return the names of all shipped schemes, sorted."""
    return sorted(
        f.name.removesuffix(".toml") for f in _SHIPPED.iterdir() if f.name.endswith(".toml")
    )


@cache
def load_scheme(name: str) -> Scheme:
    """Return the shipped scheme of that name.

    Raises:
        RecipeError: There is none, or its file breaks a rule of schemes.
    """
    if name not in scheme_names():
        raise RecipeError(f"there is no scheme called '{name}'", hint=nearest(name, scheme_names()))
    place = f"pipeline/voices/schemes/{name}.toml"
    try:
        scheme = Scheme.model_validate(tomllib.loads((_SHIPPED / f"{name}.toml").read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise RecipeError(f"{place} is not a scheme: {error}", hint="see Scheme in schemas") from (
            error
        )
    flaw = _flaw(scheme)
    if flaw:
        raise RecipeError(f"{place}: {flaw}", hint="mend the scheme's moves")
    return scheme


def _flaw(scheme: Scheme) -> str:
    """Return what makes a scheme ambiguous or unusable, or ""."""
    pairs = [(move.leaves, move.tag) for move in scheme.moves]
    for leaves, tag in pairs:
        if pairs.count((leaves, tag)) > 1:
            return f"{tag} is given two meanings in voice '{leaves}'"
    for tag in scheme.tags:
        # A tag with brackets at its ends alone can never overlap another tag or escaped text.
        if not (tag.startswith("<") and tag.endswith(">")) or set(tag[1:-1]) & set("<>\\"):
            return f"{tag} must begin with '<', end with '>' and hold neither inside, nor a '\\'"
    return next((flaw for flaw in map(partial(_voice_flaw, scheme), Voice) if flaw), "")


def _voice_flaw(scheme: Scheme, voice: Voice) -> str:
    shown = scheme.shown(voice)
    if scheme.shown(shown) != shown:
        return f"voice '{voice}' is shown as one that is itself shown as another"
    if way(scheme, scheme.start, shown) is None:
        return f"voice '{voice}' cannot be reached; declare what stands for it under [instead]"
    if way_out(scheme, shown) is None:
        return f"a text that is in voice '{voice}' can never end"
    return ""


@cache
def _ways(moves: tuple[Move, ...], leaves: Voice) -> dict[Voice, tuple[str, ...]]:
    """Return the shortest run of tags from one voice to every voice that can be reached."""
    ways: dict[Voice, tuple[str, ...]] = {leaves: ()}
    queue = deque([leaves])
    while queue:
        here = queue.popleft()
        for move in moves:
            if move.leaves == here and move.enters not in ways:
                ways[move.enters] = (*ways[here], move.tag)
                queue.append(move.enters)
    return ways


def way(scheme: Scheme, leaves: Voice, enters: Voice) -> tuple[str, ...] | None:
    """Return the tags that lead from one voice to another, () if equal, None if there is no way."""
    return _ways(scheme.moves, leaves).get(enters)


def way_out(scheme: Scheme, leaves: Voice) -> tuple[str, ...] | None:
    """Return the fewest tags that lead to a voice in which a text may end, or None."""
    ways = _ways(scheme.moves, leaves)
    return min((ways[voice] for voice in scheme.ends if voice in ways), key=len, default=None)
