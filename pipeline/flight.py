"""How many documents are under way at once.

Enough to keep the engines busy, and no more than their prefix caches hold: a document whose
first pages have been pushed out of the cache before its reviews are asked is read seven times.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.engines import Capacity

# Of what an engine can hold, since the estimate of a document is one.
_FILLED = 0.9


class Flight:
    """Seats for documents, given in the order in which they are asked for."""

    def __init__(self, capacity: Capacity) -> None:
        """Open as many seats as the engines can make use of.

        Args:
            capacity: Of all engines together: one document for each request that they can answer
                at once, since each has one under way at least.
        """
        self.documents = capacity.requests
        self._tokens = None if capacity.tokens is None else int(capacity.tokens * _FILLED)
        self._seated = 0
        self._weight = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def seat(self, tokens: int) -> AsyncIterator[None]:
        """Hold a seat for a document of about so many tokens, once there is one."""
        if self._waiting or not self._has_room(tokens):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((tokens, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave(tokens)
                raise
        else:
            self._take(tokens)
        try:
            yield
        finally:
            self._leave(tokens)

    def _has_room(self, tokens: int) -> bool:
        if not self._seated:
            # One that is larger than all there is goes alone.
            return True
        fits = self._tokens is None or self._weight + tokens <= self._tokens
        return fits and self._seated < self.documents

    def _take(self, tokens: int) -> None:
        self._seated += 1
        self._weight += tokens

    def _leave(self, tokens: int) -> None:
        self._seated -= 1
        self._weight -= tokens
        while self._waiting and self._has_room(self._waiting[0][0]):
            weight, turn = self._waiting.popleft()
            if not turn.done():
                self._take(weight)
                turn.set_result(None)
