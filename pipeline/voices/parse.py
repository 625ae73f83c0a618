"""Tagged text back to spans, or an error that says where it breaks its scheme."""

import re
from collections.abc import Iterator
from functools import cache

from pipeline.voices.escape import without_escapes
from pipeline.voices.lookalikes import lookalikes
from pipeline.voices.render import project
from pipeline.voices.scheme import way
from schemas.document import Span, Voice
from schemas.errors import ParseError
from schemas.scheme import Move, Scheme, State

_SHOWN_BEFORE, _SHOWN_AFTER = 40, 20


def parse(text: str, scheme: Scheme, *, start: Voice | None = None) -> list[Span]:
    """Return the spans of tagged text, neighbours differing, none empty, source places unknown.

    Args:
        text: Tagged text; escapes in it are undone.
        scheme: What the tags mean.
        start: The voice it begins in and must end in, if it is an excerpt and not a whole text.

    Raises:
        ParseError: A tag stands where the scheme has no such move, something that is no tag
            looks like one and is not escaped, text stands where nobody speaks, or the text ends
            too early.
    """
    return project(_spans(text, scheme, start), scheme)


def _spans(text: str, scheme: Scheme, start: Voice | None) -> Iterator[Span]:
    moves = _moves(scheme.moves)
    begun: State = scheme.shown(start) if start else scheme.start
    here, last = begun, 0
    for match in _tags(scheme.tags).finditer(text) if "<" in text else ():
        yield from _said(text, last, match.start(), here, scheme)
        if (here, match[0]) not in moves:
            raise _misplaced(text, match, here, scheme)
        here, last = moves[here, match[0]], match.end()
    yield from _said(text, last, len(text), here, scheme)
    if here not in ((begun,) if start else scheme.ends):
        raise ParseError(
            f"the text ends at {_place(text, len(text))} in voice '{here}'",
            hint=f"close it with {''.join(way(scheme, here, begun))}: it must end in '{begun}', as "
            "it began",
            code="unclosed",
            position=len(text),
            state=here,
            expected=_legal(scheme, here),
        )


@cache
def _tags(tags: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(tag) for tag in tags))


@cache
def _moves(moves: tuple[Move, ...]) -> dict[tuple[State, str], State]:
    return {(leaves, move.tag): move.enters for move in moves for leaves in move.leaves}


def _said(text: str, start: int, end: int, here: State, scheme: Scheme) -> Iterator[Span]:
    """Yield the span between two tags, if anything stands there."""
    segment = text[start:end]
    if not segment:
        return
    if not isinstance(here, Voice):
        legal = _legal(scheme, here)
        raise ParseError(
            f"text stands where nobody speaks, at {_place(text, start)}\n"
            + _pointed(text, start, start + 1),
            hint=f"begin it with {' or '.join(legal)}",
            code="no_voice",
            position=start,
            state=here,
            expected=legal,
        )
    found = lookalikes(segment, scheme)
    bare = next((match for match in found if not match[2]), None)
    if bare:
        raise _unescaped(text, start + bare.start(), start + bare.end(), here, scheme)
    yield Span(here, without_escapes(segment, found))


def _unescaped(text: str, position: int, end: int, here: State, scheme: Scheme) -> ParseError:
    legal = _legal(scheme, here)
    return ParseError(
        f"something at {_place(text, position)} looks like a tag and is none, in voice '{here}'\n"
        + _pointed(text, position, end),
        hint=f"if a tag is meant, write {' or '.join(legal)} exactly so; if not, put a backslash "
        "behind the bracket",
        code="unescaped",
        position=position,
        state=here,
        expected=legal,
    )


def _misplaced(text: str, match: re.Match[str], here: State, scheme: Scheme) -> ParseError:
    legal = _legal(scheme, here)
    return ParseError(
        f"{match[0]} at {_place(text, match.start())} is not legal in voice '{here}'\n"
        + _pointed(text, match.start(), match.end()),
        hint=f"in voice '{here}' there may be {' or '.join(legal)}",
        code="illegal_move",
        position=match.start(),
        state=here,
        expected=legal,
    )


def _legal(scheme: Scheme, here: State) -> tuple[str, ...]:
    return tuple(move.tag for move in scheme.moves if here in move.leaves)


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"line {line}, column {column} (character {position})"


def _pointed(text: str, start: int, end: int) -> str:
    """Return the line around a range, and under it a line of carets."""
    begin = max(text.rfind("\n", 0, start) + 1, start - _SHOWN_BEFORE)
    line = text[begin : end + _SHOWN_AFTER]
    newline = line.find("\n", end - begin)
    shown = line if newline < 0 else line[:newline]
    # What has no width, or more than one, would move the carets away from their place.
    shown = "".join(char if char.isprintable() else "·" for char in shown)
    return f"{shown}\n{' ' * (start - begin)}{'^' * (end - start)}"
