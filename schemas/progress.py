"""What a running build leaves in its corpus folder for others to see: who works, and how far."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class BuildLock(BaseModel):
    """Who builds in a corpus folder.

    Attributes:
        format: Of this file.
        host: The machine's name.
        space: The machine's boot and the process numbers that ``process`` is one of: host names
            are not unique, and containers have numbers of their own. Empty where neither is known.
        process: The process.
        begun: When that process began, since numbers are used again: in clock ticks since the
            machine's start, and in seconds since 1970 where ``space`` is empty.
        since: When it took the lock.
        beat: When it was last known to live, in seconds since 1970.
        ended: Whether it has given the lock back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    host: str
    space: str
    process: int
    begun: float
    since: str
    beat: float
    ended: bool = False


class StageProgress(BaseModel):
    """How far a stage is.

    Attributes:
        name: Of the stage.
        begun: When it began, in seconds since 1970.
        ended: When it ended, or None.
        done: How many are done: units planned, documents removed, documents worked on, shards.
        kept: How many of them were done before this build.
        total: How many there are, or None if that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    begun: float
    ended: float | None = None
    done: int = 0
    kept: int = 0
    total: int | None = None

    def rate(self, now: float) -> float | None:
        """Return how many are done a second, those done before left out; None if none is yet."""
        elapsed = (self.ended or now) - self.begun
        new = self.done - self.kept
        return new / elapsed if new > 0 and elapsed > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """Return how long the rest will take at this rate, or None if nobody can say."""
        rate = self.rate(now)
        if rate is None or self.total is None or self.ended is not None:
            return None
        return max(0, self.total - self.done) / rate


class Progress(BaseModel):
    """How far the newest build is, stage by stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    stages: tuple[StageProgress, ...] = ()
