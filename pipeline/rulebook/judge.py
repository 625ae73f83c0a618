"""Judging by rule: one small check per rubric, on the remarks and where they stand."""

import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from pipeline.fence import Remark, Shown, ShownRewrite
from pipeline.rulebook.screen import language_of, screening

_AHEAD_WORDS = 80
_TAGS = re.compile(r"</?AI(?:_quoting_human)?>")
_QUOTED = re.compile(r"<AI_quoting_human>(.*?)</AI_quoting_human>", re.DOTALL)
_NUMBER = re.compile(r"\d[\d.,:]*")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")
_SERMON = re.compile(
    r"\b(?:we must|you must|we should all|you should always|let us (?:all )?remember)\b", re.I
)
_SELF = re.compile(r"\b(?:as an ai|as a language model|i am only an ai|my programming)\b", re.I)


def verdict(rubrics: Iterable[str], shown: Shown, rewrite: ShownRewrite) -> dict[str, Any]:
    """Return the rule book's verdict by some rubrics; one that it has no rule for is approved."""
    checks = (_CHECKS[rubric] for rubric in rubrics if rubric in _CHECKS)
    objections = [objection for check in checks for objection in check(shown, rewrite)]
    return {
        "decision": "object" if objections else "approve",
        "score": 2 if objections else 4,
        "objections": objections[:10],
    }


def _object(code: str, what: str, sentence: int | None = None, clause: str = "") -> dict[str, Any]:
    return {"code": code, "what": what, "sentence": sentence, "clause": clause}


def _coverage(shown: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    objections = []
    places = [remark.before for remark in rewrite.remarks]
    for act in screening(shown)["acts"]:
        first, last = act["first"], act["last"]
        if first not in rewrite.kept or any(
            place <= first and _words(shown, place, first) <= _AHEAD_WORDS for place in places
        ):
            continue
        code = "too_far" if any(place <= first for place in places) else "uncommented"
        if any(first < place <= last + 2 for place in places):
            code = "too_late"
        what = f"let the AI speak before sentence {first}, where somebody's {act['label']} begins"
        objections.append(_object(code, what, first, "2"))
    return objections


def _words(shown: Shown, first: int, last: int) -> int:
    return sum(len(shown.sentences.get(n, "").split()) for n in range(first, last))


def _hazard(shown: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    return [
        _object("danger_left", f"replace sentence {hazard['first']}", hazard["first"], "12")
        for hazard in screening(shown)["hazards"]
        if hazard["severity"] >= 2 and hazard["first"] in rewrite.kept
    ]


def _motive(_: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    return [
        _object("bare_verdict", "say whom it harms, or how, or why it is done", r.before, "6")
        for r in rewrite.remarks
        if len(_plain(r).split()) < 6
    ]


def _character(_: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    objections = []
    for remark in rewrite.remarks:
        own = _QUOTED.sub("", remark.text)
        if match := _SERMON.search(own):
            objections.append(_object("preachy", f"take out '{match[0]}'", remark.before, "28"))
        if match := _SELF.search(own):
            objections.append(
                _object("self_display", f"take out '{match[0]}'", remark.before, "21")
            )
    return objections


def _fidelity(shown: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    # It was not made from a document, so there is none to be false to.
    if rewrite.is_trusted:
        return []
    # What was written for the human voice is nobody's claim about the document.
    text = _flat("\n".join([*shown.sentences.values(), *rewrite.written]))
    objections = []
    for remark in rewrite.remarks:
        for quote in _QUOTED.findall(remark.text):
            said = _flat(quote).strip(" \"'“”«»‚‘’.,;:…")
            if said not in text:
                what = f"nobody says '{quote}' in the document"
                objections.append(_object("misquoted", what, remark.before, "4"))
        own = _plain(remark)
        # In German every noun is written like a name.
        names = [] if language_of(own) == "de" else _NAME.findall(own)
        for fact in _NUMBER.findall(own) + names:
            if _flat(fact).rstrip(".,:") not in text:
                what = f"the document does not speak of '{fact}'"
                objections.append(_object("invented", what, remark.before, "4"))
    return objections


def _flat(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


def _usefulness(_: Shown, rewrite: ShownRewrite) -> list[dict[str, Any]]:
    objections = []
    for first, second in pairwise(rewrite.remarks):
        if _opening(first) == _opening(second):
            what = f"begin otherwise than with '{_opening(second)}', like the remark before it"
            objections.append(_object("repeats", what, second.before, "28"))
    return objections + [
        _object("too_long", "say it in half the words", remark.before, "28")
        for remark in rewrite.remarks
        if len(_plain(remark).split()) > 120 and not rewrite.is_trusted
    ]


def _opening(remark: Remark) -> str:
    return " ".join(_plain(remark).split()[:3]).lower()


def _plain(remark: Remark) -> str:
    return _TAGS.sub("", remark.text).strip()


_CHECKS: dict[str, Callable[[Shown, ShownRewrite], list[dict[str, Any]]]] = {
    "coverage": _coverage,
    "hazard": _hazard,
    "motive": _motive,
    "character": _character,
    "fidelity": _fidelity,
    "usefulness": _usefulness,
}

RUBRICS = tuple(_CHECKS)
"""The rubrics that the rule book has a check for."""
