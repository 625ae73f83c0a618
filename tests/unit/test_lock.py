"""One build at a time: the second is told who the first is, and a lock left behind is cleared."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline import lock
from pipeline.lock import build_lock, check_free, holder
from pipeline.store import Folder
from schemas.errors import BusyError, StorageError
from tests.conftest import ROOT
from tests.waiting import wait_for

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="others have no /proc")

BUILD = """
import sys
from pathlib import Path
from pipeline.lock import build_lock
from pipeline.store import Folder
from schemas.errors import BusyError

if Path("/proc/self/comm").exists():
    Path("/proc/self/comm").write_text("a) Z 1 (b) Z")
sys.stdin.readline()
try:
    with build_lock(Folder(sys.argv[1]), lambda _: None):
        print("took", flush=True)
        sys.stdin.readline()
except BusyError:
    print("refused", flush=True)
"""


@pytest.fixture
def corpus(tmp_path):
    return Folder(str(tmp_path))


@pytest.fixture
def quick(monkeypatch):
    """Let hearts beat faster."""
    monkeypatch.setattr(lock, "_BEAT_S", 0.04)


@pytest.fixture
def build(corpus):
    """Start another process that builds in the corpus as soon as it reads a line."""
    started = []

    def start():
        process = subprocess.Popen([sys.executable, "-c", BUILD, str(corpus)], cwd=ROOT, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def other(build):
    """Another process that holds the lock."""
    process = build()
    go(process)
    assert process.stdout.readline() == "took\n"
    return process


def go(process):
    print("go", file=process.stdin, flush=True)


def written(corpus, number=1, **changes):
    """Write the lock of another build, like one of our own but for the changes."""
    other = lock._mine().model_copy(update=changes)
    (corpus / "lock").write(f"{number:06d}.json", other.model_dump_json().encode())
    return other


def gone():
    """Return the number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_second_build_is_refused_and_told_who_the_first_is(corpus, other):
    with pytest.raises(BusyError) as caught, build_lock(corpus, print):
        pass

    assert f"process {other.pid} on {os.uname().nodename}, since 20" in str(caught.value)
    assert str(corpus) in str(caught.value)
    assert caught.value.exit_code == 2


@ON_LINUX
def test_a_clock_that_is_set_leaves_a_living_holder_alive(corpus, other, monkeypatch):
    before = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: before(self) + 3600)

    assert holder(corpus).process == other.pid


def test_a_holder_is_found_without_proc_as_well(corpus, monkeypatch):
    monkeypatch.setattr(lock, "Path", lambda path: Path(f"/nowhere{path}"))
    child = subprocess.Popen(["sleep", "60"])
    mine = written(corpus, process=child.pid, begun=psutil.Process(child.pid).create_time())

    before = holder(corpus)
    child.kill()
    child.wait()

    assert mine.space == ""
    assert before == mine
    assert holder(corpus) is None


def test_the_process_that_holds_a_lock_holds_it_still_whatever_stands_on_disk(corpus):
    with build_lock(corpus, print):
        with build_lock(corpus, print):
            pass
        between = holder(corpus)
        (corpus / "lock").remove("000001.json")
        with build_lock(corpus, print):
            names = (corpus / "lock").names()

    assert between.process == os.getpid()
    assert names == []
    assert holder(corpus) is None


def test_a_lock_is_given_back_at_the_end_also_when_the_build_fails(corpus):
    with pytest.raises(ZeroDivisionError), build_lock(corpus, print):
        raise ZeroDivisionError

    check_free(corpus)


def refused(*_):
    raise StorageError("no space left on device")


def test_a_lock_is_given_back_on_a_full_disk(corpus, monkeypatch):
    with build_lock(corpus, print):
        monkeypatch.setattr(Folder, "write", refused)

    assert (corpus / "lock").names() == []


def test_a_lock_that_cannot_be_given_back_is_no_failure_of_the_build(corpus, monkeypatch):
    with build_lock(corpus, print):
        monkeypatch.setattr(Folder, "write", refused)
        monkeypatch.setattr(Folder, "remove", refused)

    assert (corpus / "lock").names() == ["000001.json"]


