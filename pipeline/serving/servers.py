"""Servers that serve the same: which of them a document is asked of, and which are down."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.draws import preference

# How long a server that could not be reached is asked only if no other can be.
_DOWN_S = 30.0


@dataclass
class Server:
    """What is known of one server.

    Attributes:
        url: Its base URL.
        free: As many as may be under way at once.
        longest: Tokens of its context, if it tells.
        down_until: Until when it is the last to be asked.
        answered_at: When it last gave an answer; below 0 if it never has.
    """

    url: str
    free: asyncio.Semaphore
    longest: int | None = None
    down_until: float = 0.0
    answered_at: float = -1.0

    def went_down(self) -> None:
        """Ask others first for a while."""
        self.down_until = time.monotonic() + _DOWN_S


def preferred(servers: Sequence[Server], document: str) -> Server:
    """Return the server that a document prefers, of those that are up if any is.

    Args:
        servers: At least one.
        document: Its id: as long as its server is up, a document keeps to it and to its cache.
    """
    now = time.monotonic()
    named = {server.url: server for server in servers}
    order = [named[url] for url in preference(tuple(named), document)]
    up = (server for server in order if server.down_until <= now)
    return next(up, min(order, key=lambda server: server.down_until))
