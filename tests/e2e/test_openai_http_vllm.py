"""`openai_http` with a real vLLM server: the contract of engines, and a server that is killed."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.engines import Engine
from pipeline.plugins import load
from schemas.exchange import Finish
from tests.conftest import ROOT
from tests.contract.engines import in_turns, keeps_the_contract
from tests.contract.test_plugins import recorded_requests
from tests.e2e.builds import asked, came_to_the_same, durable, prepared
from tests.e2e.conftest import VLLM
from tests.e2e.store import answers, free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e


class Server:
    """A vLLM server on a port of its own, which can be killed and started again."""

    def __init__(self, model, log):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._model, self._log = model, log
        self.start()

    def start(self):
        # `vllm serve` itself asks for a package of the name vllm, and the CPU wheel has another.
        command = [
            sys.executable, "-m", "vllm.entrypoints.openai.api_server",
            "--model", str(self._model), "--served-model-name", "tiny",
            "--host", "127.0.0.1", "--port", str(self.port), "--enforce-eager",
            "--max-model-len", "16384", "--max-num-seqs", "16",
            "--chat-template", str(ROOT / "pipeline/serving/plain.jinja"),
            "--enable-prompt-tokens-details",
            "--structured-outputs-config",
            '{"backend": "xgrammar", "disable_any_whitespace": true}',
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | VLLM, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self):
        wait_for(lambda: answers(self.port))

    def kill(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """A server that answers."""
    server = Server(model, tmp_path_factory.mktemp("server") / "log")
    server.wait()
    yield server
    server.stop()


def test_it_keeps_the_contract_of_engines(server, folder):
    async def asked_of_a_server():
        engine = load(
            Engine, "openai_http", {"urls": [server.url], "model": "tiny"}, where="a test", kit=None
        )
        await engine.start()
        _, seen = await recorded_requests(folder)
        # A model that knows nothing talks on for ever.
        sampling = {"max_tokens": 120, "temperature": 0.8}
        short = [replace(r, sampling=replace(r.sampling, **sampling)) for r in in_turns(seen)]
        answers = await keeps_the_contract(engine, short)
        long = replace(seen[0], turns=(replace(seen[0].turns[0], text="word " * 20_000),))
        return answers, await engine.answer([long])

    answers, [too_long] = asyncio.run(asked_of_a_server())

    assert {answer.finish for answer in answers} >= {Finish.STOP}
    # One document's questions begin alike, and the server says how much of that it had read.
    assert sum(answer.usage.cached for answer in answers) > 0
    assert too_long.finish is Finish.TOO_LONG


def test_a_server_killed_in_the_middle_of_a_build(folder, server, start, calm):
    settings = f'path = "asked.txt"\nurls = ["{server.url}"]\nmodel = "tiny"'
    recipe = prepared(folder, engine="tests.e2e.said_over_http", settings=settings, documents=20)
    process = start("build", recipe, "--json")

    wait_for(lambda: len(durable(folder)) > 4, process)
    known, before = durable(folder), len(asked(folder))
    server.kill()
    server.start()

    came_to_the_same(process, folder, calm, 20)
    new = asked(folder)[before:]
    assert new
    assert not set(new) & known
