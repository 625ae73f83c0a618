"""What code can find wrong with spans, as objections with a code each. Pure functions.

===================  ==============================================================================
``illegal_move``     a tag where the scheme has no such move; also ``unclosed``, ``unescaped`` and
                     ``no_voice``, which say how else tagged text can break its scheme
``source_changed``   human text differs from the source at its ``source_start``
``source_order``     human text stands before source text that precedes it
``source_repeated``  source text stands twice
``empty_span``       a span holds nothing
``no_words``         the AI's voice is opened and says nothing of its own
``too_long``         a remark is longer than its limit
``markup_left``      something like a tag, HTML, a chat template's token or a mark of ours is left
``quote_unmarked``   a quotation does not stand in quotation marks, where the form asks for them
``quote_alone``      a quotation stands without a comment of the AI's own beside it
``hazard_kept``      hazardous source text still stands in the human voice
``hazard_quoted``    hazardous source text is repeated in text that a model wrote
``banned_phrase``    a phrase that the constitution bans, with the reason
``copied_prompt``    words of the instructions are repeated
===================  ==============================================================================
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from pipeline.voices.escape import looks_like_tag
from pipeline.voices.scheme import working_scheme
from pipeline.voices.words import runs, words
from schemas.document import Objection, Span, Voice
from schemas.errors import ParseError

# Eight words in a row from a prompt are no accident, nor are five of a single hazardous sentence.
COPIED_WORDS = 8
_HAZARD_WORDS = 5
# "He says:" is not a comment; in Turkish and Korean three words can be one.
_COMMENT_WORDS = 3
_SHOWN = 40

# What models leave behind; other names in angle brackets may be types, or inequalities.
_ELEMENTS = (
    "a|abbr|article|aside|b|blockquote|body|br|button|center|code|dd|details|div|dl|dt|em|figure|"
    "font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|kbd|li|link|main|mark|meta|nav|"
    "ol|p|pre|s|script|section|small|span|strong|style|sub|summary|sup|svg|table|tbody|td|th|thead|"
    "title|tr|u|ul|video|think|thinking|answer|tool_call|start_of_turn|end_of_turn"
)
_MARKUP = re.compile(
    rf"</?(?:{_ELEMENTS})(?:[\s/][^<>]*=[^<>]*)?\s*/?>|<!--"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|copy|mdash|ndash|hellip|[lr][sd]quo|#\d{1,7}|#x[0-9a-f]{1,6});"
    r"|<[|｜][^<>\n]{1,40}[|｜]>|\[/?INST\]|<</?SYS>>"
    r"|^\s*--- (?:end of )?(?:document|rewrite) ---|^\[\d+(?: in part)?\]",
    re.MULTILINE | re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"(?<![\w*])(\*\*|__|~~|`)(?=\S)[^\n]{1,200}?(?<=\S)\1(?![\w*])"
    r"|^#{1,6} [^\d\s]|^(?:```|~~~)|^\* |\]\([^)\s]+\)",
    re.MULTILINE,
)
_MARKS = "\"＂'＇“”„‟‘’‚‛«»‹›「」『』《》〈〉"
_STOPS = ".,;:!?…)。、，！？；：।؟،؛"
_OPENED = re.compile(rf"[{_MARKS}]\s*\Z")
_CLOSED = re.compile(rf"\s*[{_STOPS}]*[{_MARKS}]")
_WHOLLY_MARKED = re.compile(rf"\s*[{_MARKS}].*[{_MARKS}][\s{_STOPS}]*", re.DOTALL)


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
        phrases = "|".join(map(_phrase, sorted(why, key=len, reverse=True)))
        pattern = re.compile(rf"(?<!\w)(?:{phrases})(?!\w)", re.IGNORECASE)
        return cls(pattern, {_plain(text): reason for text, reason in why.items()})


def _phrase(text: str) -> str:
    """Return a pattern for a phrase, however it is spaced and its apostrophes are set."""
    return r"\s+".join(re.escape(word).replace("'", "['’]") for word in text.split())


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


@dataclass(frozen=True)
class Standard:
    """What is asked of AI text.

    Attributes:
        banned: Phrases that the AI must not use.
        instructions: Every run of ``COPIED_WORDS`` words of the prompts.
        max_remark_chars: Longest stretch of AI and quoted voices; None if any length will do.
        quotes_in_marks: Whether what is quoted has to stand in quotation marks.
        plain: Whether Markdown is out of place in the AI's voice.
    """

    banned: Banned
    instructions: frozenset[str] = frozenset()
    max_remark_chars: int | None = None
    quotes_in_marks: bool = False
    plain: bool = False


def source_faults(
    spans: Sequence[Span], source: str, hazards: Sequence[tuple[int, int]] = ()
) -> list[Objection]:
    """Return what is wrong with a rewrite as a rendering of its source.

    Args:
        spans: The rewrite.
        source: The document's text, which human spans must repeat word for word.
        hazards: Ranges of the source, in code points, that must not reach the reader.
    """
    return [*_changed(spans, source), *_hazards(spans, source, hazards)]


def voice_faults(spans: Sequence[Span], standard: Standard) -> list[Objection]:
    """Return what is wrong with how voices are used and with what the AI says."""
    found = [
        _objection("empty_span", f"a span of '{s.voice}' is empty") for s in spans if not s.text
    ]
    for is_human, run in groupby(spans, key=lambda span: span.voice == Voice.HUMAN):
        if not is_human:
            found += _remark_faults(list(run), standard)
    return found


def move_fault(error: ParseError, sentence: int | None = None) -> Objection:
    """Return the objection to tagged text that breaks its scheme."""
    return Objection("lint", error.code, f"{error}\n{error.hint}", sentence)


def _objection(code: str, what: str) -> Objection:
    return Objection("lint", code, what)


def _changed(spans: Sequence[Span], source: str) -> Iterator[Objection]:
    seen, begun = 0, 0
    for span in spans:
        if span.voice != Voice.HUMAN or span.source_start is None:
            continue
        end = span.source_start + len(span.text)
        if source[span.source_start : end] != span.text:
            what = f"human text at {span.source_start} differs from the source: {_shown(span.text)}"
            yield _objection("source_changed", what)
        elif span.source_start < begun and end <= begun:
            what = f"source text at {span.source_start} stands behind text that follows it"
            yield _objection("source_order", what)
        elif span.source_start < seen:
            yield _objection("source_repeated", f"source text at {span.source_start} stands twice")
        begun, seen = max(begun, span.source_start), max(seen, end)


def _hazards(
    spans: Sequence[Span], source: str, hazards: Sequence[tuple[int, int]]
) -> Iterator[Objection]:
    for start, end in hazards:
        secret = runs(words(source[start:end]), _HAZARD_WORDS)
        for is_source, run in groupby(spans, key=lambda span: span.source_start is not None):
            stretch = list(run)
            if is_source:
                left = "".join(source[max(start, _start(s)) : min(end, _end(s))] for s in stretch)
                if words(left):
                    yield _objection("hazard_kept", f"a hazard was not cut: {_shown(left)}")
            elif said := secret & runs(words("".join(s.text for s in stretch)), _HAZARD_WORDS):
                what = f"words of a hazard are repeated: {_shown(min(said))}"
                yield _objection("hazard_quoted", what)


def _start(span: Span) -> int:
    return span.source_start or 0


def _end(span: Span) -> int:
    return _start(span) + len(span.text)


def _remark_faults(remark: list[Span], standard: Standard) -> Iterator[Objection]:
    own = "".join(span.text for span in remark if span.voice == Voice.AI)
    own_words = words(own)
    yield from _quote_faults(remark, len(own_words), standard)
    size = sum(len(span.text) for span in remark)
    if standard.max_remark_chars is not None and size > standard.max_remark_chars:
        what = f"a remark of {size} characters is longer than {standard.max_remark_chars}"
        yield _objection("too_long", f"{what}: {_shown(own)}")
    if any(looks_like_tag(span.text, working_scheme()) for span in remark):
        yield _objection("markup_left", f"something like a tag is left in {_shown(own)}")
    for match in (_MARKUP.search(own), _MARKDOWN.search(own) if standard.plain else None):
        if match:
            yield _objection("markup_left", f"markup is left in the AI's voice: {match[0]!r}")
    for match in standard.banned.pattern.finditer(own):
        why = standard.banned.why.get(_plain(match[0]), "a worn phrase")
        yield _objection("banned_phrase", f"do not say {match[0]!r}: {why}")
    copied = runs(own_words, COPIED_WORDS) & standard.instructions
    if copied:
        yield _objection("copied_prompt", f"copied from the instructions: {min(copied)!r}")


def _quote_faults(remark: list[Span], own_words: int, standard: Standard) -> Iterator[Objection]:
    if not own_words:
        said = _shown("".join(span.text for span in remark))
        yield _objection("no_words", f"the AI's voice says nothing of its own in {said}")
    nothing = Span(Voice.AI, "")
    framed = [nothing, *remark, nothing]
    for (before, quote), after in zip(pairwise(framed), framed[2:], strict=False):
        if quote.voice == Voice.AI or not quote.text:
            continue
        if 0 < own_words < _COMMENT_WORDS:
            what = f"a quotation stands without a comment: {_shown(quote.text)}"
            yield _objection("quote_alone", what)
        if standard.quotes_in_marks and not _is_marked(before.text, quote.text, after.text):
            what = f"put quotation marks around what is quoted: {_shown(quote.text)}"
            yield _objection("quote_unmarked", what)


def _is_marked(before: str, quote: str, after: str) -> bool:
    """Return whether quotation marks stand around a quotation, outside or inside its tags."""
    outside = _OPENED.search(before) and _CLOSED.match(after)
    return bool(outside or _WHOLLY_MARKED.fullmatch(quote))


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
