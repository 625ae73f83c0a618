"""Screening by rule: what language, how good, which sentences name an act or a hazard."""

import re
from collections import Counter
from typing import Any

import py3langid

from pipeline.fence import Shown
from pipeline.rulebook.lexicon import Lexicon, lexicon

# Enough to tell the language; the detector walks byte by byte.
_SAMPLE_CHARS = 2000
# As many as the question allows.
_MOST_ACTS, _MOST_HAZARDS = 60, 30
_QUANTITY = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]{5,}")


def screening(shown: Shown) -> dict[str, Any]:
    """Return what the rule book finds in a document, in the form that ``screen`` asks for."""
    text = "\n".join(shown.sentences.values())
    language = _code(shown.about.get("language", "")) or language_of(text)
    words = lexicon(language)
    acts = found_acts(shown, words) if words else []
    hazards = _hazards(shown, words) if words else []
    return {
        "language": language,
        "media_type": _guess(_media_type(text)),
        "topic": _guess((_topic(text), 0.3)),
        "author_type": _guess(("unknown", 0.0)),
        "quality": _quality(text),
        "acts": acts[:_MOST_ACTS],
        "hazards": hazards[:_MOST_HAZARDS],
        "suits": ["commentary"] if acts or any(h["severity"] for h in hazards) else ["verbatim"],
    }


def _code(language: str) -> str:
    """Return the code in ``en-GB`` or ``EN``; "" for what is none, such as ``English``."""
    code = language.partition("-")[0].lower()
    return code if len(code) in (2, 3) else ""


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language most of a text seems to be in."""
    language, _ = py3langid.classify(text[:_SAMPLE_CHARS])
    return str(language)


def found_acts(shown: Shown, words: Lexicon) -> list[dict[str, Any]]:
    """Return the acts that sentences name, one entry for each run of neighbours of one label."""
    acts: list[dict[str, Any]] = []
    for number, sentence in shown.sentences.items():
        found = words.act_in(sentence)
        if not found:
            continue
        label, word = found
        if acts and acts[-1]["label"] == label and number - acts[-1]["last"] <= 1:
            acts[-1]["last"] = number
            continue
        acts.append(
            {
                "first": number,
                "last": number,
                "label": label,
                # What drives somebody, and whom it hits, is more than a word can show.
                "motive": "unclear",
                "harm": words.acts[label].harm,
                "whom": "unclear",
                "severity": words.acts[label].severity,
                "remark": f"the text says '{word}'",
            }
        )
    return acts


def _hazards(shown: Shown, words: Lexicon) -> list[dict[str, Any]]:
    hazards: list[dict[str, Any]] = []
    for number, sentence in shown.sentences.items():
        label = words.hazard_in(sentence)
        if label:
            usable = words.steps.search(sentence) and _QUANTITY.search(sentence)
            severity = 2 if usable else 0
            hazards.append({"first": number, "last": number, "label": label, "severity": severity})
    return hazards


def _quality(text: str) -> float:
    """Return 0.6 for ordinary prose, less where letters are few or lines repeat themselves."""
    visible = [c for c in text if not c.isspace()]
    if not visible:
        return 0.0
    letters = sum(c.isalpha() for c in visible) / len(visible)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    fresh = len(set(lines)) / len(lines)
    return round(0.6 * min(1.0, letters / 0.6) * fresh, 3)


def _guess(made: tuple[str, float]) -> dict[str, Any]:
    value, sure = made
    return {"value": value[:80], "sure": sure}


def _media_type(text: str) -> tuple[str, float]:
    """Return what kind of text it is, and how surely: code shows, all else is a guess."""
    is_code = text.count("```") >= 2 or text.count(">>> ") >= 3
    return ("code", 0.8) if is_code else ("other", 0.1)


def _topic(text: str) -> str:
    """Return the two long words that occur most, as a stand-in for a topic."""
    counts = Counter(word.lower() for word in _WORD.findall(text))
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:2]
    return " ".join(word for word, _ in common) or "unknown"
