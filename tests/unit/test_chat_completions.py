"""Requests as chat completions, and what is read out of what servers send back."""

import pytest
from pydantic import BaseModel

from pipeline.serving.chat_completions import ChatSettings, body, is_too_long, read_answer
from schemas.exchange import Finish, Identity, Request, Role, Sampling, Turn, Usage

BY = Identity("server", "small")


class Verdict(BaseModel):
    decision: str
    score: int = 3


def request(text="Was it kind?"):
    turns = (Turn("system", "Be kind."), Turn("user", "A letter."), Turn("assistant", "Read."),
             Turn("user", text))  # fmt: skip
    return Request("made/1", "review/x", Role.REVIEWER, turns, Verdict, Sampling(50, 0.5, 0.9))


def completion(content='{"decision":"approve"}', usage=None, **more):
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | more
    return {"choices": [choice], "usage": usage or {"prompt_tokens": 30, "completion_tokens": 8}}


def test_a_request_holds_its_turns_its_sampling_and_its_schema():
    asked = body(request(), ChatSettings(model="small"), "json_schema")

    assert [m["role"] for m in asked["messages"]] == ["system", "user", "assistant", "user"]
    assert (asked["max_tokens"], asked["temperature"], asked["top_p"]) == (50, 0.5, 0.9)
    form = asked["response_format"]["json_schema"]
    assert form["schema"]["required"] == ["decision"]
    assert form["strict"] is False


def test_strict_schemas_require_every_field_and_let_none_be_added():
    asked = body(request(), ChatSettings(model="small", strict=True), "json_schema")

    schema = asked["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["decision", "score"]
    assert schema["additionalProperties"] is False


def test_fields_are_added_renamed_and_left_out_as_a_server_wants_them():
    settings = ChatSettings(
        model="small",
        max_tokens_as="max_completion_tokens",
        leave_out=("temperature", "top_p"),
        parameters={"reasoning_effort": "low"},
        layout="no_system",
    )

    asked = body(request(), settings, "none")

    assert set(asked) == {"model", "messages", "max_completion_tokens", "reasoning_effort"}
    assert asked["messages"][0] == {"role": "user", "content": "Be kind.\n\nA letter."}


def test_tokens_are_counted_with_those_that_were_cached_and_thought():
    usage = {
        "prompt_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 12},
    }

    answer = read_answer(completion(usage=usage), request(), BY)

    assert answer.usage == Usage(read=100, cached=64, written=8, thought=12)


@pytest.mark.parametrize(
    "thinking",
    [
        {"content": '<think>\nIt is.\n</think>\n\n{"decision":"approve"}'},
        {"message": {"reasoning_content": "It is. "}},
        {"message": {"reasoning": "It is. "}},
    ],
)
def test_thinking_is_cut_off_and_its_tokens_are_told_apart_by_their_share(thinking):
    answer = read_answer(completion(**thinking), request(), BY)

    assert answer.text == '{"decision":"approve"}'
    assert answer.usage.thought == 2
    assert answer.usage.thought + answer.usage.written == 8


@pytest.mark.parametrize("text", ['```json\n{"a": 1}\n```', '```\n{"a": 1}\n```\n', '{"a": 1}'])
def test_json_in_a_fence_is_taken_out_of_it(text):
    assert read_answer(completion(text), request(), BY).text == '{"a": 1}'


def test_an_answer_in_parts_is_put_together():
    parts = [{"type": "text", "text": '{"a":'}, {"type": "text", "text": "1}"}]

    assert read_answer(completion(parts), request(), BY).text == '{"a":1}'


@pytest.mark.parametrize(
    ("found", "finish", "said"),
    [
        (completion("{", finish_reason="length"), Finish.LENGTH, "{"),
        (completion(None, finish_reason="content_filter"), Finish.FAILED, "filter"),
        (completion(None, message={"refusal": "I cannot."}), Finish.FAILED, "I cannot."),
        (completion(None), Finish.STOP, ""),
        ({}, Finish.STOP, ""),
        ({"choices": []}, Finish.STOP, ""),
    ],
)
def test_how_an_answer_ended(found, finish, said):
    answer = read_answer(found, request(), BY)

    assert answer.finish == finish
    assert said in answer.text


def test_a_prompt_that_was_cut_off_in_silence_is_no_answer():
    long = request("word " * 2000)

    answer = read_answer(completion(usage={"prompt_tokens": 512}), long, BY)

    assert answer.finish == Finish.FAILED
    assert "cuts off" in answer.text


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, you requested 4000 tokens",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "`inputs` must have less than 1024 tokens. Given: 2000",
        "context_length_exceeded",
    ],
)
def test_servers_say_in_many_ways_that_a_conversation_is_too_long(message):
    assert is_too_long(message)
    assert not is_too_long("temperature must be between 0 and 2")
