"""One document through its passes: the heart of the program.

Nothing here knows of GPUs, Ray, Prefect or disks. If a change needs one of
them, it belongs in pool.py or in flows/.
"""

import json
import re
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from pipeline.conversation import asked_again
from pipeline.objections import notes_since_writing, standing
from pipeline.passes import Pass
from pipeline.plugins import Kit
from schemas.document import Decision, Document, Note, Outcome, OutcomeKind
from schemas.errors import PipelineError
from schemas.exchange import Answer, Finish, Reply, Request

_CONTROL = re.compile(r"[\x00-\x1f]")

Answerer = Callable[[Sequence[Request]], Awaitable[list[Answer]]]
"""Whoever answers requests: the ledger first, then an engine."""


async def travel(
    document: Document, passes: Sequence[Pass], answer: Answerer, kit: Kit
) -> Document:
    """Return the document with the notes of every pass it went through.

    Raises:
        Waiting: An answer will come later; the journey is to be made again then.
    """
    for step in passes:
        if document.settled:
            break
        document = document.add(step.name(), await _visited(document, step, answer, kit))
    return document


async def _visited(document: Document, step: Pass, answer: Answerer, kit: Kit) -> Note:
    try:
        requests = step.ask(document)
    except PipelineError:
        # A broken prompt is broken for every document; it is not this one that is to blame.
        raise
    except Exception as error:  # noqa: BLE001 - one document's crash must not stop the others
        return _crashed(error)
    replies = await _replies(requests, answer, kit)
    refused = next((reply.answer for reply in replies if not reply.answer.finish.is_answer), None)
    if refused:
        return _unanswered(refused)
    try:
        if any(reply.error for reply in replies):
            return step.unreadable(document, replies)
        return step.read(document, replies)
    except PipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - the same
        return _crashed(error)


def _unanswered(refused: Answer) -> Note:
    if refused.finish is Finish.TOO_LONG:
        return Note.reject("too_long", refused.text)
    return Note(Decision.QUARANTINE, "unanswered", refused.text)


def _crashed(error: Exception) -> Note:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.name}, line {frame.lineno}"
    return Note(
        Decision.QUARANTINE, type(error).__name__, f"{type(error).__name__} in {place}: {error}"
    )


async def _replies(requests: Sequence[Request], answer: Answerer, kit: Kit) -> list[Reply]:
    """Return a reply to each request; one that cannot be read is asked for again, once."""
    if not requests:
        return []
    replies = [
        parsed(request, given)
        for request, given in zip(requests, await answer(requests), strict=True)
    ]
    again = {index: _second_draw(reply, kit) for index, reply in enumerate(replies) if reply.error}
    if again:
        second = await answer(list(again.values()))
        for (index, request), given in zip(again.items(), second, strict=True):
            # Asked again, with what was wrong, a question may become too long; the fault stays.
            if given.finish is not Finish.TOO_LONG:
                replies[index] = parsed(request, given)
    return replies


def _second_draw(reply: Reply, kit: Kit) -> Request:
    first = reply.request
    turns = asked_again(first.turns, reply.answer.text, reply.error, kit)
    return replace(first, turns=turns, draw=first.draw + 1)


def parsed(request: Request, answer: Answer) -> Reply:
    """Return the answer as the model that the request asks for, or why it does not fit."""
    if not answer.finish.is_answer:
        return Reply(request, answer, None)
    if answer.finish is Finish.LENGTH:
        error = f"the answer was cut off after {request.sampling.max_tokens} tokens; be shorter"
        return Reply(request, answer, None, error)
    text = _escaped(answer.text)
    try:
        value = request.reply.model_validate_json(text)
        # An answer can hold NUL only as an escape, and few hold what looks like one.
        if "\\u0000" in text and "\\u0000" in value.model_dump_json():
            return Reply(request, answer, None, "the answer holds NUL characters")
        return Reply(request, answer, value)
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, fault['loc'])) or 'the answer'}: {fault['msg']}"
            for fault in error.errors()[:3]
        )
        return Reply(request, answer, None, "; ".join(faults))


def _escaped(text: str) -> str:
    """Return JSON in which line breaks and the like are escaped within strings, as they must be.

    Grammars that hold a model to a schema let them through where a string's length is bounded.
    """
    if not _CONTROL.search(text):
        return text
    try:
        return json.dumps(json.loads(text, strict=False), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def outcome(document: Document) -> Outcome:
    """Return where a document stands after its journey; accepted ones say how they got there."""
    if document.settled:
        return document.settled
    left = standing(document)
    if left:
        return Outcome(OutcomeKind.REJECTED, left[0].rubric, f"{left[0].code}: {left[0].what}")
    if document.rewrite is None:
        return Outcome(OutcomeKind.REJECTED, "unwritten", "no pass has written anything")
    revised = document.rewrite.by == "revise"
    if revised and not any(
        note.by in ("recheck", "jury") for note in notes_since_writing(document)
    ):
        # Somebody objected, it was written again, and nobody has looked at it since.
        return Outcome(OutcomeKind.REJECTED, "unchecked", "the revision was not judged again")
    if document.trusted:
        return Outcome(OutcomeKind.ACCEPTED, "trusted")
    if all(span.source_start is not None for span in document.spans):
        return Outcome(OutcomeKind.ACCEPTED, "verbatim")
    return Outcome(OutcomeKind.ACCEPTED, "revised" if revised else "as_drafted")
