"""One build at a time in a corpus folder; the second is told who the first is.

Locks are numbered files that are created once and never made anew, so that of two who find a
stale one exactly one goes on. The newest counts. A holder that is killed leaves its lock behind:
on the same machine it is stale when its process is gone. A holder elsewhere is believed while
its clock and ours agree that it was heard of; else its lock is watched for a while before it
is taken, because clocks differ. A build whose lock was taken nevertheless stops itself.
"""

import _thread
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from pydantic import ValidationError

from pipeline.store import Folder
from schemas.errors import BusyError, StorageError
from schemas.progress import BuildLock

_BEAT_S = 10.0
_SILENT_S = 120.0
# Long enough for two beats, one of which may be late.
_WATCHED_BEATS = 2.5
# Where psutil tells a start time, it follows the machine's clock, which may be set right; ticks do
# not, but 60 of them are less than a second. Numbers come back after hours.
_SAME = 60
_ENDED = "it has ended"

# The locks that this process holds, by folder.
_held: dict[str, str] = {}


@contextmanager
def build_lock(corpus: Folder, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a corpus folder's lock while the block runs; the process that holds it holds it still.

    If another build takes it meanwhile, the main thread is interrupted as by Ctrl-C.

    Args:
        corpus: The folder.
        tell: Told when a lock is watched, when a stale one was cleared, and when ours was taken.

    Raises:
        BusyError: Another build holds it.
        StorageError: The folder cannot be written.
    """
    folder = corpus / "lock"
    if str(folder) in _held:
        # The command line takes it before Prefect is started, the flow for those who start that.
        yield
        return
    name, mine = _taken(folder, tell)
    _held[str(folder)] = name
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(folder, name, mine, stop, tell), daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join()
        del _held[str(folder)]
        _release(folder, name, mine)


def holder(corpus: Folder) -> BuildLock | None:
    """Return the lock of the build that is at work in a corpus folder, or None if none is.

    Does not wait: a holder on another machine counts if it was heard of within two minutes.

    Raises:
        BusyError: The lock cannot be read.
    """
    _, lock = _newest(corpus / "lock")
    if lock is None or lock.ended:
        return None
    return lock if (_lives(lock) if _is_here(lock) else _is_heard_of(lock)) else None


def check_free(corpus: Folder) -> None:
    """Check, without waiting, that no build is at work in a corpus folder.

    Raises:
        BusyError: One is; the message says which.
    """
    lock = holder(corpus)
    if lock:
        raise _busy(corpus / "lock", lock)


def described(lock: BuildLock) -> str:
    """Return who holds a lock, for people."""
    return f"process {lock.process} on {lock.host}, at work since {lock.since},"


def _taken(folder: Folder, tell: Callable[[str], None]) -> tuple[str, BuildLock]:
    while True:
        number, lock = _newest(folder)
        stale = _stale(folder, lock, tell) if lock else _ENDED
        name, mine = f"{number + 1:06d}.json", _mine()
        if not folder.create(name, _encoded(mine)):
            continue
        if _number(folder) > number + 1:
            # Others took that number and gave it back since we looked; a later one counts.
            folder.remove(name)
            continue
        if lock and stale != _ENDED:
            tell(f"{described(lock)} had left its lock behind; {stale}, so it was cleared")
        for old in folder.names():
            if old < name:
                folder.remove(old)
        return name, mine


def _stale(folder: Folder, lock: BuildLock, tell: Callable[[str], None]) -> str:
    """Return why a lock no longer holds.

    Raises:
        BusyError: It does.
    """
    if lock.ended:
        return _ENDED
    if _is_here(lock):
        if _lives(lock):
            raise _busy(folder, lock)
        return "that process is gone"
    if _is_heard_of(lock):
        raise _busy(folder, lock)
    return _watched(folder, lock, tell)


def _watched(folder: Folder, lock: BuildLock, tell: Callable[[str], None]) -> str:
    """Wait for a sign of life; return that there was none, by our clock alone.

    Raises:
        BusyError: There was one.
    """
    wait = _WATCHED_BEATS * _BEAT_S
    tell(
        f"{described(lock)} seems to have stopped, unless its clock is wrong; "
        f"waiting {wait:.0f} s for a sign of life"
    )
    until = time.monotonic() + wait
    while time.monotonic() < until:
        # A store tells nobody of what is written in it.
        time.sleep(_BEAT_S / 4)
        _, now = _newest(folder)
        if now and now != lock and not now.ended:
            raise _busy(folder, now)
        if now != lock:
            return _ENDED
    return f"nothing was heard of it for {wait:.0f} s"


def _busy(folder: Folder, lock: BuildLock) -> BusyError:
    return BusyError(
        f"another build is at work in {str(folder).rpartition('/')[0]}: process {lock.process} on "
        f"{lock.host}, since {lock.since}",
        hint="wait for it, or stop it; `prealign status` shows how far it is. If you know that it "
        f"is dead, delete {folder}",
    )


def _newest(folder: Folder) -> tuple[int, BuildLock | None]:
    """Return the highest number and its lock; 0 and None if there is no lock.

    Raises:
        BusyError: It cannot be read, so another prealign wrote it: files are never cut off.
    """
    number = _number(folder)
    data = folder.read(f"{number:06d}.json") if number else None
    if data is None:
        # Removed while we looked, as is done once there is a newer one.
        return (number, None) if number == _number(folder) else _newest(folder)
    try:
        return number, BuildLock.model_validate_json(data)
    except ValidationError as error:
        raise BusyError(
            f"{folder}/{number:06d}.json cannot be read; a build by another version may be "
            "at work there",
            hint=f"if no build runs there, delete {folder}",
        ) from error


def _number(folder: Folder) -> int:
    return max((int(name[:-5]) for name in folder.names() if name[:-5].isdecimal()), default=0)


def _is_here(lock: BuildLock) -> bool:
    return (lock.host, lock.space) == (socket.gethostname(), _space())


def _is_heard_of(lock: BuildLock) -> bool:
    return abs(time.time() - lock.beat) <= _SILENT_S


def _lives(lock: BuildLock) -> bool:
    try:
        begun = _begun(lock.process)
    except (PermissionError, psutil.AccessDenied):
        return True
    return begun is not None and abs(begun - lock.begun) < _SAME


def _begun(process: int) -> float | None:
    """Return when a process began, as in ``BuildLock.begun``, or None if it is gone.

    ``/proc/PID/stat`` is described in proc_pid_stat(5): field 3 is the state, field 22 the start.
    """
    try:
        if not Path("/proc/self/stat").exists():
            found = psutil.Process(process)
            return None if found.status() == psutil.STATUS_ZOMBIE else found.create_time()
        # The second field is the program's name, which may itself hold blanks and brackets.
        _, _, fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None
    state, *rest = fields.split()
    return None if state in "ZX" else float(rest[18])


def _mine() -> BuildLock:
    return BuildLock(
        host=socket.gethostname(),
        space=_space(),
        process=os.getpid(),
        begun=_begun(os.getpid()) or 0.0,
        since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        beat=time.time(),
    )


def _space() -> str:
    boot, numbers = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    try:
        return f"{boot.read_text().strip()} {numbers.readlink()}"
    except OSError:
        return ""


def _beat(
    folder: Folder,
    name: str,
    mine: BuildLock,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    while not stop.wait(_BEAT_S):
        # The build itself will meet the same fault of the store, and says so.
        with suppress(StorageError):
            if _number(folder) > int(name[:-5]):
                tell(f"another build has taken {folder} from this one, which stops")
                _thread.interrupt_main()
                return
            folder.write(name, _encoded(mine.model_copy(update={"beat": time.time()})))


def _release(folder: Folder, name: str, mine: BuildLock) -> None:
    # If neither can be done the lock is stale as soon as this process ends.
    with suppress(StorageError):
        try:
            folder.write(name, _encoded(mine.model_copy(update={"ended": True})))
        except StorageError:
            # A full disk takes no more bytes, but files can be removed from it.
            folder.remove(name)


def _encoded(lock: BuildLock) -> bytes:
    return (lock.model_dump_json(indent=1) + "\n").encode()
