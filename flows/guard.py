"""However a build ends, nothing of it stays behind: not its processes, not a hanging terminal."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import get_current_settings

# Long enough for Prefect to note the end of the run, if its server can still be reached.
_GRACE_S = 5.0


def end_server_with_us() -> None:
    """Start a process that waits for this one's end and then ends Prefect's temporary server.

    Prefect stops it at exit, and a killed process has no exit: the server would run on for ever
    and hold the terminal open. Does nothing where a Prefect server of the user's own is in use.
    """
    if get_current_settings().api.url:
        return
    # Seconds to import, and nobody else wants it.
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer().server_process
    if server is None:
        return
    # The pipe closes when this process is gone, killed or not; nobody inherits its other end.
    subprocess.Popen(
        ["sh", "-c", 'cat >/dev/null; kill "$0" 2>/dev/null', str(server.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def stops_at_once() -> Iterator[None]:
    """Let Ctrl-C end the program within seconds, with exit status 130 and a word on what to do.

    A terminal sends Ctrl-C to Prefect's temporary server as well, and without it Prefect would
    try for a minute to report the end. Answers are on disk within a second of being given, so there
    is nothing to wait for.
    """
    interrupted = threading.Event()

    def stop() -> None:
        sys.stderr.write("stopped; the same command continues\n")
        sys.stderr.flush()
        os._exit(130)

    def on_interrupt(_signal: int, _frame: object) -> None:
        if interrupted.is_set():
            return
        interrupted.set()
        sys.stderr.write("stopping …\n")
        late = threading.Timer(_GRACE_S, stop)
        late.daemon = True
        late.start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        # Whatever came of the interruption, also an error on the way out, was asked for.
        if interrupted.is_set():
            stop()
        signal.signal(signal.SIGINT, before)
