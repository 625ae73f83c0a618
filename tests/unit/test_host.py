"""A host answers many at once, one alone if that is asked, and leaves when its engine has died."""

import asyncio

import pytest

from pipeline.host import Host
from pipeline.recipes import read_recipe
from schemas.errors import EngineLostError
from schemas.exchange import Request, Role, Turn
from tests.conftest import write_recipe
from tests.unit.test_chat_completions import Verdict


def request(document):
    return Request(document, "review/x", Role.REVIEWER, (Turn("user", "?"),), Verdict)


@pytest.fixture
def host(folder):
    path = write_recipe(folder, engine="tests.unit.gated")
    left = []
    host = Host(read_recipe(path), "rules", lambda: left.append(True))
    host.left = left
    return host


async def answers(host, *documents, alone=False):
    requests = [request(document) for document in documents]
    return [pair async for pair in host.answer(requests, alone=alone)]


async def settled():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_first_to_be_answered_is_the_first_to_come_back(host):
    await host.begin(0)
    asked = asyncio.create_task(answers(host, "a", "b"))
    await settled()

    host._engine.open("b")
    await settled()
    host._engine.open("a")

    assert [(number, answer.text) for number, answer in await asked] == [(1, "b"), (0, "a")]


async def test_who_asks_alone_waits_for_those_before_and_those_after_wait_for_him(host):
    await host.begin(0)
    engine = host._engine
    tasks = [asyncio.create_task(answers(host, "a"))]
    await settled()
    tasks.append(asyncio.create_task(answers(host, "b", alone=True)))
    await settled()
    tasks.append(asyncio.create_task(answers(host, "c")))
    await settled()

    assert engine.under_way == ["a"]
    engine.open("a")
    await settled()
    assert engine.under_way == ["b"]
    engine.open("b")
    await settled()
    assert engine.under_way == ["c"]
    engine.open("c")
    await asyncio.gather(*tasks)


async def test_a_host_whose_engine_died_leaves(host):
    await host.begin(0)

    with pytest.raises(EngineLostError):
        await answers(host, "deadly")

    assert host.left


async def test_an_engine_is_started_once(host):
    await asyncio.gather(host.begin(2), host.begin(2), host.begin(3))

    assert host._engine.starts == [2]
