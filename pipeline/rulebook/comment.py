"""Remarks by rule: one before each act, drawn from the lexicon so that few are alike."""

from typing import Any

from pipeline.draws import fraction, pick
from pipeline.fence import Shown
from pipeline.rulebook.lexicon import ActWords, lexicon
from pipeline.rulebook.screen import found_acts, screening

# One remark covers the acts that begin within this many words behind it.
_REACH_WORDS = 60


def edits(shown: Shown, document: str, *, attempt: bool) -> dict[str, Any]:
    """Return commentary on the acts and hazards that the rule book finds.

    Args:
        shown: The document.
        document: Its id; with the sentence's number it decides which sentences are drawn.
        attempt: Whether this is a revision, which draws anew.
    """
    screened = screening(shown)
    words = lexicon(screened["language"])
    if words is None:
        return {"edits": []}
    draw = (document, str(int(attempt)))
    written: list[dict[str, Any]] = []
    said: set[str] = set()
    for hazard in screened["hazards"]:
        if hazard["severity"] >= 2:
            number = hazard["first"]
            text = pick(words.summaries, *draw, "summary", str(number))
            written.append({"place": "replace", "first": number, "last": number, "text": text})
    covered_to = 0
    for act in found_acts(shown, words):
        if act["first"] <= covered_to or any(e["first"] == act["first"] for e in written):
            continue
        text = _remark(words.acts[act["label"]], said, *draw, str(act["first"]))
        number = _paragraph_start(shown, act["first"])
        written.append({"place": "before", "first": number, "last": number, "text": text})
        covered_to = _within_reach(shown, number)
    return {"edits": written}


def _remark(act: ActWords, said: set[str], *draw: str) -> str:
    """Return one or two sentences that this document has not heard yet, while there are any."""
    is_why = fraction(*draw, "turn") < 0.5
    see = pick(_fresh(act.see, said), *draw, "see")
    reason = pick(_fresh(act.why if is_why else act.then, said), *draw, "reason")
    said |= {see, reason}
    if act.severity == 1 and fraction(*draw, "length") < 0.4:
        return see
    return f"{reason} {see}" if is_why and fraction(*draw, "order") < 0.4 else f"{see} {reason}"


def _fresh(choices: tuple[str, ...], said: set[str]) -> tuple[str, ...]:
    return tuple(choice for choice in choices if choice not in said) or choices


def _paragraph_start(shown: Shown, act: int) -> int:
    """Return the first sentence of the act's paragraph if it is near enough, else the act's own.

    A remark between two paragraphs breaks nothing; one in the middle may part a sentence from
    its answer.
    """
    start = max((n for n in shown.paragraphs if n <= act), default=act)
    return start if _words_between(shown, start, act) <= _REACH_WORDS else act


def _words_between(shown: Shown, first: int, last: int) -> int:
    return sum(len(shown.sentences.get(n, "").split()) for n in range(first, last))


def _within_reach(shown: Shown, remark: int) -> int:
    """Return the last sentence that begins within reach of a remark before ``remark``."""
    number = remark
    while number + 1 in shown.sentences:
        if _words_between(shown, remark, number + 1) > _REACH_WORDS:
            break
        number += 1
    return number
