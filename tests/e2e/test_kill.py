"""Killed anywhere, the same command continues: the same bytes, and nothing durable paid twice."""

import json
import os
import signal

import psutil
import pytest

from tests.e2e.builds import asked, durable, prepared, shards
from tests.waiting import LONG, wait_for

pytestmark = pytest.mark.e2e


def continued(folder, recipe, prealign, undisturbed):
    """Continue a build that was stopped, and check what it promises."""
    before, known = asked(folder), durable(folder)
    assert known, "nothing was durable yet: the test has killed too early"
    assert len(known) < 40 + 8 * 7, "everything was done already: the test has killed too late"

    done = prealign("build", recipe, "--json")

    assert done.returncode == 0, done.stderr
    assert shards(folder) == undisturbed
    assert not set(asked(folder)[len(before) :]) & known


def test_a_killed_driver(folder, start, prealign, undisturbed):
    recipe = prepared(folder)
    process = start("build", recipe)
    wait_for(lambda: len(durable(folder)) > 10, process)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # Ray's processes end with their driver; whoever comes next must not meet them at work.
    wait_for(lambda: not workers_of(folder))

    continued(folder, recipe, prealign, undisturbed)


def workers_of(folder):
    """Return the Ray actors that have this test's folder open in their recipe."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if command.startswith("ray::Worker") and _started_by_us(process, folder):
            found.append(process)
    return found


def _started_by_us(process, folder):
    try:
        return process.environ().get("PREALIGN_TEST") == str(folder)
    except psutil.Error:
        return False


@pytest.fixture(autouse=True)
def marked(environment, folder):
    """Mark this test's processes, so that it finds its own and no others."""
    environment["PREALIGN_TEST"] = str(folder)
    yield
    del environment["PREALIGN_TEST"]


def test_a_killed_worker(folder, start, undisturbed):
    recipe = prepared(folder)
    process = start("build", recipe, "--json")
    wait_for(lambda: len(durable(folder)) > 10, process)
    known = durable(folder)

    victim = workers_of(folder)[0]
    victim.kill()

    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    assert shards(folder) == undisturbed
    assert json.loads(out)["documents"] == {"accepted": {"as_drafted": 8, "verbatim": 32}}
    log = next((folder / "corpus" / "logs").iterdir()).read_text()
    assert "worker died" in log
    repeated = [key for key in known if asked(folder).count(key) > 1]
    assert repeated == []


def test_ctrl_c_stops_within_seconds_and_the_same_command_continues(
    folder, start, prealign, undisturbed
):
    recipe = prepared(folder)
    process = start("build", recipe, alone=True)
    wait_for(lambda: len(durable(folder)) > 10, process)

    # A terminal sends it to the whole group, Prefect's temporary server included.
    os.killpg(process.pid, signal.SIGINT)
    # Without care Prefect takes more than a minute.
    _, err = process.communicate(timeout=55)

    assert process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err
    continued(folder, recipe, prealign, undisturbed)


def test_a_document_that_kills_its_worker_is_quarantined_and_the_rest_goes_on(folder, prealign):
    recipe = prepared(folder, engine="tests.e2e.deadly", settings="")
    path = folder / "documents" / "all.jsonl"
    path.write_text(path.read_text().replace("meadow13", "zyxomma", 1))

    done = json.loads(prealign("build", recipe, "--json").stdout)

    assert done["documents"]["quarantined"] == {"worker_died": 1}
    assert sum(done["documents"]["accepted"].values()) == 39


def test_a_document_that_waits_is_pending_until_its_answer_is_there(folder, prealign):
    recipe = prepared(folder, engine="tests.e2e.later", settings='path = "there"')
    path = folder / "documents" / "all.jsonl"
    path.write_text(path.read_text().replace("meadow13", "zyxomma", 1))

    waiting = prealign("build", recipe, "--json")
    standing = json.loads(prealign("status", recipe, "--json").stdout)
    (folder / "there").write_text("now")
    done = json.loads(prealign("build", recipe, "--json").stdout)

    assert waiting.returncode == 2
    assert json.loads(waiting.stdout)["documents"]["pending"] == {"waiting": 1}
    assert json.loads(waiting.stdout)["version"] is None
    assert standing["documents"]["pending"] == {"unit_under_way": 8}
    assert sum(done["documents"]["accepted"].values()) == 40
    assert (done["resumed"], done["asked"]) == (4, 1)
