"""Progress for people: a bar per stage on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]


class Stages:
    """Tells how far each stage is, on standard error; says nothing if ``quiet``."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._quiet = quiet

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Yield a function that is told how many more are done, while the stage runs."""
        begun = time.monotonic()
        if self._quiet:
            yield lambda _: None
            return
        if not (self._console.is_terminal and sys.stderr.isatty()):
            done = 0

            def count(more: int) -> None:
                nonlocal done
                done += more

            yield count
            self._say(name, done, begun)
            return
        columns = (
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(name, total=total)
            yield lambda more: bar.advance(task, more)
            done = int(bar.tasks[0].completed)
        self._say(name, done, begun)

    def _say(self, name: str, done: int, begun: float) -> None:
        count = f"{done:>9,}" if done else " " * 9
        self._console.print(f"  {name:<18}{count}  {time.monotonic() - begun:6.1f} s")