def test_a_lock_whose_process_is_gone_is_explained_and_cleared(corpus, other):
    other.kill()
    told = []

    # It has ended, but nobody has waited for it.
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    with build_lock(corpus, told.append):
        assert holder(corpus).process == os.getpid()

    assert len(told) == 1
    assert f"process {other.pid} on " in told[0]
    assert "that process is gone, so it was cleared" in told[0]


def test_a_process_number_that_was_used_again_is_another_process(corpus):
    written(corpus, begun=lock._mine().begun - 360_000)

    assert holder(corpus) is None


@ON_LINUX
def test_a_machine_with_the_same_name_is_another_machine(corpus):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # The first space of numbers has the same name on every Linux.
    space = lock._space().replace(boot, "another boot")

    other = written(corpus, process=gone(), space=space)

    assert holder(corpus) == other


@pytest.mark.parametrize("seconds", [-110, 110])
def test_a_process_of_another_machine_is_believed_while_it_is_heard_of(corpus, seconds):
    written(corpus, host="elsewhere", process=1, beat=time.time() + seconds)

    with pytest.raises(BusyError, match="process 1 on elsewhere"):
        check_free(corpus)
    with pytest.raises(BusyError, match="process 1 on elsewhere"), build_lock(corpus, print):
        pass


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_silent_process_of_another_machine_is_watched_and_cleared(corpus, quick, seconds):
    written(corpus, host="elsewhere", process=1, beat=time.time() + seconds)
    told = []

    check_free(corpus)
    with build_lock(corpus, told.append):
        assert holder(corpus).process == os.getpid()

    assert [line.count("\n") for line in told] == [0, 0]
    assert "process 1 on elsewhere" in told[0]
    assert "waiting 0 s for a sign of life" in told[0]
    assert "nothing was heard of it for 0 s, so it was cleared" in told[1]


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_process_of_another_machine_with_a_wrong_clock_is_left_alone(corpus, quick, seconds):
    other = written(corpus, host="elsewhere", process=1, beat=time.time() + seconds)
    told = []

    def beat(line):
        told.append(line)
        written(corpus, host="elsewhere", process=1, beat=other.beat + 10)

    with pytest.raises(BusyError, match="process 1 on elsewhere"), build_lock(corpus, beat):
        pass

    assert len(told) == 1


def test_of_many_who_find_a_stale_lock_exactly_one_goes_on(corpus, build):
    written(corpus, process=gone())
    racers = [build() for _ in range(6)]
    for racer in racers:
        go(racer)

    said = [racer.stdout.readline().strip() for racer in racers]

    assert sorted(said) == ["refused"] * 5 + ["took"]


def test_who_is_overtaken_while_taking_a_lock_begins_again(corpus, monkeypatch):
    create = Folder.create

    def overtaken(folder, name, data):
        written(corpus, number=3, host="elsewhere", process=1)
        return create(folder, name, data)

    monkeypatch.setattr(Folder, "create", overtaken)
    with pytest.raises(BusyError, match="process 1 on elsewhere"), build_lock(corpus, print):
        pass

    assert (corpus / "lock").names() == ["000003.json"]


def test_a_build_whose_lock_was_taken_says_so_and_stops(corpus, quick):
    told = []

    def build():
        with build_lock(corpus, told.append):
            written(corpus, number=2, host="elsewhere")
            wait_for(lambda: False)

    with pytest.raises(KeyboardInterrupt):
        build()

    assert told == [f"another build has taken {corpus}/lock from this one, which stops"]
    assert holder(corpus).host == "elsewhere"


def test_a_lock_that_has_vanished_is_written_again(corpus, quick):
    with build_lock(corpus, print):
        (corpus / "lock").remove("000001.json")
        wait_for(lambda: holder(corpus))

        assert holder(corpus).process == os.getpid()


def test_a_lock_of_another_format_holds(corpus):
    (corpus / "lock").write("000004.json", b'{"format": 2}')

    with pytest.raises(BusyError, match=r"000004\.json cannot be read") as caught:
        check_free(corpus)
    with pytest.raises(BusyError), build_lock(corpus, print):
        pass

    assert caught.value.hint == f"if no build runs there, delete {corpus}/lock"
