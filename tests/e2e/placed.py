"""An engine for tests that writes down which GPUs it was given; the rule book answers."""

import json
from pathlib import Path
from typing import ClassVar

import ray

from pipeline.engines import Engine
from pipeline.engines.rules import Rules


class Placed(Engine):
    """Says that its model has parts."""

    loads_model: ClassVar[bool] = True

    path: Path
    parts: int
    places_itself: bool = False

    @property
    def gpus(self):
        return self.parts

    @property
    def spread(self):
        return self.places_itself

    def identity(self, request):
        return Rules().identity(request)

    async def start(self, halvings=0):
        group = ray.util.get_current_placement_group()
        seen = {
            "gpus": ray.get_runtime_context().get_accelerator_ids()["GPU"],
            "bundles": group.bundle_specs if group else None,
        }
        with self.path.open("a") as file:
            file.write(json.dumps(seen) + "\n")

    async def answer(self, requests):
        return await Rules().answer(requests)
