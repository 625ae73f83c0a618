"""Prefect's temporary server ends with the build, however the build ends.

Prefect stops it at exit, and a killed process has no exit: the server would run on
for ever, and hold the terminal open.
"""

import subprocess

from prefect.server.api.server import SubprocessASGIServer


def end_server_with_us() -> None:
    """Start a process that waits for this one's end and then ends Prefect's temporary server.

    Does nothing where a Prefect server of the user's own is in use.
    """
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
