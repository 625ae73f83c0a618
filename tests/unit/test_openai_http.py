"""What is done about servers that are busy, broken, gone, or want something else.

The servers here follow a script; the real one is in tests/e2e/test_engines.py.
"""

import asyncio
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.engines import Engine
from pipeline.plugins import load
from schemas.errors import EngineError, RecipeError
from schemas.exchange import Finish
from tests.conftest import opened
from tests.unit.test_chat_completions import completion, request


class Server:
    """A server on loopback that answers by a function of the request's body."""

    def __init__(self, answer=None, models=None):
        self.seen, self.answer = [], answer or (lambda asked: (200, completion()))
        self.models = models or (
            200,
            {"object": "list", "data": [{"id": "small", "max_model_len": 4096}]},
        )
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(*scripted.models)

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                scripted.seen.append((asked, self.headers.get("authorization")))
                self.reply(*scripted.answer(asked))

            def reply(self, status, found):
                data = json.dumps(found).encode()
                with suppress(OSError):
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve():
    servers = []

    def serve(*arguments, **named):
        servers.append(Server(*arguments, **named))
        return servers[-1]

    yield serve
    for server in servers:
        with suppress(OSError):
            server.stop()


@pytest.fixture
def started(folder):
    kit = opened(folder).kit

    async def start(*servers, **settings):
        urls = [getattr(server, "url", server) for server in servers]
        settings = {"urls": urls, "model": "small", "retries": 1} | settings
        engine = load(Engine, "openai_http", settings, where="a test", kit=kit)
        await engine.start()
        return engine

    return start


def refusal(message, status=400, code=None):
    return status, {"error": {"message": message, "type": "BadRequest", "code": code}}


def in_turn(*answers):
    """Answer the first request by the first, and so on; the last goes on for ever."""
    left = list(answers)
    lock = threading.Lock()

    def answer(asked):
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


async def test_questions_are_answered_in_order_by_the_model_that_was_named(serve, started):
    server = serve(lambda asked: (200, completion(asked["messages"][-1]["content"])))
    engine = await started(server)

    answers = await engine.answer([request(f"Question {n}?") for n in range(9)])

    assert [answer.text for answer in answers] == [f"Question {n}?" for n in range(9)]
    assert {asked["model"] for asked, _ in server.seen} == {"small"}
    assert all(answer.usage.seconds > 0 for answer in answers)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_is_busy_is_asked_again(serve, started, status):
    server = serve(in_turn(refusal("busy", status), (200, completion())))

    [answer] = await (await started(server)).answer([request()])

    assert answer.finish == Finish.STOP
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [429, 500])
async def test_a_server_that_answers_nothing_any_more_ends_the_build_and_can_be_gone_on_with(
    serve, started, status
):
    engine = await started(serve(lambda asked: refusal("busy", status)))

    with pytest.raises(EngineError, match="no server answers") as caught:
        await engine.answer([request()])

    assert "the same command" in caught.value.hint


async def test_a_server_that_is_gone_is_replaced_by_another(serve, started):
    one, other = serve(), serve()
    engine = await started(one, other, retries=3)
    documents = [request(f"{n}") for n in range(4)]
    one.stop()

    answers = await engine.answer(documents)

    assert {answer.finish for answer in answers} == {Finish.STOP}


async def test_a_document_keeps_to_one_server_and_documents_spread_over_all(serve, started):
    from dataclasses import replace

    servers = [serve() for _ in range(3)]
    engine = await started(*servers)
    questions = [
        replace(request(f"{n}: {q}"), document=f"made/{n}") for n in range(24) for q in range(3)
    ]

    await engine.answer(questions)

    by_server = [
        {asked["messages"][-1]["content"].partition(":")[0] for asked, _ in server.seen}
        for server in servers
    ]
    assert sum(map(len, by_server)) == 24
    assert all(by_server)


