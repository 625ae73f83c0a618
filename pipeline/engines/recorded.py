"""Answers that were written down before, by a person or in another ledger.

A line of the file gives an answer by place (``document``, ``question``, and ``draw`` if it is not
0) or exactly (``request``: the digest of the whole question). An exact one goes first. What is
not recorded goes to the fallback.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from pipeline.engines import Capacity, Engine, Waiting
from pipeline.plugins import first_fault
from schemas.errors import RecipeError
from schemas.exchange import Answer, Identity, Request, canonical, sha256


class Recording(BaseModel):
    """One recorded answer.

    Attributes:
        document: Id of the document, with ``question`` and ``draw`` its place.
        question: Such as ``draft/commentary``.
        draw: The number of the attempt.
        request: Digest of the question, instead of a place.
        by: Who gave the answer.
        answer: The answer, as JSON or as raw text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str = ""
    question: str = ""
    draw: int = 0
    request: str = ""
    by: str = "recorded"
    answer: dict[str, object] | str

    @property
    def text(self) -> str:
        """The answer as an engine would have written it."""
        return self.answer if isinstance(self.answer, str) else canonical(self.answer)


class Recorded(Engine):
    """Answers from a file; hands on what it does not know.

    Attributes:
        path: A JSONL file, or a folder whose ``.jsonl`` files are read at any depth; a relative
            path starts at the recipe's folder.
        fallback: The engine, by its name in the recipe, that answers the rest.
    """

    path: Path
    fallback: str

    _fallback: Engine | None = PrivateAttr(default=None)

    @property
    def relies_on(self) -> tuple[str, ...]:
        """The fallback."""
        return (self.fallback,)

    def connect(self, engines: Mapping[str, Engine]) -> None:
        """Take the fallback, and read the file, so that a fault in it shows before any work."""
        self._fallback = engines[self.fallback]
        _ = self._recordings

    def capacity(self) -> Capacity:
        """Return the fallback's: recorded answers take no time."""
        return self._rest.capacity()

    def identity(self, request: Request) -> Identity:
        """Return the recording's author, or the fallback's identity for what is not recorded.

        The revision is the answer's own digest: whoever mends one recorded answer has that one
        question asked again, and no other.
        """
        recording = self._found(request)
        if recording is None:
            return self._rest.identity(request)
        return Identity("recorded", recording.by, revision=sha256(recording.text)[:16])

    def is_free(self, request: Request) -> bool:
        """Return whether the answer is recorded, or the fallback's costs nothing."""
        return self._found(request) is not None or self._rest.is_free(request)

    def fingerprint(self) -> str:
        """Return a digest of the file and of the fallback."""
        lines = [line for _, _, line in self._lines()]
        return sha256("\n".join(lines), self._rest.fingerprint())

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return recorded answers, and the fallback's for the rest."""
        found = [self._found(request) for request in requests]
        unknown = [r for r, recording in zip(requests, found, strict=True) if recording is None]
        await asyncio.sleep(0)
        try:
            rest: Sequence[Answer | None] = await self._rest.answer(unknown) if unknown else []
        except Waiting as waiting:
            rest = waiting.answers or [None] * len(unknown)
        answers = [
            Answer(recording.text, self.identity(request)) if recording else None
            for request, recording in zip(requests, found, strict=True)
        ]
        given = iter(rest)
        answers = [answer or next(given) for answer in answers]
        whole = [answer for answer in answers if answer is not None]
        if len(whole) < len(answers):
            raise Waiting(answers)
        return whole

    @property
    def _rest(self) -> Engine:
        if self._fallback is None:
            raise RuntimeError("recorded was not connected to its fallback")
        return self._fallback

    def _found(self, request: Request) -> Recording | None:
        exact, placed = self._recordings
        return exact.get(request.digest) or placed.get(
            (request.document, request.question, request.draw)
        )

    @cached_property
    def _recordings(
        self,
    ) -> tuple[dict[str, Recording], dict[tuple[str, str, int], Recording]]:
        exact: dict[str, Recording] = {}
        placed: dict[tuple[str, str, int], Recording] = {}
        for file, number, line in self._lines():
            try:
                recording = Recording.model_validate(json.loads(line))
            except ValidationError as error:
                raise _fault(file, number, first_fault(error)) from error
            except (ValueError, RecursionError) as error:
                raise _fault(file, number, f"not JSON: {error}") from error
            if recording.request:
                exact[recording.request] = recording
            else:
                placed[(recording.document, recording.question, recording.draw)] = recording
        return exact, placed

    def _lines(self) -> list[tuple[Path, int, str]]:
        """Return every line that is not blank, with its file and its number in it."""
        try:
            # By their names below the folder, so that it may be moved.
            files = sorted(self.path.rglob("*.jsonl")) if self.path.is_dir() else [self.path]
            return [
                (file, number, line)
                for file in files
                for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1)
                if line.strip()
            ]
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(
                f"the recorded answers {self.path} cannot be read: {error}",
                hint="mend `path` under the engine that uses `recorded`",
            ) from error


def _fault(file: Path, number: int, what: str) -> RecipeError:
    return RecipeError(f"{file}, line {number}: {what}", hint="mend or remove that line")
