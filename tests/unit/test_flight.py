"""Documents take seats in order, as many as engines keep busy and their caches hold."""

import asyncio

import pytest

from pipeline.engines import Capacity
from pipeline.flight import Flight


class Passengers:
    """Documents that take a seat and keep it until they are told to leave."""

    def __init__(self, flight):
        self.flight, self.seated, self._leave, self._tasks = flight, [], {}, {}

    async def board(self, name, tokens=1):
        self._leave[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._fly(name, tokens))
        await settled()

    async def _fly(self, name, tokens):
        async with self.flight.seat(tokens):
            self.seated.append(name)
            await self._leave[name].wait()
            self.seated.remove(name)

    async def leave(self, name):
        self._leave[name].set()
        await settled()

    async def give_up(self, name):
        self._tasks[name].cancel()
        await settled()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_documents_than_requests_at_once_and_the_next_in_order():
    on = Passengers(Flight(Capacity(2)))
    for name in "abcd":
        await on.board(name)

    assert on.seated == ["a", "b"]
    await on.leave("a")
    assert on.seated == ["b", "c"]


async def test_no_more_tokens_than_the_cache_holds():
    on = Passengers(Flight(Capacity(100, tokens=1000)))
    await on.board("a", 500)
    await on.board("b", 300)
    await on.board("c", 300)

    assert on.seated == ["a", "b"]
    await on.leave("a")
    assert on.seated == ["b", "c"]


async def test_a_small_one_does_not_overtake_a_large_one():
    on = Passengers(Flight(Capacity(100, tokens=1000)))
    await on.board("a", 800)
    await on.board("large", 500)
    await on.board("small", 10)

    assert on.seated == ["a"]
    await on.leave("a")
    assert on.seated == ["large", "small"]


async def test_one_that_is_larger_than_the_cache_goes_alone():
    on = Passengers(Flight(Capacity(100, tokens=1000)))
    await on.board("huge", 5000)
    await on.board("b", 1)

    assert on.seated == ["huge"]
    await on.leave("huge")
    assert on.seated == ["b"]


@pytest.mark.parametrize("who", ["b", "c"])
async def test_who_gives_up_waiting_leaves_no_seat_taken(who):
    on = Passengers(Flight(Capacity(1)))
    for name in "abc":
        await on.board(name)

    await on.give_up(who)
    await on.leave("a")

    [left] = {"b", "c"} - {who}
    assert on.seated == [left]


async def test_who_gives_up_just_when_a_seat_is_given_gives_it_on():
    on = Passengers(Flight(Capacity(1)))
    for name in "abc":
        await on.board(name)

    on._leave["a"].set()
    await asyncio.sleep(0)
    on._tasks["b"].cancel()
    await settled()

    assert on.seated == ["c"]
