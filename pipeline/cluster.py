"""The Ray cluster that a build joins or starts, and the seats that its processes take there."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from pipeline.crew import Crew, Place, crew
from pipeline.workshop import open_workshop
from schemas.errors import WorkerError
from schemas.recipe import Recipe

# Calls that an actor takes at once; what it does with them is its own affair.
_CALLS = 1000


@contextmanager
def ray_cluster(recipe: Recipe) -> Iterator[Crew]:
    """Join the recipe's Ray cluster, or start one on this machine, while the block runs.

    Yields:
        The processes that the recipe wants there.

    Raises:
        RecipeError: The recipe wants what its engines do not.
        WorkerError: There is no such cluster, or this machine has fewer GPUs than are wanted.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's coming default for workers without a GPU; left unset it warns at every start.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    engines = open_workshop(recipe).opened
    # Ray's own variable, set on clusters and by whoever started one.
    address = recipe.pool.address or os.environ.get("RAY_ADDRESS") or None
    started = not ray.is_initialized()
    if started:
        local: dict[str, Any] = {}
        if address is None:
            # More workers than cores must not wait for ever: Ray counts what it is told.
            wanted = ceil(crew(recipe, engines, with_gpus=False).cpus)
            local = {"num_cpus": max(os.cpu_count() or 1, wanted), "include_dashboard": False}
        # "local", lest Ray join a cluster of somebody else's that it finds on this machine.
        _join(address or "local", local)
    try:
        found = ray.cluster_resources().get("GPU", 0)
        wanted_here = crew(recipe, engines, with_gpus=bool(found))
        if address is None and wanted_here.gpus > found:
            # Ray would wait for them in silence.
            raise WorkerError(
                f"the recipe asks for {wanted_here.gpus:g} GPUs, this machine has {found:g}",
                hint="lower `gpus_each` or `workers` under [pool], or give the `address` of a "
                "cluster",
            )
        yield wanted_here
    finally:
        if started:
            ray.shutdown()


def _join(address: str, local: dict[str, Any]) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except ConnectionError as error:
        raise WorkerError(
            f"there is no Ray cluster at {address}",
            hint="mend `address` under [pool] or the variable RAY_ADDRESS, or set "
            "RAY_AUTH_MODE=token if it wants a token; without an address, Ray is started here",
        ) from error


class Seats:
    """Where the processes of one kind run; a process that replaces another takes its seat."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._group: Any = None

    def hire(self, cls: type, *arguments: object, restarts: int = 0) -> Any:  # noqa: ANN401 - an actor
        """Return a new actor of a plain class."""
        options: dict[str, Any] = {"max_concurrency": _CALLS, "max_restarts": restarts}
        bundle = self._place.bundles[0]
        options["num_cpus"] = bundle["CPU"]
        # Where an engine places its parts itself, one of them takes the GPU beside it.
        options["num_gpus"] = 0 if self._place.spread else bundle.get("GPU", 0)
        if self._place.gpus > 1:
            self._group = self._group or placement_group(self._place.bundles, strategy="PACK")
            options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(
                self._group,
                placement_group_bundle_index=0,
                placement_group_capture_child_tasks=True,
            )
        return ray.remote(cls).options(**options).remote(*arguments)

    def give_back(self) -> None:
        """Let others have what was set aside."""
        if self._group:
            remove_placement_group(self._group)
