"""Any server that speaks OpenAI's chat completions: vLLM, SGLang, TGI, or a hosted one."""

import asyncio
import os
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr

from pipeline.engines import Capacity, Engine
from pipeline.serving.busy import BusyTime
from pipeline.serving.chat_completions import (
    ChatSettings,
    Constraint,
    body,
    is_too_long,
    least_tokens,
    read_answer,
    served_by,
)
from pipeline.serving.servers import Server, preferred
from schemas.errors import EngineError, RecipeError
from schemas.exchange import Answer, Finish, Identity, Request, sha256

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

# Tries at one server before another is asked.
_TRIES_EACH = 2
_NO_SCHEMA = re.compile(
    r"response_format|json_schema|schema|guided|structured|grammar", re.IGNORECASE
)


class OpenaiHttp(ChatSettings, Engine):
    """Asks servers over HTTP, all questions about a document the same one.

    Attributes:
        urls: Base URLs, such as ``http://localhost:8000/v1``; all serve the same model.
        api_key_env: Name of the environment variable that holds the key. A key has no place in a
            recipe.
        requests_at_once: Requests under way at each server.
        deadline_s: A try that takes longer is given up and made again.
        retries: Tries after the first, with growing pauses of up to eight seconds, on 408, 409,
            429, 5xx, timeouts and lost connections.
        response_format: How answers are held to their schema: ``json_schema``, ``json_object``,
            ``none``, or ``auto`` for the first of these that the server takes.
        context_tokens: The longest conversation; None to ask the server, if it tells.
    """

    software: ClassVar[tuple[str, ...]] = ("openai",)

    urls: tuple[str, ...] = Field(min_length=1)
    api_key_env: str | None = None
    requests_at_once: int = Field(default=64, ge=1)
    deadline_s: float = Field(default=600, gt=0)
    retries: int = Field(default=30, ge=0)
    response_format: Literal["auto", "json_schema", "json_object", "none"] = "auto"
    context_tokens: int | None = Field(default=None, ge=1)

    _servers: list[Server] = PrivateAttr(default_factory=list)
    _clients: "dict[str, AsyncOpenAI]" = PrivateAttr(default_factory=dict)
    _constraint: Constraint = PrivateAttr(default="json_schema")
    _busy: BusyTime = PrivateAttr(default_factory=BusyTime)

    def check(self) -> None:
        """Check that the key is there, if one is named.

        Raises:
            RecipeError: The environment variable is not set, or a URL is none.
        """
        for url in self.urls:
            if not url.startswith(("http://", "https://")):
                raise RecipeError(
                    f"openai_http: '{url}' is no URL", hint="write http://… or https://… in `urls`"
                )
        if self.api_key_env and not os.environ.get(self.api_key_env):
            raise RecipeError(
                f"openai_http: the environment variable {self.api_key_env} is not set",
                hint=f"export {self.api_key_env}=…, on every node that has workers",
            )

    def identity(self, request: Request) -> Identity:
        """Return the model as the recipe names it: what a server runs, it does not tell."""
        return self._identity

    def fingerprint(self) -> str:
        """Return a digest of the identity, and of how long a conversation may be."""
        return sha256(*self._identity.keyed, str(self.context_tokens))

    @cached_property
    def _identity(self) -> Identity:
        return served_by(self.name(), self, self.response_format)

    async def start(self, halvings: int = 0) -> None:
        """Make a client for each server, and ask what it serves.

        Raises:
            EngineError: None can be reached, or one does not serve the model.
        """
        from openai import AsyncOpenAI

        self.check()
        if self.response_format != "auto":
            self._constraint = self.response_format
        key = os.environ[self.api_key_env] if self.api_key_env else "none"
        alone = len(self.urls) == 1
        for url in self.urls:
            self._clients[url] = AsyncOpenAI(
                base_url=url,
                api_key=key,
                timeout=self.deadline_s,
                max_retries=self.retries if alone else min(self.retries, _TRIES_EACH - 1),
            )
            at_once = max(1, self.requests_at_once >> halvings)
            self._servers.append(Server(url, asyncio.Semaphore(at_once), self.context_tokens))
        found = await asyncio.gather(*(self._look(server) for server in self._servers))
        if not any(found):
            raise self._unreachable()

    async def _look(self, server: Server) -> bool:
        """Learn what a server tells of its model; return whether it can be reached."""
        from openai import APIConnectionError, APIError, APIStatusError

        client = self._clients[server.url]
        try:
            models = [model.to_dict() async for model in await client.models.list()]
        except APIConnectionError:
            server.went_down()
            return False
        except APIStatusError as error:
            if error.status_code in (401, 403):
                raise self._denied(error) from error
            # Many have no such list.
            return True
        except APIError:
            return True
        names = [str(model.get("id")) for model in models]
        if names and self.model not in names and len(names) < 100:
            raise EngineError(
                f"openai_http: {server.url} serves {', '.join(names)}, and not {self.model}",
                hint="mend `model`",
            )
        for model in models:
            longest = model.get("max_model_len")
            if model.get("id") == self.model and isinstance(longest, int):
                server.longest = server.longest or longest
        return True

    def capacity(self) -> Capacity:
        """Return as many requests as may be under way at all servers together."""
        return Capacity(self.requests_at_once * len(self.urls))

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one answer for each request; all are under way at once.

        Raises:
            EngineError: No server can be reached or answers any more, or they do not take the key.
        """
        return await asyncio.gather(*(self._answer(request) for request in requests))

    async def _answer(self, request: Request) -> Answer:
        rounds = 1 if len(self.urls) == 1 else -(-(self.retries + 1) // _TRIES_EACH)
        for _ in range(rounds):
            server = preferred(self._servers, request.document)
            answer = self._too_long(request, server) or await self._tried(request, server)
            if answer:
                return answer
            server.went_down()
        raise self._unreachable()

    async def _tried(self, request: Request, server: Server) -> Answer | None:
        """Return a server's answer or refusal, or None if it does not answer anybody now."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError, RateLimitError

        begun = time.monotonic()
        try:
            return await self._asked(request, server)
        except APITimeoutError:
            if server.answered_at < begun:
                return None
            what = f"no answer to {request.question} within {self.deadline_s:g} s"
            return Answer(what, self._identity, Finish.FAILED)
        except (APIConnectionError, RateLimitError):
            return None
        except APIStatusError as error:
            if error.status_code in (401, 403, 404):
                raise self._denied(error) from error
            # While it answers others, a fault of the server is about this question.
            if error.status_code < 500 or server.answered_at > begun:
                return self._refused(request, server, error)
            return None

    async def _asked(self, request: Request, server: Server) -> Answer:
        from openai import BadRequestError, UnprocessableEntityError

        client = self._clients[server.url]
        async with server.free:
            with self._busy.share() as share:
                while True:
                    constraint = self._constraint
                    asked = self._body(request, constraint)
                    model, messages = asked.pop("model"), asked.pop("messages")
                    try:
                        completion = await client.chat.completions.create(
                            model=model, messages=messages, extra_body=asked
                        )
                        break
                    except (BadRequestError, UnprocessableEntityError) as error:
                        if not self._falls_back(error, constraint):
                            raise
        server.answered_at = time.monotonic()
        found = completion.to_dict()
        version = str(found.get("system_fingerprint") or "")
        answer = read_answer(found, request, replace(self._identity, version=version))
        return replace(answer, usage=replace(answer.usage, seconds=share.seconds))

    def _body(self, request: Request, constraint: Constraint) -> dict[str, Any]:
        return body(request, self, constraint)

    def _falls_back(self, error: "APIStatusError", constraint: Constraint) -> bool:
        """Return whether to ask again with less of a constraint, which is then kept."""
        if self.response_format != "auto" or constraint == "none":
            return False
        if is_too_long(error.message) or not _NO_SCHEMA.search(error.message):
            return False
        if self._constraint == constraint:
            self._constraint = "json_object" if constraint == "json_schema" else "none"
        return True

    def _too_long(self, request: Request, server: Server) -> Answer | None:
        if server.longest is None:
            return None
        least = least_tokens(request) + request.sampling.max_tokens
        if least <= server.longest:
            return None
        what = f"{request.question} has {least:,} tokens at the least with its answer"
        said = f"{what}; the context is {server.longest:,}"
        return Answer(said, self._identity, Finish.TOO_LONG)

    def _refused(self, request: Request, server: Server, error: "APIStatusError") -> Answer:
        """Return what a refusal says of one question.

        Raises:
            EngineError: The server has never answered anything: then it is not about this one.
        """
        said = f"{request.question}: the server says {error.status_code}: {error.message[:300]}"
        if is_too_long(error.message):
            return Answer(said, self._identity, Finish.TOO_LONG)
        if server.answered_at < 0:
            raise EngineError(
                f"openai_http: {said}",
                hint="it has answered no other question either: mend the engine's settings, such "
                "as `parameters`, `leave_out`, `layout` or `max_tokens_as`",
            ) from error
        return Answer(said, self._identity, Finish.FAILED)

    def _denied(self, error: "APIStatusError") -> EngineError:
        key = f"the key in {self.api_key_env}" if self.api_key_env else "`api_key_env`"
        said = f"{error.status_code}: {error.message[:300]}"
        return EngineError(
            f"openai_http: {error.request.url.host} says {said}",
            hint=f"mend `urls`, `model`, or {key}; answers so far are kept",
        )

    def _unreachable(self) -> EngineError:
        return EngineError(
            f"openai_http: no server answers any more: {', '.join(self.urls)}",
            hint="start it again, or lower `requests_at_once` if it says that it is asked too "
            "much; then run the same command, which continues: answers so far are kept",
        )
