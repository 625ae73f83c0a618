"""Where engines run on a machine with four GPUs, as far as Ray is told of them."""

import json

import pytest
import ray

from pipeline.cluster import ray_cluster
from pipeline.pool import Pool
from pipeline.recipes import read_recipe
from pipeline.units import planned_units
from pipeline.worker import Job
from pipeline.workshop import open_workshop
from tests.conftest import plain_text, write_documents, write_recipe

pytestmark = pytest.mark.e2e


@pytest.fixture
def gpus():
    """A cluster whose GPUs exist in Ray's books alone: they are set aside, and nobody computes."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=8, num_gpus=4, include_dashboard=False, logging_level="ERROR")
        yield
        ray.shutdown()


def places(folder, settings, pool):
    """Build, and return what each engine saw of the GPUs when it started."""
    write_documents(folder, [{"text": plain_text(i)} for i in range(8)])
    settings = f'path = "placed"\n{settings}'
    path = write_recipe(folder, engine="tests.e2e.placed", engine_settings=settings, extra=pool)
    recipe = read_recipe(path)
    with ray_cluster(recipe) as crew, Pool(recipe, crew) as workers:
        jobs = [Job(unit, {}) for unit in planned_units(open_workshop(recipe))]
        results = list(workers.rewrite(jobs))
    assert sum(sum(r.documents["accepted"].values()) for r in results) == 8
    return [json.loads(line) for line in (folder / "placed").read_text().splitlines()]


def test_each_worker_has_the_gpus_of_its_engine_and_no_others(gpus, folder):
    [one, other] = places(folder, "parts = 2", "\n[pool]\nworkers = 2\n")

    assert (len(one["gpus"]), len(other["gpus"])) == (2, 2)
    assert not set(one["gpus"]) & set(other["gpus"])
    assert one["bundles"] == other["bundles"] == [{"CPU": 1.0, "GPU": 2.0}]


def test_parts_that_an_engine_places_itself_have_a_bundle_each(gpus, folder):
    [placed] = places(folder, "parts = 3\nplaces_itself = true", "\n[pool]\nworkers = 1\n")

    assert placed["gpus"] == []
    assert placed["bundles"] == [{"CPU": 1.0, "GPU": 1.0}] * 3


def test_what_was_set_aside_is_free_again_afterwards(gpus, folder):
    places(folder, "parts = 2", "\n[pool]\nworkers = 1\n")

    [removed] = ray.util.placement_group_table().values()
    assert removed["state"] == "REMOVED"
