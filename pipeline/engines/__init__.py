"""Engines: whoever answers requests. One file per kind."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from pipeline.plugins import Kit, Plugin, load
from schemas.errors import RecipeError, nearest
from schemas.exchange import Answer, Identity, Request, canonical, sha256
from schemas.recipe import PluginSection


class Waiting(Exception):  # noqa: N818 - it is no error: the answer will come, but not now
    """The engine has passed the question on and has no answer yet.

    The journey is dropped and replayed from the ledger when the build is run again.
    """


class Engine(Plugin):
    """Answers requests. Must be safe to call many times at once from one event loop."""

    @abstractmethod
    def identity(self, request: Request) -> Identity:
        """Return who would answer this request; part of the key under which it is kept."""

    @abstractmethod
    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one raw answer for each request, in their order.

        Raises:
            Waiting: The answers will come later, from outside.
        """

    def fingerprint(self) -> str:
        """Return a digest that changes when answers could; a unit is replayed when it does."""
        return sha256(self.name(), canonical(self.model_dump(mode="json")))

    def connect(self, engines: Mapping[str, "Engine"]) -> None:
        """Take the other engines this one hands requests to, by their names in the recipe."""

    @property
    def relies_on(self) -> tuple[str, ...]:
        """Names of the engines, in the recipe, that this one hands requests to."""
        return ()


def open_engines(sections: Mapping[str, PluginSection], kit: Kit) -> dict[str, Engine]:
    """Return all engines of a recipe, connected to those they rely on.

    Raises:
        RecipeError: An engine does not exist, its settings do not fit, or engines rely on each
            other in a circle.
    """
    engines = {
        name: load(
            Engine,  # type: ignore[type-abstract]
            section.use,
            section.settings,
            where=f"[engines.{name}]",
            kit=kit,
        )
        for name, section in sections.items()
    }
    for name, engine in engines.items():
        _check_chain(name, engines)
        engine.connect({other: engines[other] for other in engine.relies_on})
    return engines


def _check_chain(name: str, engines: Mapping[str, Engine]) -> None:
    seen: list[str] = []
    queue = [name]
    while queue:
        here = queue.pop()
        if here in seen:
            raise RecipeError(
                f"[engines.{name}] relies on itself, by way of {' → '.join([*seen, here])}",
                hint="let the last fallback be an engine that needs no other, such as `rules`",
            )
        if here not in engines:
            raise RecipeError(
                f"[engines.{seen[-1]}] relies on an engine '{here}' that is not in the recipe",
                hint=nearest(here, list(engines)),
            )
        seen.append(here)
        queue += engines[here].relies_on
