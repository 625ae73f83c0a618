"""The rule book's words, by language, compiled once."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from prompts import SHIPPED, Prompts

# Negations count when they stand this close before the word.
_NEAR = 24


@dataclass(frozen=True)
class Lexicon:
    """The words of one language.

    Attributes:
        acts: For each act: pattern, severity, and the sentences to speak before it.
        hazards: For each hazard, a pattern of its names.
        steps: Pattern of the verbs that make instructions.
        negations: Pattern that, close before a word, turns it into its denial.
        summaries: What to say in place of a stretch that is taken out.
    """

    acts: dict[str, "ActWords"]
    hazards: dict[str, re.Pattern[str]]
    steps: re.Pattern[str]
    negations: re.Pattern[str]
    summaries: tuple[str, ...]

    def act_in(self, sentence: str) -> tuple[str, str] | None:
        """Return (label, word) of the first act that a sentence names without denying it."""
        found = [
            (match.start(), label, match[0])
            for label, words in self.acts.items()
            for match in words.pattern.finditer(sentence)
            if not self.negations.search(sentence[max(0, match.start() - _NEAR) : match.start()])
        ]
        return min(found)[1:] if found else None

    def hazard_in(self, sentence: str) -> str | None:
        """Return the first hazard that a sentence names."""
        return next((k for k, names in self.hazards.items() if names.search(sentence)), None)


@dataclass(frozen=True)
class ActWords:
    """The words of one act, and what to say before it."""

    pattern: re.Pattern[str]
    severity: int
    harm: str
    see: tuple[str, ...]
    why: tuple[str, ...]
    then: tuple[str, ...]


def _any_of(words: list[str]) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)


@cache
def languages() -> frozenset[str]:
    """Return the languages for which the rule book has words."""
    return frozenset(path.stem for path in (SHIPPED / "lexicons").glob("*.toml"))


@cache
def lexicon(language: str) -> Lexicon | None:
    """Return the words of a language, or None if the rule book does not speak it."""
    if language not in languages():
        return None
    table: dict[str, Any] = Prompts().table(f"lexicons/{language}.toml")
    return Lexicon(
        acts={
            label: ActWords(
                _any_of(act["words"]),
                act["severity"],
                act["harm"],
                tuple(act["see"]),
                tuple(act["why"]),
                tuple(act["then"]),
            )
            for label, act in table["acts"].items()
        },
        hazards={label: _any_of(names) for label, names in table["hazards"].items()},
        steps=_any_of(table["steps"]),
        negations=re.compile(
            rf"(?:{'|'.join(re.escape(word) for word in table['negations'])})\W*(?:\w+\W+)?$",
            re.IGNORECASE,
        ),
        summaries=tuple(table["summary"]["sentences"]),
    )
