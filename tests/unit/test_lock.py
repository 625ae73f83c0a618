"""One build at a time: the second is told who the first is, and a lock left behind is cleared."""

import os
import subprocess
import sys

import psutil
import pytest

from pipeline.lock import build_lock, check_free, holder
from pipeline.store import Folder
from schemas.errors import BusyError
from schemas.progress import BuildLock
from tests.conftest import ROOT


@pytest.fixture
def corpus(tmp_path):
    return Folder(str(tmp_path))


def left_behind(corpus, **changes):
    """Write the lock of another build."""
    with build_lock(corpus, print):
        [name] = (corpus / "lock").names()
        mine = BuildLock.model_validate_json((corpus / "lock").read(name))
    other = mine.model_copy(update={"ended": False, **changes})
    (corpus / "lock").write(name, other.model_dump_json().encode())
    return other


@pytest.fixture
def other():
    """Another process that lives."""
    process = subprocess.Popen(["sleep", "60"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def test_a_second_build_is_refused_and_told_who_the_first_is(corpus, other):
    left_behind(corpus, process=other.pid, begun=other.create_time())

    with pytest.raises(BusyError) as caught, build_lock(corpus, print):
        pass

    assert f"process {other.pid} on {os.uname().nodename}, since 20" in str(caught.value)
    assert str(corpus) in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_process_that_holds_a_lock_holds_it_still(corpus):
    with build_lock(corpus, print):
        with build_lock(corpus, print):
            pass

        assert holder(corpus).process == os.getpid()

    assert holder(corpus) is None


def test_a_lock_is_given_back_at_the_end_also_when_the_build_fails(corpus):
    with pytest.raises(ZeroDivisionError), build_lock(corpus, print):
        raise ZeroDivisionError

    assert holder(corpus) is None
    check_free(corpus)


def test_a_lock_whose_process_is_gone_is_explained_and_cleared(corpus):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    left_behind(corpus, process=int(gone.stdout))
    told = []

    with build_lock(corpus, told.append):
        assert holder(corpus).process == os.getpid()

    assert len(told) == 1
    assert f"process {int(gone.stdout)} on " in told[0]
    assert "that process is gone, so it was cleared" in told[0]


def test_a_process_number_that_was_used_again_is_another_process(corpus):
    left_behind(corpus, begun=psutil.Process().create_time() - 3600)

    assert holder(corpus) is None


def test_a_process_of_another_machine_is_believed_while_it_is_heard_of(corpus):
    other = left_behind(corpus, host="elsewhere", process=1)

    with pytest.raises(BusyError, match="process 1 on elsewhere"):
        check_free(corpus)
    silent = other.model_copy(update={"beat": other.beat - 121})
    (corpus / "lock").write("000001.json", silent.model_dump_json().encode())
    check_free(corpus)


RACER = """
import sys
from pipeline.lock import build_lock
from pipeline.store import Folder
from schemas.errors import BusyError

sys.stdin.readline()
try:
    with build_lock(Folder(sys.argv[1]), lambda _: None):
        print("took", flush=True)
        sys.stdin.readline()
except BusyError:
    print("refused", flush=True)
"""


def test_of_many_who_find_a_stale_lock_exactly_one_goes_on(corpus):
    left_behind(corpus, host="elsewhere", beat=0.0)
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(corpus)], cwd=ROOT, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(6)
    ]  # fmt: skip
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()

    said = [racer.stdout.readline().strip() for racer in racers]
    for racer in racers:
        racer.communicate()

    assert sorted(said) == ["refused"] * 5 + ["took"]


def test_a_lock_that_was_cut_off_by_a_full_disk_holds_nobody_up(corpus):
    (corpus / "lock").write("000004.json", b'{"format": 1, "host"')

    with build_lock(corpus, print):
        assert (corpus / "lock").names() == ["000005.json"]
