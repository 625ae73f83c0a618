"""The command line as a user starts it, and one demo build for all tests that only look at it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from xdist.scheduler import LoadScopeScheduling

from pipeline.engines import Engine
from pipeline.plugins import Kit, load
from prompts import Prompts
from tests.conftest import ROOT
from tests.e2e.builds import prepared, shards
from tests.e2e.store import answers, free_port
from tests.texts import TAGS
from tests.waiting import LONG, wait_for

# They share an engine, as the tests of one file share what it builds.
_TOGETHER = {"test_grammar": "test_vllm_local"}
# The longest first, lest one process work at it while the other has nothing left to do.
_FIRST = ("test_engine_kills", "test_openai_http_vllm", "test_kill")


class _ByFile(LoadScopeScheduling):
    """Keeps the tests of a file in one process, where the session's fixtures are made once.

    xdist's own ``loadgroup`` groups nothing with pytest 9.2 (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid):
        stem = Path(nodeid.partition("::")[0]).stem
        return _TOGETHER.get(stem, stem)


def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False
    return _ByFile(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=_place)


def _place(item):
    ours = item.path.parent == Path(__file__).parent
    return (*_FIRST, item.path.stem).index(item.path.stem) if ours else -1


PREALIGN = Path(sys.executable).with_name("prealign")


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Variables for subprocesses: a Prefect of their own, our test engines on the path."""
    home = tmp_path_factory.mktemp("prefect")
    return os.environ | {
        "PREFECT_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "TERM": "dumb",
    }


@pytest.fixture(scope="session")
def prefect_server(environment):
    """The URL of one Prefect server for all builds of the session; saves seven seconds for each."""
    port = free_port()
    command = [str(PREALIGN.with_name("prefect")), "server", "start", "--port", str(port)]
    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_UI_ENABLED": "false"}
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--no-services"],
        env=environment | quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/api"
    try:
        wait_for(lambda: answers(port))
        yield url
    finally:
        # The command starts the server as a process of its own.
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


@pytest.fixture(scope="session")
def cluster(environment):
    """Variables that lead to one Ray cluster for all builds of the session; saves six seconds each.

    Its workers have its environment, so that what a test adds to it would not reach them.
    """
    # Whoever joins proves that he may read our token, as the one who starts it does by himself.
    token = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    cluster = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.cluster"], cwd=ROOT, env=environment | token, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield token | {"RAY_ADDRESS": cluster.stdout.readline().strip()}
    cluster.communicate()


@pytest.fixture(scope="session")
def prealign(environment, prefect_server, cluster):
    """Run ``prealign`` with some arguments; return the finished process."""
    untouched = dict(environment)

    def run(*arguments, cwd=ROOT, timeout=LONG, alone=False):
        shared = {} if alone or environment != untouched else cluster
        return subprocess.run(
            [str(PREALIGN), *map(str, arguments)],
            cwd=cwd, env=environment | {"PREFECT_API_URL": prefect_server} | shared,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def start(environment, prefect_server):
    """Start ``prealign`` in the background, in a process group and with a Ray of its own.

    What is ``alone`` has a Prefect of its own too, as a user's build has.
    """
    started = []

    def run(*arguments, alone=False):
        shared = {} if alone else {"PREFECT_API_URL": prefect_server}
        process = subprocess.Popen(
            [str(PREALIGN), *map(str, arguments)],
            cwd=ROOT, env=environment | shared, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def demo(tmp_path_factory, prealign):
    """The folder of a demo that was built and pulled."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(ROOT / "examples", folder / "examples")
    built = prealign("build", folder / "examples" / "demo.toml", "--json")
    assert built.returncode == 0, built.stderr
    (folder / "summary.json").write_text(built.stdout)
    pulled = prealign("pull", folder / "work/demo/dataset", "--to", folder / "pulled")
    assert pulled.returncode == 0, pulled.stderr
    return folder


@pytest.fixture(scope="session")
def summary(demo):
    """What the demo's build has said."""
    return json.loads((demo / "summary.json").read_text())


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a small model of random weights; its tokenizer has all tags as tokens."""
    from tests.e2e.engine import make_model

    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    lines = (ROOT / "examples/documents/everyday.jsonl").read_text().splitlines()
    prompts = [path.read_text() for path in sorted((ROOT / "prompts").rglob("*.md"))]
    make_model(folder, [*(json.loads(line)["text"] for line in lines), *prompts], TAGS)
    return folder


# Little memory; and the model in the process of the engine's core, as it is on one GPU: each
# process takes fifteen seconds to import vLLM.
VLLM = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def local(model):
    """The engine ``vllm_local``, started once, in the event loop of the session."""
    with pytest.MonkeyPatch.context() as variables:
        for name, value in VLLM.items():
            variables.setenv(name, value)
        engine = load(
            Engine,
            "vllm_local",
            {
                "model": str(model),
                "chat_template": "plain",
                "arguments": {
                    "distributed_executor_backend": "uni",
                    "enforce_eager": True,
                    "max_model_len": 16_384,
                    "max_num_seqs": 16,
                    "reasoning_parser": "deepseek_r1",
                    "logits_processors": [
                        "tests.e2e.engine:TableGuard",
                        "tests.e2e.engine:ThinksBriefly",
                    ],
                    "seed": 1,
                },
            },
            where="a test",
            kit=Kit(Prompts(), "0"),
        )
        await engine.start()
        yield engine
        engine._engine.shutdown()


@pytest.fixture(scope="session")
def calm(tmp_path_factory, prealign):
    """The folder of a build by the rule book that nobody disturbed."""
    folder = tmp_path_factory.mktemp("calm")
    (folder / "documents").mkdir()
    done = prealign("build", prepared(folder, seconds=0), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == {"accepted": {"as_drafted": 8, "verbatim": 32}}
    return folder


@pytest.fixture(scope="session")
def undisturbed(calm):
    """The shards of that build."""
    return shards(calm)
