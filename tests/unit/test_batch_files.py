"""Questions in files and answers in files, in any order and any part."""

import json

import pytest

from pipeline.engines import Engine, Waiting
from pipeline.plugins import load
from pipeline.serving.batch_requests import gather, written
from pipeline.store import Folder
from schemas.exchange import Finish, answer_key
from tests.conftest import opened
from tests.unit.test_chat_completions import completion, request


@pytest.fixture
def batch(folder):
    return folder / "batch"


@pytest.fixture
def started(folder, batch):
    kit = opened(folder).kit

    async def start(**settings):
        settings = {"folder": str(batch), "model": "small"} | settings
        engine = load(Engine, "batch_files", settings, where="a test", kit=kit)
        await engine.start()
        return engine

    return start


async def asked(engine, *requests):
    """Ask, and leave the unit; return the answers, None for those that wait."""
    try:
        return await engine.answer(requests)
    except Waiting as waiting:
        return list(waiting.answers)
    finally:
        await engine.settle()


def lines(batch):
    return [
        json.loads(line)
        for path in sorted((batch / "requests").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def put(batch, *results, name="any.jsonl"):
    (batch / "results").mkdir(parents=True, exist_ok=True)
    with (batch / "results" / name).open("a") as file:
        file.writelines(f"{json.dumps(result)}\n" for result in results)


def result(key, content='{"decision":"approve"}', status=200, **more):
    response = {"status_code": status, "body": completion(content)}
    return {"id": "1", "custom_id": key, "response": response, "error": None} | more


async def test_what_is_asked_is_written_once_and_answered_from_what_came_back(started, batch):
    questions = [request(f"Question {n}?") for n in range(3)]
    engine = await started()
    assert await asked(engine, *questions) == [None] * 3

    said = engine.waiting_for()

    assert "3 requests wait" in said
    keys = [answer_key(question, engine.identity(question)) for question in questions]
    assert [line["custom_id"] for line in lines(batch)] == keys
    assert lines(batch)[0]["body"]["messages"][-1]["content"] == "Question 0?"
    table = (batch / "requests" / "batch-000001.tsv").read_text().splitlines()
    assert table[0].split("\t") == [keys[0], "1", "review/x", "made/1"]

    put(batch, result(keys[2], '{"n":2}'), result(keys[0], '{"n":0}'))
    again = await started()
    answers = await asked(again, *questions)

    assert [answer and answer.text for answer in answers] == ['{"n":0}', None, '{"n":2}']
    assert "1 request waits" in again.waiting_for()
    assert len(lines(batch)) == 3


async def test_answers_by_hand_need_nothing_but_the_id(started, batch):
    engine = await started()
    key = answer_key(request(), engine.identity(request()))
    other = answer_key(request("Other?"), engine.identity(request()))
    put(batch, {"custom_id": key, "answer": {"decision": "approve"}})
    put(batch, {"custom_id": other, "answer": "in words"}, name="more.jsonl")

    [one, two] = await asked(await started(), request(), request("Other?"))

    assert (one.text, two.text) == ('{"decision":"approve"}', "in words")


@pytest.mark.parametrize(
    ("wrong", "finish", "said"),
    [
        ({"status_code": 500, "body": {"error": {"message": "oops"}}}, Finish.FAILED, "500: oops"),
        (
            {"status_code": 400, "body": {"error": {"message": "maximum context length is 9"}}},
            Finish.TOO_LONG,
            "context length",
        ),
        (None, Finish.FAILED, "neither"),
    ],
)
async def test_an_error_is_kept_as_what_the_service_said(started, batch, wrong, finish, said):
    engine = await started()
    key = answer_key(request(), engine.identity(request()))
    put(batch, {"custom_id": key, "response": wrong, "error": None})

    [answer] = await asked(await started(), request())

    assert answer.finish == finish
    assert said in answer.text


async def test_of_several_results_a_good_one_counts_wherever_it_stands(started, batch):
    engine = await started()
    key = answer_key(request(), engine.identity(request()))
    bad = {"custom_id": key, "response": None, "error": {"code": "x", "message": "y"}}
    put(batch, result(key, '{"n":1}'), bad)

    [answer] = await asked(await started(), request())

    assert answer.text == '{"n":1}'


async def test_a_request_that_expired_is_written_again_once(started, batch):
    engine = await started()
    await asked(engine, request())
    engine.waiting_for()
    [line] = lines(batch)
    expired = {"custom_id": line["custom_id"], "response": None,
               "error": {"code": "batch_expired", "message": "too late"}}  # fmt: skip
    put(batch, expired)

    for _ in range(2):
        again = await started()
        assert await asked(again, request()) == [None]
        assert "1 request waits" in again.waiting_for()

    assert [line["custom_id"] for line in lines(batch)] == [line["custom_id"]] * 2


async def test_lines_that_are_no_results_are_passed_over_and_named(started, batch):
    engine = await started()
    await asked(engine, request())
    key = answer_key(request(), engine.identity(request()))
    put(batch, {"custom_id": key, "answer": "yes"})
    with (batch / "results" / "any.jsonl").open("a") as file:
        file.write('\nnot JSON\n[1]\n{"custom_id": "mine", "answer": 1}\n')

    again = await started()

    [answer] = await asked(again, request())
    assert answer.text == "yes"
    said = again.waiting_for()
    assert "any.jsonl, line 3 is no result" in said
    assert "line 5" in said


async def test_parts_that_nobody_gathered_are_not_written_again(started, batch):
    await asked(await started(), request())

    await asked(await started(), request())

    assert len(list((batch / "requests" / "parts").glob("*.jsonl"))) == 1


async def test_gathering_that_was_killed_after_a_batch_file_repeats_nothing(started, batch):
    await asked(await started(), request("One?"), request("Two?"))
    parts = {path.name: path.read_bytes() for path in (batch / "requests" / "parts").iterdir()}
    gather(Folder(str(batch / "requests")))
    for name, data in parts.items():
        (batch / "requests" / "parts" / name).write_bytes(data)

    gather(Folder(str(batch / "requests")))

    assert len(lines(batch)) == 2
    assert not list((batch / "requests" / "parts").iterdir())


async def test_files_stay_within_a_services_limits(started, batch, monkeypatch):
    monkeypatch.setattr("pipeline.serving.batch_requests.MAX_REQUESTS", 2)
    engine = await started()
    await asked(engine, *(request(f"Question {n}?") for n in range(5)))

    engine.waiting_for()

    sizes = [len(p.read_text().splitlines()) for p in sorted((batch / "requests").glob("*.jsonl"))]
    assert sizes == [2, 2, 1]
    assert len(written(Folder(str(batch / "requests")))) == 5


async def test_the_same_question_about_two_documents_is_asked_once(started, batch):
    engine = await started()

    await asked(engine, request(), request())
    engine.waiting_for()

    assert len(lines(batch)) == 1
