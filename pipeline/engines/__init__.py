"""Engines: whoever answers requests. One file per kind."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.plugins import Kit, Plugin, load
from schemas.errors import RecipeError, nearest
from schemas.exchange import Answer, Identity, Request, canonical, sha256
from schemas.recipe import PluginSection


class Waiting(Exception):  # noqa: N818 - it is no error: the answer will come, but not now
    """The engine has passed the question on and has no answer yet.

    The journey is dropped and replayed from the ledger when the build is run again.

    Attributes:
        answers: One for each request, None for those that wait; empty if all do.
    """

    def __init__(self, answers: Sequence[Answer | None] = ()) -> None:
        super().__init__()
        self.answers = tuple(answers)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What an engine can do at once.

    Attributes:
        requests: How many requests keep it busy.
        tokens: How many tokens its prefix cache holds, or None if it has none or does not say.
    """

    requests: int
    tokens: int | None = None


class Engine(Plugin):
    """Answers requests. Must be safe to call many times at once from one event loop.

    Attributes:
        loads_model: Whether a model is loaded into its process, so that it wants GPUs, and that no
            other such engine stands beside it.
        software: Packages that answers may depend on, for the record of a build; those that are not
            installed are left out of it.
    """

    loads_model: ClassVar[bool] = False
    software: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def identity(self, request: Request) -> Identity:
        """Return who would answer this request; part of the key under which it is kept."""

    @abstractmethod
    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one raw answer for each request, in their order.

        What is wrong with one request alone ends as an answer with ``finish`` ``too_long`` or
        ``failed``, so that its document is the only one to suffer.

        Raises:
            Waiting: The answers will come later, from outside.
            EngineLostError: The engine has died; it must be started anew.
            EngineError: No request can be answered until a person has mended something.
        """

    def is_free(self, request: Request) -> bool:
        """Return whether it answers this at once and for nothing: no model, server or person."""
        return False

    @property
    def gpus(self) -> int:
        """How many GPUs it wants in a place that has any; 0 if it loads no model."""
        return 0

    @property
    def spread(self) -> bool:
        """Whether it places its parts itself, each with one GPU, perhaps on several machines."""
        return False

    def check(self) -> None:
        """Check, before any work is done, that the engine could start here.

        Raises:
            RecipeError: A setting does not fit what is installed.
        """

    async def start(self, halvings: int = 0) -> None:
        """Get ready to answer; called once, in the process that will ask.

        Args:
            halvings: How often the engine has died in this place, most often for want of memory:
                each time it takes on half as much at once.

        Raises:
            EngineError: It cannot be started.
        """

    def capacity(self) -> Capacity:
        """Return what the engine can do at once, after it was started."""
        return Capacity(requests=64)

    async def settle(self) -> None:
        """Make durable what is kept outside the ledger; called whenever a unit is left."""

    def waiting_for(self) -> str:
        """Return what a person has to do for questions that wait, or "" if none do."""
        return ""

    def fingerprint(self) -> str:
        """Return a digest that changes when answers could; a unit is replayed when it does."""
        return sha256(self.name(), canonical(self.model_dump(mode="json")))

    def connect(self, engines: Mapping[str, "Engine"]) -> None:
        """Take the other engines this one hands requests to, by their names in the recipe."""

    @property
    def relies_on(self) -> tuple[str, ...]:
        """Names of the engines, in the recipe, that this one hands requests to."""
        return ()


StandIns = Callable[[Mapping[str, Engine]], Mapping[str, Engine]]
"""From engines to whoever stands here for those of them that run in other processes."""


def open_engines(
    sections: Mapping[str, PluginSection], kit: Kit, elsewhere: StandIns | None = None
) -> dict[str, Engine]:
    """Return all engines of a recipe, connected to those they rely on.

    Args:
        sections: The recipe's tables of engines, by name.
        kit: What they may read.
        elsewhere: Names who stands for engines that run in other processes.

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
    if elsewhere:
        engines |= elsewhere(engines)
    for name, engine in engines.items():
        _check_chain(name, engines)
        engine.connect({other: engines[other] for other in engine.relies_on})
    return engines


def in_use(engines: Mapping[str, Engine], names: Iterable[str]) -> list[str]:
    """Return the names of some engines and of all that they rely on, each once."""
    found: dict[str, None] = {}
    queue = list(names)
    while queue:
        name = queue.pop(0)
        if name not in found:
            found[name] = None
            queue += engines[name].relies_on
    return list(found)


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
