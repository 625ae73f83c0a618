"""A model's engine killed, its worker killed, its memory exhausted: nothing is lost."""

import signal

import psutil
import pytest

from tests.e2e.builds import asked, came_to_the_same, durable, prepared
from tests.e2e.conftest import VLLM
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e

DOCUMENTS = 20
ENGINE = """path = "asked.txt"
model = "{model}"
chat_template = "plain"

[engines.{name}.arguments]
distributed_executor_backend = "uni"
enforce_eager = true
max_model_len = 16384
max_num_seqs = 4
{more}
"""
APART = """
[engines.second]
use = "tests.e2e.said"
{engine}
[pool.engines.rules]
[pool.engines.second]
"""


@pytest.fixture(autouse=True)
def marked(environment, folder):
    """Mark this test's processes, and give their engines little memory."""
    own = VLLM | {"PREALIGN_TEST": str(folder)}
    environment.update(own)
    yield
    for name in own:
        del environment[name]


def ours(folder, title):
    """Return the running processes of this test whose title begins so."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        try:
            if command.startswith(title) and process.environ()["PREALIGN_TEST"] == str(folder):
                found.append(process)
        except (psutil.Error, KeyError):
            continue
    return found


def cores(folder):
    return ours(folder, "VLLM::EngineCore")


def said(folder, model, more=""):
    settings = ENGINE.format(name="rules", model=model, more=more)
    return prepared(folder, engine="tests.e2e.said", settings=settings, documents=DOCUMENTS)


def finished(folder, process, calm):
    """Wait for the end of a build; nothing is missing and nothing left behind. Return its log."""
    came_to_the_same(process, folder, calm, DOCUMENTS)
    wait_for(lambda: not cores(folder))
    return next((folder / "corpus" / "logs").iterdir()).read_text()


def test_an_engine_killed_in_the_middle_of_a_build(folder, model, start, calm):
    recipe = said(folder, model)
    recipe.write_text(recipe.read_text().replace("workers = 2", "workers = 1"))
    process = start("build", recipe, "--json")

    wait_for(lambda: len(durable(folder)) > 4, process)
    known, before = durable(folder), len(asked(folder))
    [core] = cores(folder)
    core.send_signal(signal.SIGKILL)

    log = finished(folder, process, calm)
    assert log.count("worker died") == 1
    assert not set(asked(folder)[before:]) & known


def test_two_models_apart_one_out_of_memory_and_a_worker_killed(folder, model, start, calm):
    # The writer guesses ahead, the reviewer does not.
    ahead = '{ method = "ngram", num_speculative_tokens = 4, prompt_lookup_max = 4 }'
    recipe = said(folder, model, f"speculative_config = {ahead}")
    guard = 'logits_processors = ["tests.e2e.engine:RunsOutOfMemory"]'
    second = ENGINE.format(name="second", model=model, more=guard)
    text = recipe.read_text().replace('reviewer = "rules"', 'reviewer = "second"')
    recipe.write_text(text.replace("in_flight = 2", "") + APART.format(engine=second))
    process = start("build", recipe, "--json")

    wait_for(lambda: len(durable(folder)) > 4, process)
    known, before = durable(folder), len(asked(folder))
    ours(folder, "ray::Worker")[0].send_signal(signal.SIGKILL)

    log = finished(folder, process, calm)
    assert log.count("worker died") == 1
    assert not set(asked(folder)[before:]) & known
