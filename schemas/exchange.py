"""Questions to engines, what engines give back, and what is read out of it."""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Any

from pydantic import BaseModel


def sha256(*parts: str | bytes) -> str:
    """Return the hex digest of the parts, each preceded by its length so that none can blur."""
    pieces: list[bytes] = []
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        pieces += (len(data).to_bytes(8, "big"), data)
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def canonical(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return the one JSON text of a value: sorted keys, no spaces, no escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@cache
def reply_schema(reply: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema that an answer must fit."""
    return reply.model_json_schema()


@cache
def schema_digest(reply: type[BaseModel]) -> str:
    """Return the hex digest of a reply's JSON schema."""
    return sha256(canonical(reply_schema(reply)))


class Role(StrEnum):
    """Who is asked. A recipe names an engine for each."""

    WRITER = "writer"
    REVIEWER = "reviewer"
    JURY = "jury"


_turn_digest = lru_cache(maxsize=4096)(sha256)


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation: ``system``, ``user`` or ``assistant``, and its text."""

    speaker: str
    text: str

    @cached_property
    def digest(self) -> str:
        """Its hex digest, kept: many requests share a turn, or have one of the same words."""
        return _turn_digest(self.speaker, self.text)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer is drawn. Part of the key: another sampling is another question."""

    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0


@lru_cache(maxsize=256)
def _sampling_digest(sampling: Sampling) -> str:
    return sha256(str(sampling.max_tokens), repr(sampling.temperature), repr(sampling.top_p))


@dataclass(frozen=True)
class Request:
    """A question for an engine about one document.

    Attributes:
        document: The document's id; for people and for answers found by place, never keyed.
        question: What is asked, such as ``screen`` or ``review/character``.
        role: Which engine is asked.
        turns: The whole conversation, ending with the question.
        reply: The model that the answer must fit.
        sampling: How the answer is drawn.
        draw: The number of the attempt: retries and repeated votes differ in it.
        juror: The number of the juror, where the role is several; never keyed.
    """

    document: str
    question: str
    role: Role
    turns: tuple[Turn, ...]
    reply: type[BaseModel]
    sampling: Sampling = Sampling()
    draw: int = 0
    juror: int = 0

    @cached_property
    def digest(self) -> str:
        """The hex digest of the question alone, whoever is asked."""
        return sha256(
            *(turn.digest for turn in self.turns),
            schema_digest(self.reply),
            _sampling_digest(self.sampling),
            str(self.draw),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers. The keyed fields decide whether an old answer still holds.

    Attributes:
        engine: The kind of engine, such as ``rules``.
        model: The model's name, or the digest of what stands in for one.
        revision: The model's pinned revision.
        quantisation: How its weights are stored.
        template: How turns become a prompt: a digest, or a word for the model's own way.
        settings: Digest of the other settings that decide what is answered; "" if there are none.
        dtype: In which type it computed; recorded, not keyed.
        version: The engine software's version; recorded, not keyed.
        hardware: What it ran on; recorded, not keyed.
    """

    engine: str
    model: str
    revision: str = ""
    quantisation: str = ""
    template: str = ""
    settings: str = ""
    dtype: str = ""
    version: str = ""
    hardware: str = ""

    @property
    def keyed(self) -> tuple[str, ...]:
        """The fields that are part of an answer's key."""
        return (
            self.engine,
            self.model,
            self.revision,
            self.quantisation,
            self.template,
            self.settings,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost.

    Attributes:
        read: Tokens of the prompt.
        cached: Those among them that the engine had in its prefix cache.
        written: Tokens of the answer, without those thought.
        thought: Tokens of thinking, which is cut off and not part of the answer.
        seconds: The engine's time that fell to this answer: while it had n requests under way, an
            nth of each second. So the seconds of all answers add up to the time it was busy.
    """

    read: int = 0
    cached: int = 0
    written: int = 0
    thought: int = 0
    seconds: float = 0.0


class Finish(StrEnum):
    """How an answer ended. The last two are no answers, and are not kept in the ledger."""

    STOP = "stop"
    LENGTH = "length"
    TOO_LONG = "too_long"
    FAILED = "failed"

    @property
    def is_answer(self) -> bool:
        """Whether the engine has said something."""
        return self in (Finish.STOP, Finish.LENGTH)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine gave back, raw.

    Attributes:
        text: As it came; parsed only when read. If there is no answer, why.
        by: Who answered.
        finish: ``stop``, or ``length`` if it was cut off; ``too_long`` if the question and the room
            for its answer do not fit the engine's context, so that it was not asked; ``failed`` if
            the engine gave no answer to this question while it answered others.
        usage: What it cost.
    """

    text: str
    by: Identity
    finish: Finish = Finish.STOP
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Reply:
    """A question and its parsed answer.

    Attributes:
        request: What was asked.
        answer: What came back.
        value: The answer as ``request.reply``, or None if it does not fit.
        error: Why it does not fit, in words that a model can act on; "" if it fits.
    """

    request: Request
    answer: Answer
    value: BaseModel | None
    error: str = ""


@lru_cache(maxsize=256)
def _identity_digest(keyed: tuple[str, ...]) -> str:
    return sha256(*keyed)


def answer_key(request: Request, by: Identity) -> str:
    """Return the key under which the ledger keeps this engine's answer to this question."""
    return sha256(_identity_digest(by.keyed), request.digest)
