"""What code can find wrong with what the AI and its writer say, as objections with a code each.

===================  ==============================================================================
``illegal_move``     a tag where the scheme has no such move; also ``unclosed``, ``unescaped`` and
                     ``no_voice``, which say how else tagged text can break its scheme
``empty_span``       a span holds nothing
``no_words``         the AI's voice is opened and says nothing of its own
``too_long``         a remark is longer than its limit
``markup_left``      something like a tag, HTML, a chat template's token or a mark of ours is left
``quote_unmarked``   a quotation does not stand in quotation marks, where the form asks for them
``quote_alone``      a quotation stands without a comment of the AI's own beside it
``banned_phrase``    a phrase that the constitution bans, with the reason
``worn_opening``     what the AI says begins as machines begin
``worn_name``        a person is called what models call everybody
``copied_prompt``    words of the instructions are repeated
===================  ==============================================================================
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from pipeline.voices.escape import looks_like_tag
from pipeline.voices.scheme import working_scheme
from pipeline.voices.words import runs, words
from schemas.document import Objection, Span, Voice
from schemas.errors import ParseError

# Eight words in a row from a prompt are no accident.
COPIED_WORDS = 8
# "He says:" is not a comment; in Turkish and Korean three words can be one.
_COMMENT_WORDS = 3
_SHOWN = 40
_OPENING_CHARS = 60

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
        names: Names that nobody is given who is made up.
        openings: How nothing begins that the AI says.
        instructions: Every run of ``COPIED_WORDS`` words of the prompts.
        max_remark_chars: Longest stretch of AI and quoted voices; None if any length will do.
        quotes_in_marks: Whether what is quoted has to stand in quotation marks.
        plain: Whether Markdown is out of place in the AI's voice.
    """

    banned: Banned
    names: Banned = field(default_factory=lambda: Banned.of({}))
    openings: Banned = field(default_factory=lambda: Banned.of({}))
    instructions: frozenset[str] = frozenset()
    max_remark_chars: int | None = None
    quotes_in_marks: bool = False
    plain: bool = False


def voice_faults(spans: Sequence[Span], standard: Standard) -> list[Objection]:
    """Return what is wrong with how voices are used and with what the AI says."""
    found = [
        _objection("empty_span", f"a span of '{s.voice}' is empty") for s in spans if not s.text
    ]
    for is_human, run in groupby(spans, key=lambda span: span.voice == Voice.HUMAN):
        if not is_human:
            found += _remark_faults(list(run), standard)
    return found


def written_faults(spans: Sequence[Span], source: str, standard: Standard) -> list[Objection]:
    """Return what is wrong with human text that was written, and with the names in all of it."""
    found: list[Objection] = []
    for span in spans:
        if span.source_start is not None:
            continue
        if span.voice == Voice.HUMAN:
            found += [*_markup(span.text, "a human's"), *_copied(words(span.text), standard)]
        for match in standard.names.pattern.finditer(span.text):
            if _phrase_in(match[0], source):
                continue
            what = f"call nobody {match[0]!r}: {standard.names.why.get(_plain(match[0]), '')}"
            found.append(_objection("worn_name", what))
    return found


def _phrase_in(phrase: str, text: str) -> bool:
    return re.search(rf"(?<!\w){_phrase(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def move_fault(error: ParseError, sentence: int | None = None) -> Objection:
    """Return the objection to tagged text that breaks its scheme."""
    return Objection("lint", error.code, f"{error}\n{error.hint}", sentence)


def _objection(code: str, what: str) -> Objection:
    return Objection("lint", code, what)


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
    yield from _markup(own, "the AI's")
    if standard.plain and (match := _MARKDOWN.search(own)):
        yield _objection("markup_left", f"markup is left in the AI's voice: {match[0]!r}")
    for match in standard.banned.pattern.finditer(own):
        why = standard.banned.why.get(_plain(match[0]), "a worn phrase")
        yield _objection("banned_phrase", f"do not say {match[0]!r}: {why}")
    begins = standard.openings.pattern.search(own[:_OPENING_CHARS])
    if begins and remark[0].voice == Voice.AI and not words(own[: begins.start()]):
        yield _objection("worn_opening", f"do not begin with {begins[0]!r}: {_shown(own)}")
    yield from _copied(own_words, standard)


def _markup(text: str, whose: str) -> Iterator[Objection]:
    if match := _MARKUP.search(text):
        yield _objection("markup_left", f"markup is left in {whose} voice: {match[0]!r}")


def _copied(said: list[str], standard: Standard) -> Iterator[Objection]:
    copied = runs(said, COPIED_WORDS) & standard.instructions
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
