"""Requests and answers in the form of OpenAI's chat completions, which most servers speak.

https://platform.openai.com/docs/api-reference/chat
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.serving.prompt_tokens import LAYOUTS
from schemas.exchange import (
    Answer,
    Finish,
    Identity,
    Request,
    Usage,
    canonical,
    reply_schema,
    sha256,
)

Constraint = Literal["json_schema", "json_object", "none"]

_THINKING = re.compile(r"\A\s*<think(?:ing)?>(.*?)</think(?:ing)?>\s*", re.DOTALL)
_FENCED = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
_TOO_LONG = re.compile(
    r"context.length|maximum context|max_model_len|longer than the model|too many tokens"
    r"|prompt is too long|must have less than \d+ tokens",
    re.IGNORECASE,
)
# No tokenizer packs more bytes than this into its tokens over thousands of words of text. A server
# that has read less than this says has cut the prompt off.
_BYTES_PER_TOKEN = 10


class ChatSettings(BaseModel):
    """What decides how a request is written; the settings that engines of this kind share.

    Attributes:
        model: The model's name at the server, or at the batch service.
        revision: What else tells this model from others of that name; recorded with every answer.
        layout: How turns become messages: ``turns`` as they are, ``no_system`` with the system turn
            as the beginning of the first user turn, ``one_turn`` all in one. For servers whose chat
            template loses turns, or does not know the system turn.
        strict: Whether schemas are written as OpenAI's strict mode wants them: every field is
            required, none may be added.
        max_tokens_as: The name of the field that bounds the answer.
        parameters: Fields that are added to every request, such as ``reasoning_effort``.
        leave_out: Fields that the server does not take, such as ``temperature``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    revision: str = ""
    layout: Literal["turns", "no_system", "one_turn"] = "turns"
    strict: bool = False
    max_tokens_as: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    parameters: dict[str, Any] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()


def served_by(engine: str, settings: ChatSettings, response_format: str) -> Identity:
    """Return the model as the recipe names it: what a server runs, it does not tell.

    Args:
        engine: The kind of engine.
        settings: What decides how a request is written.
        response_format: How answers are held to their schema.
    """
    decisive = ("strict", "parameters", "leave_out", "max_tokens_as")
    values = [*(getattr(settings, name) for name in decisive), response_format]
    return Identity(
        engine=engine,
        model=settings.model,
        revision=settings.revision,
        template=f"server, {settings.layout}",
        settings=sha256(canonical(values))[:16],
    )


def body(request: Request, settings: ChatSettings, constraint: Constraint) -> dict[str, Any]:
    """Return the JSON body of a request.

    Args:
        request: What is asked.
        settings: How it is written.
        constraint: How the answer is held to its schema: by the schema, to some JSON object, or not
            at all (the question asks for JSON in any case).
    """
    written: dict[str, Any] = {
        "model": settings.model,
        "messages": [
            {"role": role, "content": "\n\n".join(texts)}
            for role, texts in LAYOUTS[settings.layout](request.turns)
        ],
        settings.max_tokens_as: request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
    }
    if constraint == "json_schema":
        schema = _strict_schema(request.reply) if settings.strict else reply_schema(request.reply)
        form = {"name": request.reply.__name__, "schema": schema, "strict": settings.strict}
        written["response_format"] = {"type": "json_schema", "json_schema": form}
    elif constraint == "json_object":
        written["response_format"] = {"type": "json_object"}
    written |= settings.parameters
    return {name: value for name, value in written.items() if name not in settings.leave_out}


@cache
def _strict_schema(reply: type[BaseModel]) -> Mapping[str, Any]:
    from openai import pydantic_function_tool

    return pydantic_function_tool(reply)["function"]["parameters"]


def is_too_long(message: str) -> bool:
    """Return whether a server's refusal says that the conversation does not fit its context."""
    return bool(_TOO_LONG.search(message))


def least_tokens(request: Request) -> int:
    """Return how many tokens a request's turns have at the least, whatever the tokenizer."""
    return sum(len(turn.text.encode()) for turn in request.turns) // _BYTES_PER_TOKEN


def read_answer(completion: Mapping[str, Any], request: Request, by: Identity) -> Answer:
    """Return the answer in the JSON of a chat completion.

    A refusal, a filtered answer and a prompt that was cut off are no answers: ``finish`` is
    ``failed`` then. Thinking is cut off, and its tokens are counted apart.
    """
    choices = completion.get("choices") or [{}]
    message = choices[0].get("message") or {}
    reason = choices[0].get("finish_reason")
    text, thinking = _parted(message)
    usage = _usage(completion.get("usage") or {}, text, thinking)
    if message.get("refusal") or reason == "content_filter":
        said = message.get("refusal") or "its filter held the answer back"
        return Answer(f"the server refused {request.question}: {said}", by, Finish.FAILED, usage)
    least = least_tokens(request)
    if 0 < usage.read < least:
        said = f"the server read {usage.read:,} tokens of a prompt that has {least:,} at the least"
        return Answer(f"{said}: it cuts off what is too long", by, Finish.FAILED, usage)
    return Answer(text, by, Finish.LENGTH if reason == "length" else Finish.STOP, usage)


def _parted(message: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a message says, and what was thought before."""
    text = message.get("content") or ""
    if isinstance(text, list):
        text = "".join(part.get("text") or "" for part in text if isinstance(part, dict))
    thinking = message.get("reasoning_content") or message.get("reasoning") or ""
    if match := _THINKING.match(text):
        text, thinking = text[match.end() :], thinking + match[1]
    # Where nothing holds it to a schema, a model likes to fence its JSON.
    fenced = _FENCED.match(text)
    return fenced[1] if fenced else text, str(thinking)


def _usage(counts: Mapping[str, Any], text: str, thinking: str) -> Usage:
    written = int(counts.get("completion_tokens") or 0)
    details = counts.get("completion_tokens_details") or {}
    thought = details.get("reasoning_tokens")
    if thought is None:
        # Servers that do not tell: by its share of the characters.
        thought = round(written * len(thinking) / max(1, len(thinking) + len(text)))
    cached = (counts.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(
        read=int(counts.get("prompt_tokens") or 0),
        cached=int(cached),
        written=max(0, written - int(thought)),
        thought=int(thought),
    )