async def test_a_server_without_schemas_is_asked_for_json_then_for_nothing(serve, started):
    def answer(asked):
        form = asked.get("response_format", {}).get("type")
        return refusal(f"response_format {form} is not supported") if form else (200, completion())

    server = serve(answer)
    engine = await started(server)

    for _ in range(2):
        [found] = await engine.answer([request()])
        assert found.finish == Finish.STOP

    forms = [asked.get("response_format", {}).get("type") for asked, _ in server.seen]
    assert forms == ["json_schema", "json_object", None, None]


async def test_a_conversation_that_cannot_fit_is_not_sent(serve, started):
    server = serve()
    engine = await started(server)

    [answer] = await engine.answer([request("word " * 10_000)])

    assert answer.finish == Finish.TOO_LONG
    assert "the context is 4,096" in answer.text
    assert server.seen == []


async def test_a_conversation_that_the_server_finds_too_long_is_too_long(serve, started):
    server = serve(in_turn(refusal("This model's maximum context length is 4096 tokens")))

    [answer] = await (await started(server)).answer([request("word " * 3000)])

    assert answer.finish == Finish.TOO_LONG


async def test_a_refused_question_fails_alone_once_others_were_answered(serve, started):
    server = serve(
        lambda asked: refusal("I dislike this") if "bad" in str(asked) else (200, completion())
    )
    engine = await started(server)
    await engine.answer([request()])

    good, bad = await engine.answer([request(), request("bad")])

    assert (good.finish, bad.finish) == (Finish.STOP, Finish.FAILED)
    assert "I dislike this" in bad.text


async def test_a_server_that_refuses_its_first_question_is_not_asked_ten_thousand_more(
    serve, started
):
    engine = await started(serve(lambda asked: refusal("temperature is not a parameter")))

    with pytest.raises(EngineError, match="temperature is not a parameter") as caught:
        await engine.answer([request()])

    assert "leave_out" in caught.value.hint


async def test_a_question_that_takes_too_long_fails_while_others_are_answered(serve, started):
    slow = threading.Event()

    def answer(asked):
        if "slow" in str(asked):
            slow.wait(5)
        return 200, completion()

    engine = await started(serve(answer), deadline_s=0.5, retries=0)
    asked = asyncio.create_task(engine.answer([request("slow")]))
    await asyncio.sleep(0.1)
    await engine.answer([request()])

    [found] = await asked
    slow.set()

    assert found.finish == Finish.FAILED
    assert "within 0.5 s" in found.text


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_no_retry_mends_is_said_at_once(serve, started, status):
    server = serve(lambda asked: refusal("no such key", status))
    engine = await started(server)

    with pytest.raises(EngineError, match=f"{status}.*no such key"):
        await engine.answer([request()])

    assert len(server.seen) == 1


async def test_another_model_than_the_servers_is_refused_at_the_start(serve, started):
    with pytest.raises(EngineError, match="serves small, and not large"):
        await started(serve(), model="large")


async def test_a_server_without_a_list_of_models_will_do(serve, started):
    engine = await started(serve(models=(404, {"error": {"message": "no such page"}})))

    [answer] = await engine.answer([request()])

    assert answer.finish == Finish.STOP


async def test_a_server_that_is_not_there_is_said_at_the_start(started):
    with pytest.raises(EngineError, match="no server answers"):
        await started("http://127.0.0.1:9/v1", retries=0)


async def test_keys_come_from_the_environment_alone(serve, started, monkeypatch):
    server = serve()
    monkeypatch.setenv("MY_KEY", "secret-one")

    engine = await started(server, api_key_env="MY_KEY")
    await engine.answer([request()])

    assert server.seen[0][1] == "Bearer secret-one"
    assert "secret" not in engine.fingerprint() + repr(engine) + repr(engine.identity(request()))
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(RecipeError, match="MY_KEY is not set"):
        engine.check()


async def test_no_more_requests_at_once_than_the_recipe_says(serve, started):
    now, most, lock = [0], [0], threading.Lock()
    both = threading.Barrier(2, timeout=5)

    def answer(asked):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait()
        with lock:
            now[0] -= 1
        return 200, completion()

    engine = await started(serve(answer), requests_at_once=2)

    await engine.answer([request() for _ in range(8)])

    assert most == [2]
    assert engine.capacity().requests == 2
