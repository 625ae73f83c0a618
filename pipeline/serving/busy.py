"""Whose the engine's time was, when many are answered at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Share:
    """What fell to one request, in seconds; final when its block has ended."""

    seconds: float = 0.0


class BusyTime:
    """Divides each moment evenly among the requests that are under way in it.

    So the shares of all requests add up to the time in which there was any, and what a document
    cost can be told however many others were answered beside it. (This is the virtual time of
    processor sharing; keeping it costs the same for one request as for a thousand.)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way = 0
        self._looked = 0.0
        self._each = 0.0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Yield the share of a request that is under way while the block runs."""
        share = Share()
        begun = self._elapsed()
        self._under_way += 1
        try:
            yield share
        finally:
            share.seconds = self._elapsed() - begun
            self._under_way -= 1

    def _elapsed(self) -> float:
        """Return the seconds that a request would have got that was under way from the start."""
        now = self._clock()
        if self._under_way:
            self._each += (now - self._looked) / self._under_way
        self._looked = now
        return self._each
