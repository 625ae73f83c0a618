"""What code can find wrong with spans, as objections with a code each. Pure functions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.voices.escape import looks_like_tag
from schemas.document import Objection, Span, Voice

_WORD = re.compile(r"\w", re.UNICODE)
# Eight words in a row from a prompt are no accident.
_COPIED_WORDS = 8


@dataclass(frozen=True)
class Banned:
    """Phrases the AI does not use, as one pattern, each with its reason."""

    pattern: re.Pattern[str]
    why: Mapping[str, str]

    @classmethod
    def of(cls, why: Mapping[str, str]) -> "Banned":
        """Return the list that finds these phrases, regardless of case, as whole words."""
        if not why:
            return cls(re.compile("(?!)"), {})
        words = "|".join(re.escape(text) for text in sorted(why, key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
        return cls(pattern, {text.lower(): reason for text, reason in why.items()})


def faults(
    spans: Sequence[Span],
    source: str,
    *,
    banned: Banned,
    instructions: str,
    max_remark_chars: int,
) -> list[Objection]:
    """Return everything code finds wrong with a rewrite; empty if nothing.

    Args:
        spans: The rewrite.
        source: The document's text, which human spans must repeat word for word.
        banned: Phrases that the AI must not use.
        instructions: The prompts as ``words_only`` gives them; the AI must not copy them out.
        max_remark_chars: Longest stretch of AI and quoted voices.
    """
    return [
        *_changed_source(spans, source),
        *_empty(spans),
        *_remarks(spans, max_remark_chars),
        *_phrases(spans, banned),
        *_copied(spans, instructions),
    ]


def _objection(code: str, what: str) -> Objection:
    return Objection("lint", code, what)


def _changed_source(spans: Sequence[Span], source: str) -> Iterator[Objection]:
    """Human text must be where it says it is, in order, without overlap."""
    position = 0
    for span in spans:
        if span.voice != Voice.HUMAN or span.source_start is None:
            continue
        end = span.source_start + len(span.text)
        if source[span.source_start : end] != span.text:
            what = f"human text at {span.source_start} differs from the source: {span.text[:40]!r}"
            yield _objection("source_changed", what)
        elif span.source_start < position:
            yield _objection("source_repeated", f"source text at {span.source_start} stands twice")
        position = max(position, end)


def _empty(spans: Sequence[Span]) -> Iterator[Objection]:
    for span in spans:
        if not span.text:
            yield _objection("empty_span", f"a span in voice '{span.voice}' is empty")


def _remarks(spans: Sequence[Span], max_chars: int) -> Iterator[Objection]:
    for is_human, run in groupby(spans, key=lambda span: span.voice == Voice.HUMAN):
        if is_human:
            continue
        remark = list(run)
        own = "".join(span.text for span in remark if span.voice == Voice.AI)
        if not _WORD.search(own):
            yield _objection("no_words", "the AI's voice is opened and says nothing of its own")
        size = sum(len(span.text) for span in remark)
        if size > max_chars:
            what = f"a remark of {size} characters is longer than {max_chars}: {own[:40]!r}"
            yield _objection("too_long", what)
        if any(looks_like_tag(span.text) for span in remark):
            yield _objection("markup_left", f"something like a tag is left in {own[:40]!r}")


def _phrases(spans: Sequence[Span], banned: Banned) -> Iterator[Objection]:
    for span in spans:
        if span.voice == Voice.AI:
            for match in banned.pattern.finditer(span.text):
                why = banned.why.get(match[0].lower(), "a worn phrase")
                yield _objection("banned_phrase", f"do not say {match[0]!r}: {why}")


def _copied(spans: Sequence[Span], instructions: str) -> Iterator[Objection]:
    for span in spans:
        words = words_only(span.text).split() if span.voice == Voice.AI else []
        for start in range(len(words) - _COPIED_WORDS + 1):
            run = " ".join(words[start : start + _COPIED_WORDS])
            if f" {run} " in f" {instructions} ":
                yield _objection("copied_prompt", f"copied from the instructions: {run!r}")
                break


def words_only(text: str) -> str:
    """Return the lower-case words of a text, one blank between them."""
    return " ".join(re.findall(r"\w+", text.lower()))
