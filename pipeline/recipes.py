"""Reading a recipe: TOML with overrides, checked, its paths made absolute."""

import os
import re
import tomllib
from glob import escape, has_magic
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipeline.plugins import said
from schemas.errors import RecipeError, nearest
from schemas.recipe import PluginSection, Recipe, SourceSection


def read_recipe(path: Path, overrides: list[str] | None = None) -> Recipe:
    """Return the recipe in a TOML file, with overrides such as ``pool.workers=4`` in place.

    Raises:
        RecipeError: There is no such file, it is not TOML, or it says something that no recipe
            can say; the message names the key and the nearest known one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"the recipe {path} cannot be read: {getattr(error, 'strerror', None) or error}",
            hint="give the path of a .toml file, such as examples/demo.toml",
        ) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not TOML: {error}", hint="mend that line") from error
    for override in overrides or []:
        _apply(table, override)
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as error:
        raise _mendable(error, path, text) from error
    return _resolved(recipe, path.resolve().parent)


def _apply(table: dict[str, Any], override: str) -> None:
    """Set one ``section.key=value``; the value is TOML, or a plain word."""
    key, equals, value = override.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise RecipeError(
            f"--set {override} is not KEY=VALUE", hint="write for example --set pool.workers=4"
        )
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    here: Any = table
    try:
        for name in names[:-1]:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        here[int(names[-1]) if isinstance(here, list) else names[-1]] = parsed
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise RecipeError(
            f"--set {override}: the recipe has no place called {key.strip()}",
            hint="entries of [[source]] and [[pass]] are counted from 0: --set source.0.url=…",
        ) from error


def _mendable(error: ValidationError, path: Path, text: str) -> RecipeError:
    # A misspelt table is also a missing one; what was written is what is to be mended.
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    loc = [str(part) for part in fault["loc"]]
    if fault["type"] != "extra_forbidden":
        todo = "add" if fault["type"] == "missing" else "mend"
        hint = (f"{todo} `{loc[-1]}`; " if loc else "") + 'the README, "The recipe", has all keys'
        place = "".join(f"{part}: " for part in (str(path), ".".join(loc)) if part)
        return RecipeError(f"{place}{said(fault['msg'])}", hint=hint)
    line = next(
        (
            n
            for n, row in enumerate(text.split("\n"), 1)
            if re.match(rf"\s*\[*{re.escape(loc[-1])}\b", row)
        ),
        0,
    )
    place = f"{path}, line {line}" if line else str(path)
    within = f" in [{'.'.join(p for p in loc[:-1])}]" if loc[:-1] else ""
    return RecipeError(
        f"there is no key '{loc[-1]}'{within} ({place})", hint=nearest(loc[-1], _keys(loc[:-1]))
    )


def _keys(loc: list[str]) -> list[str]:
    """Return the keys that a recipe's table at ``loc`` may have."""
    model: Any = Recipe
    for name in loc:
        field = next((f for n, f in model.model_fields.items() if name in (n, f.alias)), None)
        if field is None:
            break
        found = [a for a in (field.annotation, *get_args(field.annotation)) if _is_model(a)]
        model = found[0] if found else model
    return [f.alias or name for name, f in model.model_fields.items()]


def _is_model(annotation: object) -> bool:
    return (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and annotation is not PluginSection
    )


def _resolved(recipe: Recipe, base: Path) -> Recipe:
    """Return the recipe with relative paths begun at the recipe's own folder.

    A setting of an engine or a pass is taken for a path if it is called ``path`` or ``folder``; a
    ``model`` and a ``chat_template`` if they look like one.
    """

    def absolute(url: str) -> str:
        return _absolute(url, base)

    def with_path(section: PluginSection) -> PluginSection:
        settings = {k: v for k, v in section.settings.items() if isinstance(v, str)}
        places = {k: absolute(v) for k, v in settings.items() if _is_path(k, v)}
        return section.model_copy(update=places)

    def scheme_path(name: str) -> str:
        return absolute(name) if name.endswith(".toml") else name

    def with_places(source: SourceSection) -> SourceSection:
        update: dict[str, Any] = {"url": _files(source.url, base)}
        if source.opt_out:
            update["opt_out"] = absolute(source.opt_out)
        if source.trusted_scheme:
            update["trusted_scheme"] = scheme_path(source.trusted_scheme)
        return source.model_copy(update=update)

    own = recipe.corpus.prompts
    return recipe.model_copy(
        update={
            "corpus": recipe.corpus.model_copy(
                update={
                    "folder": absolute(recipe.corpus.folder),
                    "prompts": absolute(own) if own else None,
                }
            ),
            "source": tuple(with_places(source) for source in recipe.source),
            "engines": {name: with_path(e) for name, e in recipe.engines.items()},
            "passes": tuple(with_path(p) for p in recipe.passes),
            "publish": recipe.publish.model_copy(
                update={
                    "dataset": absolute(recipe.publish.dataset),
                    "scheme": scheme_path(recipe.publish.scheme),
                }
            ),
        }
    )


def _is_path(key: str, value: str) -> bool:
    if key == "model":
        return value.startswith(("/", "./", "../", "~"))
    return key in ("path", "folder") or (key == "chat_template" and value.endswith(".jinja"))


def _absolute(url: str, base: Path) -> str:
    # normpath, not resolve: a glob is not a file, and a link's own name is worth keeping.
    return url if "://" in url else os.path.normpath(base / os.path.expanduser(url))  # noqa: PTH111 - Path's own raises


def _files(url: str, base: Path) -> str:
    """Return a source's URL; what looks like a glob in the recipe's own folder is none."""
    if "://" in url or url[:1] in ("/", "~") or not has_magic(url):
        return _absolute(url, base)
    return os.path.normpath(f"{escape(str(base))}/{url}")
