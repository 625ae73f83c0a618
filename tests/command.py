"""The command line, run inside the test's own process: a second where a new one takes three."""

import signal

from typer.testing import CliRunner, Result

from flows.cli import app


def prealign(*arguments: object) -> Result:
    """Return what a command has printed; a PipelineError goes through to the test."""
    # A command lets a closed pipe end the program; that must not outlive it here.
    before = signal.getsignal(signal.SIGPIPE)
    try:
        return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    finally:
        signal.signal(signal.SIGPIPE, before)
