"""Waiting for what other processes and threads do."""

import time

# Only ends what hangs: where other tests are at work too, seconds become minutes.
LONG = 400


def wait_for(condition, process=None, seconds=LONG):
    """Wait until a condition holds, and no longer than a process lives that shall bring it about.

    Nothing tells us of another process's files and ports, so they are looked at again and again.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
