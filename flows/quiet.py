"""Settings of Prefect and Ray that a quiet program wants.

Whoever sets one of these himself keeps what he set.
"""

import os

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
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
