"""Numbers, times and paths as people say them."""

import time
from pathlib import Path

import psutil


def counted(number: int, noun: str) -> str:
    """Return a number and what it counts, in the plural unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a time in its two largest units, such as ``45 s`` or ``5 h 10 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join([f"{number:,} {unit}" for number, unit in parts if number][:2]) or "0 s"


def since_start() -> float:
    """Return for how many seconds this process has run, its imports and all."""
    begun = float(psutil.Process().create_time())
    return max(0.0, time.time() - begun)


def shown_path(path: str) -> str:
    """Return a path as short as it can be written from here; URLs stay as they are."""
    here = f"{Path.cwd()}/"
    return path.removeprefix(here)
