"""An engine in other processes, asked as if it were here.

Knows neither Ray nor models: how a host is reached is a ``Line``, which pool.py lays.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Protocol

from pydantic import PrivateAttr

from pipeline.draws import preference
from pipeline.engines import Capacity, Engine
from schemas.errors import EngineError, EngineLostError
from schemas.exchange import Answer, Finish, Identity, Request

# What is asked within so many seconds goes in one call; a call costs about as much.
_GATHERED_S = 0.002
# A question under way at so many deaths of its host is asked alone the next time.
_DEATHS = 2
# Memory of a process that was killed may take a while to come back.
_STARTS = 3


class Line(Protocol):
    """A way to one host."""

    async def begin(self, halvings: int) -> Capacity:
        """Start the host's engine, unless it is started; return what it can do at once.

        Raises:
            EngineLostError: The host has died while it started.
        """

    def answer(
        self, requests: Sequence[Request], *, alone: bool
    ) -> AsyncIterator[tuple[int, Answer]]:
        """Yield answers as they come, each with the number of its request.

        Raises:
            EngineLostError: The host has died; it comes back at the next ``begin``.
        """


@dataclass
class _Letter:
    """A request on its way, and how often its host has died meanwhile."""

    request: Request
    answer: asyncio.Future[Answer]
    deaths: int = 0


@dataclass
class _Mailbox:
    """Gathers what is asked of one host, and asks again when it has died."""

    line: Line
    halvings: int = 0
    _waiting: list[_Letter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _revival: asyncio.Task[Capacity] | None = None

    async def ask(self, request: Request) -> Answer:
        """Return the host's answer."""
        letter = _Letter(request, asyncio.get_running_loop().create_future())
        self._post([letter])
        return await letter.answer

    def _post(self, letters: Sequence[_Letter]) -> None:
        self._waiting += letters
        if len(self._waiting) == len(letters):
            self._run(self._send_soon())

    def _run(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_soon(self) -> None:
        await asyncio.sleep(_GATHERED_S)
        letters, self._waiting = self._waiting, []
        await self._send([letter for letter in letters if not letter.answer.done()], alone=False)

    async def _send(self, letters: Sequence[_Letter], *, alone: bool) -> None:
        try:
            if self._revival:
                await asyncio.shield(self._revival)
            lives = self.halvings
            requests = [letter.request for letter in letters]
            async for number, answer in self.line.answer(requests, alone=alone):
                if not letters[number].answer.done():
                    letters[number].answer.set_result(answer)
        except EngineLostError:
            await self._send_again(letters, lives)
        except Exception as error:  # noqa: BLE001 - it is raised again where the answer is awaited
            for letter in letters:
                if not letter.answer.done():
                    letter.answer.set_exception(error)

    async def _send_again(self, letters: Sequence[_Letter], lives: int) -> None:
        if lives == self.halvings:
            # The first to notice; the others were sent before the same death.
            self.halvings += 1
            self._revival = asyncio.create_task(self._revived())
        left = [letter for letter in letters if not letter.answer.done()]
        for letter in left:
            letter.deaths += 1
        self._post([letter for letter in left if letter.deaths < _DEATHS])
        for letter in left:
            if letter.deaths == _DEATHS:
                await self._send([letter], alone=True)
            elif letter.deaths > _DEATHS:
                what = f"the engine died {letter.deaths} times over this question, at last alone"
                nobody = Identity("", "")
                letter.answer.set_result(Answer(what, nobody, Finish.FAILED))

    async def _revived(self) -> Capacity:
        for _ in range(_STARTS):
            try:
                return await self.line.begin(self.halvings)
            except EngineLostError:
                self.halvings += 1
        raise EngineError(
            f"an engine's host died {_STARTS} times while its engine was started anew",
            hint="see the logs of Ray; the engine may not fit the machine",
        )


class Elsewhere(Engine):
    """Stands for an engine that is hosted elsewhere; a document keeps to one host of it."""

    _twin: Engine = PrivateAttr()
    _mailboxes: dict[str, _Mailbox] = PrivateAttr()
    _askers: int = PrivateAttr()
    _capacity: Capacity = PrivateAttr(default=Capacity(1))

    @classmethod
    def of(cls, twin: Engine, lines: Mapping[str, Line], askers: int) -> "Elsewhere":
        """Return who stands for ``twin``.

        Args:
            twin: The same engine, opened here and never started: it knows who would answer.
            lines: The way to each host, by a name that stays when a host is replaced.
            askers: How many workers ask these hosts.
        """
        here = cls()
        here._twin = twin
        here._mailboxes = {name: _Mailbox(line) for name, line in lines.items()}
        here._askers = askers
        return here

    def identity(self, request: Request) -> Identity:
        """Return who would answer."""
        return self._twin.identity(request)

    def fingerprint(self) -> str:
        """Return the digest of the engine that it stands for."""
        return self._twin.fingerprint()

    async def start(self, halvings: int = 0) -> None:
        """Wait until every host has started."""
        boxes = self._mailboxes.values()
        found = await asyncio.gather(*(box.line.begin(halvings) for box in boxes))
        known = [capacity.tokens for capacity in found if capacity.tokens is not None]
        self._capacity = Capacity(
            ceil(sum(capacity.requests for capacity in found) / self._askers),
            sum(known) // self._askers if known else None,
        )

    def capacity(self) -> Capacity:
        """Return this worker's share of what the hosts can do at once."""
        return self._capacity

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the hosts' answers."""
        return await asyncio.gather(*(self._asked(request) for request in requests))

    async def _asked(self, request: Request) -> Answer:
        host = preference(tuple(self._mailboxes), request.document)[0]
        return await self._mailboxes[host].ask(request)
