"""Waiting for what other processes and threads do."""

import time


def wait_for(condition, seconds=90):
    """Wait until a condition holds.

    Nothing tells us of another process's files and ports, so they are looked at again and again.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
