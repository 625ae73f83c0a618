"""The rule book: what the engine ``rules`` answers, question by question.

Everything is read from the turns of the request, as a model would read it, and
answered as JSON. Pure functions and word lists; nothing is remembered between calls.
"""

import json

from pipeline.fence import read_document, read_rewrite
from pipeline.rulebook.comment import edits
from pipeline.rulebook.judge import RUBRICS, verdict
from pipeline.rulebook.screen import screening
from schemas.exchange import Request

# What the forms other than commentary are made of; none of it leaves a document as it was.
_WRITTEN = ("pieces", "scenes")
# What a juror with this wording looks at; any other looks at everything.
_JURORS = {
    "neighbour": ("coverage", "motive"),
    "examiner": ("hazard", "fidelity"),
    "reader": ("character", "usefulness"),
}


def respond(request: Request) -> str:
    """Return the rule book's answer to a request, as JSON.

    A question it has no rule for is answered with an empty object, which its reader will
    find unreadable and say so.
    """
    question, _, rest = request.question.partition("/")
    shown = read_document(request.turns[1].text)
    if question == "screen":
        return _json(screening(shown))
    if question in ("draft", "revise") and rest == "commentary":
        # A revision draws other sentences than the draft that was objected to.
        return _json(edits(shown, request.document, attempt=question == "revise"))
    if question in ("draft", "revise"):
        # It can speak before an act, and cannot tell a story: the document stays as it is.
        return _json({name: [] for name in _WRITTEN if name in request.reply.model_fields})
    if question in ("review", "recheck"):
        rewrite = read_rewrite(request.turns[3].text)
        return _json(verdict((rest,), shown, rewrite))
    if question == "jury":
        rewrite = read_rewrite(request.turns[1].text)
        return _json(verdict(_JURORS.get(rest, RUBRICS), shown, rewrite))
    return "{}"


def _json(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False)
