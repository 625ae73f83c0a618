"""Every answer is kept, found by the content of its question, and survives a kill."""

import asyncio

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from pipeline.answering import Answering
from pipeline.engines import Waiting
from pipeline.engines.rules import Rules
from pipeline.ledger import Ledger
from pipeline.store import Folder
from schemas.errors import CorruptError, EngineError, StorageError
from schemas.exchange import (
    Answer,
    Finish,
    Identity,
    Request,
    Role,
    Sampling,
    Turn,
    Usage,
    answer_key,
)
from schemas.unit import SourceFile, Unit

FILE = SourceFile("made", "all.jsonl", "file:///all.jsonl", 1, "1")
UNIT = Unit(FILE, 0, 4)
BY = Identity("vllm", "small", revision="1")


class Yes(BaseModel):
    yes: bool


class No(BaseModel):
    no: bool


def request(text="Is it so?", **changes):
    fields = {
        "document": "made/1",
        "question": "screen",
        "role": Role.REVIEWER,
        "turns": (Turn("user", text),),
        "reply": Yes,
    }
    return Request(**(fields | changes))


@pytest.mark.parametrize(
    "other",
    [
        request("Is it so ?"),
        request(turns=(Turn("assistant", "Is it so?"),)),
        request(reply=No),
        request(sampling=Sampling(max_tokens=1)),
        request(sampling=Sampling(temperature=0.5)),
        request(draw=1),
    ],
)
def test_the_key_changes_with_what_decides_the_answer(other):
    assert answer_key(other, BY) != answer_key(request(), BY)


def test_the_key_does_not_change_with_where_or_about_which_document_it_was_asked():
    same = answer_key(request(), BY)

    assert answer_key(request(document="made/2", question="x", role=Role.JURY), BY) == same
    assert answer_key(request(), Identity("vllm", "small", revision="1", hardware="H200")) == same
    assert answer_key(request(), Identity("vllm", "small", revision="2")) != same


