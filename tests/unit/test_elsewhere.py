"""Engines in other processes: asked in batches, one host for a document, outlived when they die."""

import asyncio
from collections import Counter

import pytest

from pipeline.elsewhere import Elsewhere
from pipeline.engines import Capacity
from pipeline.engines.rules import Rules
from schemas.errors import EngineError, EngineLostError
from schemas.exchange import Answer, Finish, Identity, Request, Role, Turn
from tests.unit.test_chat_completions import Verdict

BY = Identity("test", "test")


def request(document, question="review/x"):
    return Request(document, question, Role.REVIEWER, (Turn("user", "?"),), Verdict)


class Line:
    """A line to a host that dies of certain documents, or fails to start so often."""

    def __init__(self, deadly=(), dies_starting=0, error=None):
        self.deadly, self.dies_starting, self.error = set(deadly), dies_starting, error
        self.batches, self.alone, self.begun = [], [], []

    async def begin(self, halvings):
        self.begun.append(halvings)
        if halvings and self.dies_starting:
            self.dies_starting -= 1
            raise EngineLostError("died while it started")
        return Capacity(8 >> halvings, 8000)

    async def answer(self, requests, *, alone):
        self.batches.append([request.document for request in requests])
        self.alone += [request.document for request in requests] if alone else []
        if self.error:
            raise self.error
        for number in reversed(range(len(requests))):
            await asyncio.sleep(0)
            if requests[number].document in self.deadly:
                raise EngineLostError("died")
            yield number, Answer(requests[number].document, BY)


async def answered(engine, documents):
    answers = await asyncio.gather(*(engine.answer([request(name)]) for name in documents))
    return [answer for [answer] in answers]


async def test_what_is_asked_at_once_goes_in_one_call_and_answers_find_their_way():
    line = Line()
    engine = Elsewhere.of(Rules(), {"a": line}, askers=1)

    answers = await answered(engine, "123456")

    assert [answer.text for answer in answers] == [*"123456"]
    assert line.batches == [[*"123456"]]


async def test_a_document_keeps_to_one_host():
    lines = {name: Line() for name in "abc"}
    engine = Elsewhere.of(Rules(), lines, askers=1)
    documents = [f"made/{number}" for number in range(60)]

    for _ in range(3):
        await answered(engine, documents)

    asked = {
        name: Counter(d for batch in line.batches for d in batch) for name, line in lines.items()
    }
    assert sum(len(found) for found in asked.values()) == 60
    assert all(set(found.values()) == {3} for found in asked.values())
    assert all(10 <= len(found) <= 30 for found in asked.values())


async def test_each_worker_counts_on_its_share_of_the_hosts():
    engine = Elsewhere.of(Rules(), {"a": Line(), "b": Line()}, askers=4)

    await engine.start()

    assert engine.capacity() == Capacity(4, 4000)


async def test_when_a_host_dies_it_is_started_with_half_as_much_and_all_is_asked_again():
    line = Line()
    engine = Elsewhere.of(Rules(), {"a": line}, askers=1)
    line.deadly = {"3"}
    asked = asyncio.create_task(answered(engine, "12345"))
    while not line.begun:
        await asyncio.sleep(0)
    line.deadly = set()

    answers = await asked

    assert [answer.text for answer in answers] == [*"12345"]
    assert line.begun == [1]
    assert line.alone == []


async def test_a_document_that_kills_its_host_even_alone_fails_and_the_others_do_not():
    line = Line(deadly={"3"})
    engine = Elsewhere.of(Rules(), {"a": line}, askers=1)

    answers = await answered(engine, "12345")

    assert [a.finish for a in answers] == [
        Finish.STOP, Finish.STOP, Finish.FAILED, Finish.STOP, Finish.STOP,
    ]  # fmt: skip
    assert "died 3 times" in answers[2].text
    assert set(line.alone) >= {"3"}


async def test_a_host_that_dies_while_it_starts_is_given_time():
    line = Line(deadly={"x"}, dies_starting=2)
    engine = Elsewhere.of(Rules(), {"a": line}, askers=1)
    asked = asyncio.create_task(answered(engine, "x1"))
    while not line.begun:
        await asyncio.sleep(0)
    line.deadly = set()

    answers = await asked

    assert [answer.text for answer in answers] == ["x", "1"]
    assert line.begun == [1, 2, 3]


async def test_a_host_that_never_starts_again_is_an_error():
    engine = Elsewhere.of(Rules(), {"a": Line(deadly={"1"}, dies_starting=99)}, askers=1)

    with pytest.raises(EngineError, match="died 3 times while"):
        await answered(engine, "1")


async def test_an_error_for_people_to_mend_comes_through():
    engine = Elsewhere.of(Rules(), {"a": Line(error=EngineError("no key"))}, askers=1)

    with pytest.raises(EngineError, match="no key"):
        await answered(engine, "12")
