"""Progress for people: a bar per stage on a terminal, plain lines elsewhere, a file for others."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from flows.document_view import visible_line
from flows.log import event
from flows.said import duration
from pipeline.corpus.status import PROGRESS
from pipeline.store import Folder
from schemas.errors import StorageError
from schemas.progress import Progress as Standing
from schemas.progress import StageProgress

# A line in a log file every half minute; the file for `prealign status` is read more often, but
# on an object store each write is a request.
_LINE_EVERY_S = 30.0
_FILE_EVERY_S = 1.0
_REMOTE_FILE_EVERY_S = 5.0


class Advance(Protocol):
    """Is told how many more are done, and how many of them were done before this build."""

    def __call__(self, more: int, *, kept: int = 0) -> None:
        """Count them."""


class Stages:
    """Tells how far each stage is: on standard error unless ``quiet``, and in a file."""

    def __init__(self, corpus: Folder, *, quiet: bool) -> None:
        self._corpus = corpus
        self._console = Console(stderr=True, highlight=False)
        self._quiet = quiet
        self._past: list[StageProgress] = []
        self._written = 0.0

    def tell(self, what: str) -> None:
        """Say something about the build as a whole."""
        event("note", what=what)
        if not self._quiet:
            self._console.print(Text(f"  {visible_line(what)}"), soft_wrap=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Yield a function that is told how many more are done, while the stage runs."""
        stage = StageProgress(name=name, begun=time.time(), total=total)
        self._write(stage)
        spoken = time.monotonic()
        with self._bar(stage) as bar:

            def advance(more: int, *, kept: int = 0) -> None:
                nonlocal stage, spoken
                update = {"done": stage.done + more, "kept": stage.kept + kept}
                stage = stage.model_copy(update=update)
                self._write_in_time(stage)
                if bar:
                    bar[0].update(bar[1], completed=stage.done, pace=pace(stage))
                elif time.monotonic() - spoken > _LINE_EVERY_S:
                    spoken = time.monotonic()
                    self._say(stage)

            yield advance
        stage = stage.model_copy(update={"ended": time.time()})
        self._past.append(stage)
        self._write(None)
        self._say(stage)

    @contextmanager
    def _bar(self, stage: StageProgress) -> Iterator[tuple[Progress, TaskID] | None]:
        if self._quiet or not (self._console.is_terminal and sys.stderr.isatty()):
            yield None
            return
        columns = (
            TextColumn("  {task.description:<18}"),
            BarColumn(bar_width=30, complete_style="green", finished_style="green"),
            TextColumn("{task.fields[pace]}"),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            yield bar, bar.add_task(stage.name, total=stage.total, pace="")

    def _write_in_time(self, stage: StageProgress) -> None:
        every = _FILE_EVERY_S if self._corpus.is_local else _REMOTE_FILE_EVERY_S
        if time.monotonic() - self._written > every:
            self._write(stage)

    def _write(self, stage: StageProgress | None) -> None:
        """Write down where the build stands; what goes wrong here goes wrong elsewhere as well."""
        self._written = time.monotonic()
        stages = (*self._past, stage) if stage else tuple(self._past)
        with suppress(StorageError):
            data = Standing(stages=stages).model_dump_json(indent=1) + "\n"
            self._corpus.write(PROGRESS, data.encode())

    def _say(self, stage: StageProgress) -> None:
        if self._quiet:
            return
        if stage.ended is None:
            self._console.print(f"  {stage.name:<18}{pace(stage)}")
            return
        count = f"{stage.done:>11,}" if stage.done else " " * 11
        self._console.print(f"  {stage.name:<18}{count}  {stage.ended - stage.begun:6.1f} s")


def pace(stage: StageProgress, now: float | None = None) -> str:
    """Return how far a stage is, how fast it is and how long it will take, as far as is known."""
    now = now or time.time()
    said = [f"{stage.done:,}" if stage.total is None else f"{stage.done:,} of {stage.total:,}"]
    rate, left = stage.rate(now), stage.seconds_left(now)
    if rate is not None:
        said.append(f"{rate:,.1f}/s" if rate < 100 else f"{rate:,.0f}/s")
    if left is not None:
        said.append(f"{duration(left)} left")
    return ", ".join(said)
