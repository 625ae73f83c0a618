"""Which processes a recipe wants: engines with the workers where one serves all, else apart."""

from typing import ClassVar

import pytest

from pipeline.crew import crew
from pipeline.engines import Engine
from pipeline.engines.rules import Rules
from pipeline.recipes import read_recipe
from schemas.errors import RecipeError
from tests.conftest import write_recipe


class Model(Engine):
    """An engine that loads a model in so many parts."""

    loads_model: ClassVar[bool] = True
    parts: int = 1
    apart: bool = False

    @property
    def gpus(self):
        return self.parts

    @property
    def spread(self):
        return self.apart

    def identity(self, request):
        raise NotImplementedError

    async def answer(self, requests):
        raise NotImplementedError


@pytest.fixture
def wanted(folder):
    def wanted(engines, *overrides, with_gpus=True):
        recipe = read_recipe(write_recipe(folder), list(overrides))
        return crew(recipe, engines, with_gpus=with_gpus)

    return wanted


def test_one_model_runs_inside_the_workers_with_the_gpus_it_wants(wanted):
    found = wanted({"recorded": Rules(), "model": Model(parts=2)}, "pool.workers=3")

    assert (found.workers.count, found.workers.gpus, found.hosts) == (3, 2, {})
    assert found.gpus == 6


def test_several_models_have_hosts_of_their_own_and_workers_no_gpu(wanted):
    found = wanted(
        {"big": Model(parts=4), "small": Model(), "rules": Rules()}, "pool.engines.small.workers=2"
    )

    assert found.workers.gpus == 0
    assert {name: (p.count, p.gpus) for name, p in found.hosts.items()} == {
        "big": (1, 4),
        "small": (2, 1),
    }
    assert found.gpus == 6


def test_one_model_may_be_hosted_apart_from_many_workers(wanted):
    found = wanted({"model": Model()}, "pool.workers=8", "pool.engines.model.workers=2")

    assert (found.workers.gpus, found.hosts["model"].count) == (0, 2)


def test_where_there_is_no_gpu_engines_run_without(wanted):
    found = wanted({"model": Model(parts=2)}, with_gpus=False)

    assert found.gpus == 0


def test_gpus_that_an_engine_does_not_want_are_refused(wanted):
    with pytest.raises(RecipeError, match=r"wants 4 GPUs, and \[pool\] sets aside 2") as caught:
        wanted({"model": Model(parts=4)}, "pool.gpus_each=2")

    assert "gpus_each = 4" in caught.value.hint


def test_a_share_of_a_gpu_can_be_set_aside(wanted):
    found = wanted({"model": Model()}, "pool.gpus_each=0.5", "pool.workers=4")

    assert found.gpus == 2


def test_hosts_of_an_engine_that_nobody_uses_are_refused(wanted):
    with pytest.raises(RecipeError, match="no role makes use of") as caught:
        wanted({"model": Model()}, "pool.engines.modell.workers=2")

    assert "model" in caught.value.hint


@pytest.mark.parametrize(
    ("apart", "bundles"),
    [
        (False, [{"CPU": 2.0, "GPU": 3}]),
        (True, [{"CPU": 2.0, "GPU": 1.0}, {"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0, "GPU": 1.0}]),
    ],
)
def test_parts_lie_on_one_machine_unless_the_engine_places_them_itself(wanted, apart, bundles):
    found = wanted({"model": Model(parts=3, apart=apart)}, "pool.cpus_each=2")

    assert found.workers.bundles == bundles
