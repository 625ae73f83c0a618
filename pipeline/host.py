"""A host: one engine in a process of its own, which answers for many workers.

A plain class; that it runs inside a Ray actor is known to pool.py alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from pipeline.engines import Capacity
from pipeline.workshop import open_workshop
from schemas.errors import EngineLostError
from schemas.exchange import Answer, Request
from schemas.recipe import Recipe


class Host:
    """Answers batches of requests; several batches may be under way at once."""

    def __init__(self, recipe: Recipe, name: str, leave: Callable[[], object]) -> None:
        """Open an engine; it is not started yet.

        Args:
            recipe: The recipe.
            name: The engine's name in it.
            leave: Ends this process when the engine has died, so that another takes its place.
        """
        self._engine = open_workshop(recipe).opened[name]
        self._leave = leave
        self._started: asyncio.Task[None] | None = None
        self._under_way = 0
        self._alone = 0
        self._changed = asyncio.Condition()

    async def begin(self, halvings: int) -> Capacity:
        """Start the engine, unless it is started; return what it can do at once.

        Raises:
            EngineError: It cannot be started.
        """
        if self._started is None:
            self._started = asyncio.create_task(self._engine.start(halvings))
        await asyncio.shield(self._started)
        return self._engine.capacity()

    async def answer(
        self, requests: Sequence[Request], *, alone: bool
    ) -> AsyncIterator[tuple[int, Answer]]:
        """Yield answers as they come, each with the number of its request.

        Args:
            requests: What is asked.
            alone: Whether to answer nothing else meanwhile.
        """
        async with self._room(alone=alone):
            tasks = [
                asyncio.create_task(self._numbered(number, request))
                for number, request in enumerate(requests)
            ]
            try:
                for done in asyncio.as_completed(tasks):
                    yield await done
            except EngineLostError:
                self._leave()
                raise
            finally:
                for task in tasks:
                    task.cancel()

    async def _numbered(self, number: int, request: Request) -> tuple[int, Answer]:
        [answer] = await self._engine.answer([request])
        return number, answer

    @asynccontextmanager
    async def _room(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait for room. Who wants to be alone lets those finish who are there, and no other in."""
        async with self._changed:
            if alone:
                await self._changed.wait_for(lambda: not self._alone)
                self._alone = 1
                await self._changed.wait_for(lambda: not self._under_way)
            else:
                await self._changed.wait_for(lambda: not self._alone)
            self._under_way += 1
        try:
            yield
        finally:
            async with self._changed:
                self._under_way -= 1
                self._alone -= alone
                self._changed.notify_all()
