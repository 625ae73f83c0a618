"""Settings of Prefect and Ray that a quiet program wants.

Whoever sets one of these himself keeps what he set.
"""

import os
import tempfile
from pathlib import Path

_DEFAULTS = {
    # No telemetry of any of our dependencies.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Our own lines go to the terminal and the build's log; Prefect keeps states and artifacts.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # A slow machine needs more than the 20 seconds that are the default.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def be_quiet() -> None:
    """Set what nobody has set."""
    if "PREFECT_HOME" not in os.environ and not _can_keep(Path("~/.prefect").expanduser()):
        # As in containers whose user has no home: Prefect would wait for two minutes, and fail.
        os.environ["PREFECT_HOME"] = str(Path(tempfile.gettempdir()) / f"prefect-{os.getuid()}")
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def _can_keep(folder: Path) -> bool:
    """Return whether a folder can be written, or made in one that is there; makes nothing."""
    there = folder if folder.is_dir() else folder.parent
    return there.is_dir() and os.access(there, os.W_OK)