def test_what_was_written_is_found_again_whole(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    answer = Answer('{"yes": true}', BY, "stop", Usage(10, 5, 3, 1, 0.25))

    ledger.add("ab" * 32, request(), answer)
    ledger.write()

    assert Ledger(corpus, UNIT).find("ab" * 32) == answer


def test_rows_hold_digests_of_the_turns_and_never_the_document(tmp_path):
    ledger = Ledger(Folder(str(tmp_path)), UNIT)
    secret = "a whole document " * 50

    ledger.add("ab" * 32, request(secret), Answer("{}", BY))
    ledger.write()

    [file] = tmp_path.rglob("*.parquet")
    assert secret.encode() not in file.read_bytes()
    assert pq.read_table(file).to_pylist()[0]["turns"][0]


def test_answers_outlive_another_cut_of_the_same_rows(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    ledger.add("ab" * 32, request(), Answer("{}", BY))
    ledger.write()

    assert Ledger(corpus, Unit(FILE, 2, 8)).find("ab" * 32)
    assert Ledger(corpus, Unit(FILE, 4, 8)).find("ab" * 32) is None


def test_tidying_leaves_one_file_that_says_the_same(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    for number in range(3):
        ledger.add(f"{number:02d}" * 32, request(draw=number), Answer(str(number), BY))
        ledger.write()

    ledger.tidy({})

    assert len(list(tmp_path.rglob("*.parquet"))) == 1
    again = Ledger(corpus, UNIT)
    assert [again.find(f"{n:02d}" * 32).text for n in range(3)] == ["0", "1", "2"]


def test_tidying_says_of_every_answer_how_much_of_it_stands(tmp_path):
    ledger = Ledger(Folder(str(tmp_path)), UNIT)
    for key in ("ab" * 32, "cd" * 32):
        ledger.add(key, request(), Answer("{}", BY))
    ledger.write()
    [path] = tmp_path.rglob("*.parquet")
    assert pq.read_table(path)["kept"].to_pylist() == [None, None]

    ledger.tidy({"ab" * 32: 7})

    [path] = tmp_path.rglob("*.parquet")
    assert pq.read_table(path)["kept"].to_pylist() == [7, 0]


def test_a_ledger_of_an_earlier_version_is_named(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    ledger.add("ab" * 32, request(), Answer("{}", BY))
    ledger.write()
    [path] = tmp_path.rglob("*.parquet")
    pq.write_table(pq.read_table(path).drop_columns(["settings"]), path)

    with pytest.raises(CorruptError, match="earlier version") as caught:
        Ledger(corpus, UNIT)

    assert "remove" in caught.value.hint


async def test_answers_are_on_disk_within_seconds_and_at_the_end(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)

    async def stopped_in_the_middle():
        async with ledger.keeping():
            ledger.add("ab" * 32, request(), Answer("{}", BY))
            async with asyncio.timeout(10):
                while Ledger(corpus, UNIT).find("ab" * 32) is None:
                    await asyncio.sleep(0.05)
            ledger.add("cd" * 32, request(draw=1), Answer("{}", BY))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stopped_in_the_middle()

    assert Ledger(corpus, UNIT).find("cd" * 32)


class Counting(Rules):
    """Counts what it is asked."""

    async def answer(self, requests):
        self.__dict__.setdefault("asked", []).extend(requests)
        return [Answer("{}", BY) for _ in requests]

    def identity(self, request):
        return BY


async def test_what_the_ledger_holds_is_not_asked_again(tmp_path):
    corpus, engine = Folder(str(tmp_path)), Counting()
    first = Answering({Role.REVIEWER: (engine,)}, Ledger(corpus, UNIT))
    await first.answer([request(), request(draw=1)])
    first._ledger.write()

    second = Answering({Role.REVIEWER: (engine,)}, Ledger(corpus, UNIT))
    await second.answer([request(), request(draw=1), request(draw=2)])

    assert [r.draw for r in engine.__dict__["asked"]] == [0, 1, 2]
    assert (second.costs()["screen"].asked, second.costs()["screen"].remembered) == (1, 2)


async def test_jurors_take_turns_and_those_of_one_engine_are_asked_together(tmp_path):
    calls = {"one": [], "other": []}

    class Noting(Counting):
        name_of_mine: str

        async def answer(self, requests):
            calls[self.name_of_mine].append([r.juror for r in requests])
            return await super().answer(requests)

    panel = (Noting(name_of_mine="one"), Noting(name_of_mine="other"))
    answering = Answering({Role.JURY: panel}, Ledger(Folder(str(tmp_path)), UNIT))

    await answering.answer([request(f"{n}?", role=Role.JURY, juror=n) for n in range(3)])

    assert calls == {"one": [[0, 2]], "other": [[1]]}


def test_a_write_that_fails_for_a_moment_loses_nothing(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    ledger.add("ab" * 32, request(), Answer("{}", BY))
    blocked = tmp_path / "ledger"
    blocked.write_text("a file where the folder should be")

    with pytest.raises(StorageError):
        ledger.write()
    blocked.unlink()
    ledger.write()

    assert Ledger(corpus, UNIT).find("ab" * 32)


def test_a_damaged_ledger_file_is_named(tmp_path):
    corpus = Folder(str(tmp_path))
    ledger = Ledger(corpus, UNIT)
    ledger.add("ab" * 32, request(), Answer("{}", BY))
    ledger.write()
    [file] = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:200])

    with pytest.raises(CorruptError, match="cannot be read"):
        Ledger(corpus, UNIT)


class Partly(Counting):
    """Has one of two answers, refuses another question, and knows the rest later."""

    async def answer(self, requests):
        await super().answer(requests)
        if any("refuse" in r.turns[-1].text for r in requests):
            return [Answer("too long", BY, Finish.TOO_LONG) for _ in requests]
        raise Waiting([Answer("{}", BY), *[None] * (len(requests) - 1)])


async def test_what_waits_keeps_nothing_else_from_being_kept(tmp_path):
    engine = Partly()
    answering = Answering({Role.REVIEWER: (engine,)}, Ledger(Folder(str(tmp_path)), UNIT))

    for _ in range(2):
        with pytest.raises(Waiting):
            await answering.answer([request("One?"), request("Two?"), request("Three?")])

    assert [r.turns[-1].text for r in engine.asked] == ["One?", "Two?", "Three?", "Two?", "Three?"]


async def test_a_refusal_is_no_answer_and_is_not_kept(tmp_path):
    engine = Partly()
    answering = Answering({Role.REVIEWER: (engine,)}, Ledger(Folder(str(tmp_path)), UNIT))

    for _ in range(2):
        [answer] = await answering.answer([request("refuse")])
        assert answer.finish is Finish.TOO_LONG

    assert len(engine.asked) == 2
    assert answering.costs() == {}


async def test_an_engine_that_fails_is_named_with_its_question(tmp_path):
    class Failing(Counting):
        async def answer(self, requests):
            raise ConnectionError("the line is dead")

    answering = Answering({Role.REVIEWER: (Failing(),)}, Ledger(Folder(str(tmp_path)), UNIT))

    with pytest.raises(
        EngineError, match="failed at screen about made/1: ConnectionError: the line"
    ):
        await answering.answer([request()])
