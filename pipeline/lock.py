"""One build at a time in a corpus folder; the second is told who the first is.

Locks are numbered files that are created once and never made anew, so that of two who find a
stale one exactly one goes on. The newest counts. A holder that is killed leaves its lock behind:
on the same machine it is stale when its process is gone, elsewhere when it has not been
heard of for two minutes.
"""

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
# Start times follow the machine's clock, which may be set right; numbers come back after hours.
_SAME_S = 60.0


@contextmanager
def build_lock(corpus: Folder, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a corpus folder's lock while the block runs; the process that holds it holds it still.

    Args:
        corpus: The folder.
        tell: Told when a stale lock was found and cleared.

    Raises:
        BusyError: Another build holds it.
        StorageError: The folder cannot be written.
    """
    folder = corpus / "lock"
    _, held = _newest(folder)
    if held and not held.ended and _is_mine(held):
        # The command line takes it before Prefect is started, the flow for those who start that.
        yield
        return
    name, mine = _taken(folder, tell)
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(folder, name, mine, stop), daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join()
        # If it cannot be written the lock is stale as soon as this process ends.
        with suppress(StorageError):
            folder.write(name, _encoded(mine.model_copy(update={"ended": True})))


def holder(corpus: Folder) -> BuildLock | None:
    """Return the lock of the build that is at work in a corpus folder, or None if none is."""
    _, lock = _newest(corpus / "lock")
    return None if lock is None or _stale(lock, time.time()) else lock


def check_free(corpus: Folder) -> None:
    """Check that no build is at work in a corpus folder.

    Raises:
        BusyError: One is; the message says which.
    """
    lock = holder(corpus)
    if lock:
        raise _busy(corpus / "lock", lock)


def _taken(folder: Folder, tell: Callable[[str], None]) -> tuple[str, BuildLock]:
    while True:
        number, lock = _newest(folder)
        stale = lock and _stale(lock, time.time())
        if lock and not stale:
            raise _busy(folder, lock)
        name, mine = f"{number + 1:06d}.json", _mine()
        if folder.create(name, _encoded(mine)):
            if stale and stale != _ENDED:
                tell(f"{described(lock)} had left its lock behind; {stale}, so it was cleared")
            for old in folder.names():
                if old < name:
                    folder.remove(old)
            return name, mine


def described(lock: BuildLock | None) -> str:
    """Return who holds a lock, for people."""
    if lock is None:
        return "nobody"
    return f"process {lock.process} on {lock.host}, at work since {lock.since},"


def _busy(folder: Folder, lock: BuildLock) -> BusyError:
    return BusyError(
        f"another build is at work in {str(folder).rpartition('/')[0]}: process {lock.process} on "
        f"{lock.host}, since {lock.since}",
        hint="wait for it, or stop it; `prealign status` shows how far it is. If you know that it "
        f"is dead, delete {folder}",
    )


def _newest(folder: Folder) -> tuple[int, BuildLock | None]:
    numbers = [int(name[:-5]) for name in folder.names() if name[:-5].isdigit()]
    if not numbers:
        return 0, None
    number = max(numbers)
    data = folder.read(f"{number:06d}.json")
    try:
        return number, BuildLock.model_validate_json(data) if data else None
    except ValidationError:
        # Cut off by a disk that was full: nobody holds it.
        return number, None


_ENDED = "it has ended"


def _stale(lock: BuildLock, now: float) -> str:
    """Return why a lock no longer holds, or "" if it does."""
    if lock.ended:
        return _ENDED
    if (lock.host, lock.space) == (socket.gethostname(), _space()):
        return "" if _lives(lock) else "that process is gone"
    silent = now - lock.beat
    return f"nothing was heard of it for {silent:.0f} s" if silent > _SILENT_S else ""


def _lives(lock: BuildLock) -> bool:
    try:
        process = psutil.Process(lock.process)
        is_same = abs(process.create_time() - lock.begun) < _SAME_S
        return bool(is_same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _is_mine(lock: BuildLock) -> bool:
    here = (socket.gethostname(), _space(), os.getpid())
    return (lock.host, lock.space, lock.process) == here and _lives(lock)


def _mine() -> BuildLock:
    return BuildLock(
        host=socket.gethostname(),
        space=_space(),
        process=os.getpid(),
        begun=psutil.Process().create_time(),
        since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        beat=time.time(),
    )


def _space() -> str:
    """Return which process numbers these are: on Linux the namespace, elsewhere the machine's."""
    link = Path("/proc/self/ns/pid")
    return str(link.readlink()) if link.is_symlink() else ""


def _beat(folder: Folder, name: str, mine: BuildLock, stop: threading.Event) -> None:
    while not stop.wait(_BEAT_S):
        try:
            folder.write(name, _encoded(mine.model_copy(update={"beat": time.time()})))
        except StorageError:
            # The build itself will meet the same fault, and says so.
            continue


def _encoded(lock: BuildLock) -> bytes:
    return (lock.model_dump_json(indent=1) + "\n").encode()
