"""Who comes while a build runs: another build, another terminal, a file that changes."""

import json
import os
import pty
import signal
import subprocess

import pytest

from tests.conftest import BAD_DEED, plain_text, write_documents, write_recipe
from tests.e2e.conftest import PREALIGN
from tests.e2e.test_kill import prepared
from tests.waiting import LONG, wait_for

pytestmark = pytest.mark.e2e


def manifests(folder):
    return list((folder / "corpus" / "units").rglob("manifest.json"))


def test_a_second_build_is_refused_and_a_lock_left_behind_is_cleared(folder, start, prealign):
    recipe = prepared(folder, seconds=2)
    process = start("build", recipe)
    wait_for(lambda: len(manifests(folder)) > 1, process)

    second = prealign("build", recipe)
    watched = json.loads(prealign("status", recipe, "--json").stdout)
    seen = prealign("status", folder / "corpus")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    third = prealign("build", recipe, "--set", "engines.rules.seconds=0")

    assert second.returncode == 2
    assert f"is at work in {folder}/corpus: process {process.pid} on " in second.stderr
    assert ", since 20" in second.stderr
    assert watched["holder"]["process"] == process.pid
    rewrite = watched["stages"][-1]
    assert rewrite["name"] == "rewrite"
    assert rewrite["total"] == 40
    assert 8 <= rewrite["done"] < 40
    assert watched["documents"]["pending"]["unit_under_way"] >= 8
    assert watched["questions"]["screen"]["read"] > 0
    assert f"process {process.pid} on " in seen.stdout
    assert "under way" in seen.stdout
    assert "/s, " in seen.stdout
    assert " left" in seen.stdout
    assert third.returncode == 0, third.stderr
    assert "had left its lock behind; that process is gone, so it was cleared" in third.stderr


def test_a_file_that_changes_while_the_build_runs_is_planned_anew(folder, start, prealign):
    recipe = prepared(folder)
    changed = [{"id": f"new{i}", "text": plain_text(100 + i)} for i in range(10)]
    write_documents(folder, [{"id": "other", "text": BAD_DEED}], "zz.jsonl")

    process = start("build", recipe, "--json", "--set", "corpus.unit_rows=2")
    wait_for(lambda: len(manifests(folder)) > 1, process)
    write_documents(folder, changed)
    said, noise = process.communicate(timeout=LONG)

    assert process.returncode == 0, noise
    found = json.loads(said)
    assert found["documents"] == {"accepted": {"as_drafted": 1, "verbatim": 10}}
    sample = prealign("sample", recipe, "-n", "20", "--json")
    assert {row["id"] for row in json.loads(sample.stdout)} == {
        "made/other",
        *(f"made/new{i}" for i in range(10)),
    }


def test_a_file_that_vanishes_while_the_build_runs_is_told_of(folder, start):
    recipe = prepared(folder)
    write_documents(folder, [{"id": "other", "text": BAD_DEED}], "zz.jsonl")

    process = start("build", recipe, "--set", "corpus.unit_rows=2")
    wait_for(lambda: len(manifests(folder)) > 1, process)
    (folder / "documents" / "all.jsonl").unlink()
    said, noise = process.communicate(timeout=LONG)

    assert process.returncode == 0, noise
    assert "made/all.jsonl has vanished since this build was planned; planned anew" in noise
    assert "in = out" in said


def test_a_document_that_killed_its_worker_is_listed_shown_and_tried_again(folder, prealign):
    texts = [plain_text(i) for i in range(6)]
    rows = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    rows[4]["text"] += " Then zyxomma came."
    write_documents(folder, rows)
    recipe = write_recipe(
        folder, unit_rows=3, engine="tests.e2e.deadly", engine_settings=f'path = "{folder}/mended"'
    )

    broken = prealign("build", recipe, "--json")
    listed = prealign("status", recipe)
    shown = prealign("show", recipe, "made/4")
    (folder / "mended").write_text("")
    again = prealign("retry", recipe, "--outcome", "quarantined", "--json")

    assert json.loads(broken.stdout)["documents"]["quarantined"] == {"worker_died": 1}
    assert "quarantined: worker_died" in listed.stdout
    assert f"look: prealign show {recipe} made/4" in listed.stdout
    assert "quarantined, worker_died" in shown.stdout
    assert json.loads(again.stdout)["documents"] == {"accepted": {"verbatim": 6}}
    assert json.loads(again.stdout)["asked"] == 1


def test_samples_and_retries_of_nothing_say_what_there_is(demo, prealign):
    recipe = demo / "examples/demo.toml"

    sample = prealign("sample", recipe, "--outcome", "rejected", "--reason", "fidelity", "-n", "20")
    retry = prealign("retry", recipe, "--outcome", "quarantined")
    which = prealign("retry", recipe)
    wrong = prealign("sample", recipe, "--outcome", "acepted")

    assert (sample.returncode, retry.returncode) == (2, 2)
    assert "no finished document has outcome rejected, reason fidelity" in sample.stderr
    assert "There are accepted/as_drafted" in sample.stderr
    assert "no finished document has outcome quarantined" in retry.stderr
    assert which.returncode == wrong.returncode == 2
    assert "--outcome" in which.stderr
    assert "'accepted'" in wrong.stderr


def test_a_document_is_shown_with_its_voices_notes_and_answers(demo, prealign):
    recipe, name = demo / "examples/demo.toml", "everyday/review-tape-gun-rival"

    said = prealign("show", recipe, name).stdout
    data = json.loads(prealign("show", demo / "work/demo", name, "--json").stdout)
    unknown = prealign("show", recipe, "everyday/no-such-thing")

    assert "accepted, revised" in said
    assert "<AI>" in said
    assert "coverage/too_late (sentence 18)" in said
    assert "draft/commentary · draw 0 · recorded:the makers of the demo" in said
    assert {a["question"] for a in data["answers"]} >= {"screen", "draft/commentary"}
    assert unknown.returncode == 2
    assert "no finished unit holds a document called 'everyday/no-such-thing'" in unknown.stderr


def test_colours_are_given_to_terminals_alone_and_never_against_no_color(demo, environment):
    def on_a_terminal(**variables):
        near, far = pty.openpty()
        command = [PREALIGN, "show", demo / "work/demo", "everyday/review-tape-gun-rival"]
        env = environment | {"TERM": "xterm-256color"} | variables
        done = subprocess.Popen(command, env=env, stdout=far, stderr=far)
        os.close(far)
        said = b""
        try:
            while data := os.read(near, 1 << 16):
                said += data
        except OSError:
            # So a terminal's end is told on Linux.
            pass
        done.wait()
        os.close(near)
        return said

    assert b"\x1b[1;32m" in on_a_terminal()
    assert b"\x1b[1;32m" not in on_a_terminal(NO_COLOR="1")


def test_the_shell_completes_commands_and_outcomes(environment, prealign):
    def completed(*words):
        env = environment | {
            "_PREALIGN_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["prealign", *words]),
            "COMP_CWORD": str(len(words)),
        }
        done = subprocess.run([PREALIGN], env=env, capture_output=True, text=True, check=False)
        return done.stdout.split()

    assert {"status", "show", "sample"} <= set(completed("s"))
    assert completed("sample", "r.toml", "--outcome", "q") == ["quarantined"]
    assert "--install-completion" in prealign("--help").stdout
