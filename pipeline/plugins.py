"""Plugins: one file, one class, its fields are its settings, its file name is its name.

A name with a dot is a module of the user's own, anywhere on the Python path.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from prompts import Prompts
from schemas.errors import RecipeError, nearest
from schemas.exchange import sha256


@dataclass(frozen=True)
class Kit:
    """What plugins may read: the prompts, the seed of all draws, the forms."""

    prompts: Prompts
    seed: str
    forms: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


class Plugin(BaseModel):
    """What all plugins share: settings that refuse unknown names, and the kit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    _kit: Kit | None = PrivateAttr(default=None)

    @cached_property
    def kit(self) -> Kit:
        """The kit it was loaded with."""
        if self._kit is None:
            raise RuntimeError(f"{type(self).__name__} was not loaded by plugins.load")
        return self._kit

    @classmethod
    def name(cls) -> str:
        """Return the name by which recipes call it."""
        module = cls.__module__
        return module.rpartition(".")[2] if module.startswith("pipeline.") else module


P = TypeVar("P", bound=Plugin)


def plugin_names(kind: type[Plugin]) -> list[str]:
    """Return the names of all shipped plugins of a kind, sorted."""
    package = importlib.import_module(kind.__module__)
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg)


def plugin_class(kind: type[P], name: str, where: str) -> type[P]:
    """Return the plugin class called ``name``.

    Args:
        kind: The class that all plugins of this kind extend.
        name: A shipped plugin's file name, or the dotted name of an importable module.
        where: The place in the recipe, for the error.

    Raises:
        RecipeError: There is none, or its file does not hold exactly one.
    """
    noun = kind.__name__.lower()
    if "." not in name and name not in plugin_names(kind):
        folder = kind.__module__.replace(".", "/")
        raise RecipeError(
            f"there is no {noun} called '{name}' ({where})",
            hint=f"{nearest(name, plugin_names(kind))}; a new one is a file {folder}/{name}.py",
        )
    path = name if "." in name else f"{kind.__module__}.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise RecipeError(
            f"{noun} '{name}' cannot be imported: {error} ({where})",
            hint="install what it needs, or put its folder on PYTHONPATH",
        ) from error
    except Exception as error:
        raise RecipeError(
            f"{noun} '{name}' cannot be imported: {type(error).__name__}: {error} ({where})",
            hint="mend its file",
        ) from error
    return _only_class(kind, module)


def _only_class(kind: type[P], module: ModuleType) -> type[P]:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, kind) and value is not kind
        if value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise RecipeError(
            f"{module.__name__} holds {len(classes)} classes that extend {kind.__name__}",
            hint="one plugin is one file with one class",
        )
    return classes[0]


def load(
    kind: type[P],
    name: str,
    settings: dict[str, Any],
    *,
    where: str,
    kit: Kit,
    also: Sequence[str] = (),
) -> P:
    """Return the plugin ``name`` with its settings checked and the kit in its hands.

    Args:
        kind: The class that all plugins of this kind extend.
        name: Its name.
        settings: Its settings, unchecked.
        where: The place in the recipe, for the error.
        kit: What it may read.
        also: Keys that stand beside its settings in the recipe, to be named in a hint.

    Raises:
        RecipeError: There is no such plugin, or the settings do not fit it.
    """
    cls = plugin_class(kind, name, where)
    try:
        plugin = cls.model_validate(settings)
    except ValidationError as error:
        noun = kind.__name__.lower()
        raise RecipeError(
            f"the settings of {noun} '{name}' do not fit ({where}): {first_fault(error)}",
            hint=settings_hint(error, [*also, *cls.model_fields]),
        ) from error
    plugin._kit = kit
    return plugin


def first_fault(error: ValidationError) -> str:
    """Return the first thing a validation found, as ``key: what``."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    what = "unknown setting" if fault["type"] == "extra_forbidden" else said(fault["msg"])
    return f"{place}: {what}" if place else what


def said(message: str) -> str:
    """Return what pydantic says, in words that fit a recipe."""
    known = {
        "Input should be a valid tuple": 'a list is wanted here, such as ["en", "de"]',
        "Input should be a valid list": 'a list is wanted here, such as ["en", "de"]',
        "Input should be a valid dictionary": 'a table is wanted here, such as { id = "key" }',
        "Input should be a valid string": 'text is wanted here, in quotes: "…"',
    }
    message = message.removeprefix("Value error, ")
    return known.get(message, message.replace("Input should be", "it should be"))


def settings_hint(error: ValidationError, known: list[str]) -> str:
    """Return what to do about a validation's first fault."""
    fault = error.errors()[0]
    if fault["type"] == "extra_forbidden":
        return nearest(str(fault["loc"][-1]), known)
    if fault["type"] == "missing":
        return f"add `{fault['loc'][-1]} = …`"
    return f"give `{fault['loc'][-1]}` a value that fits" if fault["loc"] else "see the README"


def code_digest(*packages: str) -> str:
    """Return the digest of all Python and TOML files of some modules or packages of ours."""
    parts: list[bytes] = []
    for name in packages:
        origin = Path(str(importlib.import_module(name).__file__))
        files = sorted(origin.parent.rglob("*")) if origin.name == "__init__.py" else [origin]
        for file in files:
            if file.suffix in (".py", ".toml"):
                parts += [file.name.encode(), file.read_bytes()]
    return sha256(*parts)
