"""Which processes a build wants: how many, with what, and which engines run in them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.engines import Engine
from schemas.errors import RecipeError, nearest
from schemas.recipe import HostsSection, Recipe


@dataclass(frozen=True)
class Place:
    """Processes of one kind.

    Attributes:
        count: How many.
        cpus: CPUs set aside for each.
        gpus: GPUs set aside for each.
        spread: Whether the engine in it places its parts itself, each with one GPU, perhaps on
            several machines.
    """

    count: int
    cpus: float
    gpus: float
    spread: bool = False

    @property
    def bundles(self) -> list[dict[str, float]]:
        """What one process takes up, in parts that each lie on one machine."""
        if not self.spread:
            return [{"CPU": self.cpus} | ({"GPU": self.gpus} if self.gpus else {})]
        parts = max(1, int(self.gpus))
        return [{"CPU": max(1.0, self.cpus), "GPU": 1.0}, *[{"CPU": 1.0, "GPU": 1.0}] * (parts - 1)]


@dataclass(frozen=True)
class Crew:
    """All processes of a build.

    Attributes:
        workers: Those that take units.
        hosts: Those that hold one engine, by its name in the recipe.
    """

    workers: Place
    hosts: dict[str, Place]

    @property
    def cpus(self) -> float:
        """How many CPUs are set aside in all."""
        return sum(_sum(place, "CPU") for place in (self.workers, *self.hosts.values()))

    @property
    def gpus(self) -> float:
        """How many GPUs are set aside in all."""
        return sum(_sum(place, "GPU") for place in (self.workers, *self.hosts.values()))


def _sum(place: Place, resource: str) -> float:
    return place.count * sum(bundle.get(resource, 0) for bundle in place.bundles)


def crew(recipe: Recipe, engines: Mapping[str, Engine], *, with_gpus: bool) -> Crew:
    """Return the processes that a recipe wants.

    Args:
        recipe: The recipe.
        engines: The engines in use, by name.
        with_gpus: Whether there is any GPU: where there is none, engines run without.

    Raises:
        RecipeError: ``[pool.engines]`` names an engine that is not in use, or GPUs are set aside
            that an engine does not want.
    """
    pool = recipe.pool
    for name in pool.engines:
        if name not in engines:
            raise RecipeError(
                f"[pool.engines.{name}] is about an engine that no role makes use of",
                hint=nearest(name, list(engines)),
            )
    heavy = [name for name, engine in engines.items() if engine.loads_model]
    apart = dict(pool.engines)
    if len([name for name in heavy if name not in apart]) > 1 or (apart and heavy):
        # Models that share a process would share its GPU; and where one is apart, the workers
        # that ask it are no place for another.
        apart |= {name: HostsSection() for name in heavy if name not in apart}
    here = [engine for name, engine in engines.items() if name not in apart]
    return Crew(
        workers=_place(pool.workers, pool.cpus_each, pool.gpus_each, here, "[pool]", with_gpus),
        hosts={
            name: _place(
                section.workers,
                section.cpus_each,
                section.gpus_each,
                [engines[name]],
                f"[pool.engines.{name}]",
                with_gpus,
            )
            for name, section in apart.items()
        },
    )


def _place(
    count: int,
    cpus: float,
    gpus: float | None,
    engines: Sequence[Engine],
    where: str,
    with_gpus: bool,  # noqa: FBT001
) -> Place:
    engine = next((engine for engine in engines if engine.gpus), None)
    wanted = engine.gpus if engine else 0
    if gpus is None:
        gpus = wanted if with_gpus else 0
    if engine and gpus >= 1 and gpus != wanted:
        raise RecipeError(
            f"{engine.name()} wants {wanted} GPUs, and {where} sets aside {gpus:g} for each",
            hint=f"set `gpus_each = {wanted}` under {where}, leave it out, or change the engine's "
            "tensor_parallel_size or pipeline_parallel_size",
        )
    return Place(count, cpus, gpus, spread=bool(gpus and engine and engine.spread))
