"""Questions in files, answers in files: for batch services, or for answers made by hand."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import PrivateAttr

from pipeline.engines import Engine, Waiting
from pipeline.serving.batch_requests import Ask, gather, write_part, written
from pipeline.serving.batch_requests import Waiting as Written
from pipeline.serving.batch_results import Results, what_failed
from pipeline.serving.chat_completions import (
    ChatSettings,
    body,
    is_too_long,
    read_answer,
    served_by,
)
from pipeline.store import Folder
from schemas.exchange import Answer, Finish, Identity, Request, answer_key, canonical, sha256


class BatchFiles(ChatSettings, Engine):
    """Writes what it is asked, and answers from what was put beside it.

    Attributes:
        folder: Holds ``requests`` and ``results``; a relative path starts at the recipe's folder,
            and an fsspec URL will do.
        endpoint: The path that each request is posted to.
        response_format: How answers are held to their schema: ``json_schema``, ``json_object`` or
            ``none``.
    """

    folder: str
    endpoint: str = "/v1/chat/completions"
    response_format: Literal["json_schema", "json_object", "none"] = "json_schema"

    _results: Results = PrivateAttr()
    _written: set[Ask] = PrivateAttr(default_factory=set)
    _unwritten: list[Written] = PrivateAttr(default_factory=list)

    def identity(self, request: Request) -> Identity:
        """Return the model as the recipe names it."""
        return self._identity

    def fingerprint(self) -> str:
        """Return a digest of the identity."""
        return sha256(*self._identity.keyed)

    @cached_property
    def _identity(self) -> Identity:
        return served_by(self.name(), self, self.response_format)

    @property
    def _requests(self) -> Folder:
        return Folder(self.folder) / "requests"

    async def start(self, halvings: int = 0) -> None:
        """Look through the results, and through what was asked before.

        Raises:
            StorageError: The folder cannot be read.
        """
        self._results = await asyncio.to_thread(Results, Folder(self.folder) / "results")
        parts = self._requests / "parts"
        self._written = written(self._requests) | written(parts)

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the answers if all are there.

        Raises:
            Waiting: Some are not; what was never asked is written down when the unit is left.
        """
        answers = [self._found(request) for request in requests]
        whole = [answer for answer in answers if answer is not None]
        if len(whole) < len(answers):
            raise Waiting(answers)
        return whole

    def _found(self, request: Request) -> Answer | None:
        key = answer_key(request, self._identity)
        result = self._results.find(key)
        if result is not None:
            return self._read(request, result)
        ask = Ask(key, self._results.expired(key) + 1)
        if ask not in self._written:
            self._written.add(ask)
            line = self._line(request, key)
            self._unwritten.append(Written(ask, request.question, request.document, line))
        return None

    def _line(self, request: Request, key: str) -> bytes:
        asked = body(request, self, self.response_format)
        line = {"custom_id": key, "method": "POST", "url": self.endpoint, "body": asked}
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"

    def _read(self, request: Request, result: Mapping[str, Any]) -> Answer:
        if "answer" in result:
            said = result["answer"]
            return Answer(said if isinstance(said, str) else canonical(said), self._identity)
        if failed := what_failed(result):
            what = f"{request.question}: the batch service says {failed}"
            return Answer(
                what, self._identity, Finish.TOO_LONG if is_too_long(failed) else Finish.FAILED
            )
        return read_answer(result["response"].get("body") or {}, request, self._identity)

    async def settle(self) -> None:
        """Write down what waits.

        Raises:
            StorageError: The folder cannot be written.
        """
        waiting, self._unwritten = self._unwritten, []
        if waiting:
            write_part(self._requests, waiting)

    def waiting_for(self) -> str:
        """Gather what workers have written; return how much waits, and where results go."""
        gather(self._requests)
        asked, results = written(self._requests), Results(Folder(self.folder) / "results")
        waits = [a for a in asked if results.expired(a.key) < a.attempt and not results.find(a.key)]
        lines = [f"{where} is no result, and was passed over" for where in results.unreadable[:3]]
        if waits:
            count = "1 request waits" if len(waits) == 1 else f"{len(waits):,} requests wait"
            lines.append(
                f"{count} for results: post the files {self._requests}/"
                f"batch-*.jsonl to a batch service, put what it returns into {self.folder}/results "
                "under any names that end in .jsonl, and run the same command again"
            )
        return "\n".join(lines)
