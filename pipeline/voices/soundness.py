"""What makes a scheme unusable: rules under which every text is read in one way only."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import regex

from pipeline.voices.folding import folded
from schemas.document import Voice
from schemas.scheme import OUTSIDE, Scheme, State

_TAG = regex.compile(r"<\|?/?(?P<name>\p{L}(?:[\p{L}\p{M}\p{Nd}_.-]*[\p{L}\p{M}\p{Nd}])?)\|?>")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a scheme, and what to do about it."""

    what: str
    remedy: str


def tag_name(tag: str) -> str:
    """Return the name inside a tag's brackets, folded: the same for ``<AI>`` and ``</ai>``."""
    match = _TAG.fullmatch(tag)
    return folded(match["name"]) if match else ""


def flaw(scheme: Scheme) -> Flaw | None:
    """Return the first thing that is wrong with a scheme, or None if it is sound.

    In a sound closing scheme every tag leaves one state, no two tags make the same move and every
    text ends where it began. So whatever single tag is lost, doubled or changed, the next tag or
    the end finds the wrong state: the text is refused.
    """
    rules: tuple[Callable[[Scheme], Iterator[Flaw]], ...] = (
        _shapes,
        _namesakes,
        _moves,
        _closing,
        _states,
        _ways,
        _voices,
    )
    return next((found for rule in rules for found in rule(scheme)), None)


def _shapes(scheme: Scheme) -> Iterator[Flaw]:
    """A tag ends at the first ``>``, so none of them can be the beginning of another."""
    if not scheme.moves:
        yield Flaw("it has no tags", "add at least one of [[moves]]")
    for tag in scheme.tags:
        match = _TAG.fullmatch(tag)
        if not match:
            yield Flaw(
                f"{tag} does not have the form of a tag",
                "a tag is a name of letters, digits, '_', '-' and '.', beginning and ending with a"
                " letter or digit, as <name>, </name>, <|name|> or <|/name|>",
            )
        elif unseen := [char for char in match["name"] if char not in "_-" and not folded(char)]:
            yield Flaw(
                f"a character of {tag} is not seen: U+{ord(unseen[0]):04X}",
                "write the name with letters that are",
            )


def _namesakes(scheme: Scheme) -> Iterator[Flaw]:
    for tag, count in Counter(scheme.tags).items():
        if count > 1:
            yield Flaw(
                f"the tag {tag} stands in {count} moves",
                "give each move a tag of its own, or one move several `leaves`",
            )
    for one, other in combinations(scheme.tags, 2):
        if tag_name(one) == tag_name(other) and ("/" in one) == ("/" in other):
            yield Flaw(
                f"the tags {one} and {other} look alike",
                f"both read as '{tag_name(one)}': case, '_', '-' and letters of other scripts that "
                "look the same make no difference; rename one",
            )


def _moves(scheme: Scheme) -> Iterator[Flaw]:
    made: dict[tuple[State, State], str] = {}
    for move in scheme.moves:
        if len(set(move.leaves)) < len(move.leaves):
            yield Flaw(f"{move.tag} leaves a state twice", "name each state once in `leaves`")
        for leaves in dict.fromkeys(move.leaves):
            if leaves == move.enters:
                yield Flaw(
                    f"the tag {move.tag} leads from '{leaves}' to itself",
                    "take that state out of its `leaves`",
                )
            if (leaves, move.enters) in made:
                yield Flaw(
                    f"{made[leaves, move.enters]} and {move.tag} both lead from '{leaves}' to "
                    f"'{move.enters}'",
                    "leave one of them out",
                )
            made[leaves, move.enters] = move.tag


def _closing(scheme: Scheme) -> Iterator[Flaw]:
    for move in scheme.moves:
        if scheme.closes and len(move.leaves) > 1:
            yield Flaw(
                f"the tag {move.tag} may stand in {len(move.leaves)} states, so a lost tag before "
                "it would go unnoticed",
                "give it one state in `leaves`, or declare `closes = false`",
            )


def _states(scheme: Scheme) -> Iterator[Flaw]:
    moves = {(leaves, move.enters) for move in scheme.moves for leaves in move.leaves}
    for state in scheme.states:
        if state not in _reached(scheme.start, moves):
            yield Flaw(
                f"no text can reach '{state}' from its start, '{scheme.start}'",
                f"add a move that enters '{state}', or leave it out",
            )
        if scheme.closes and scheme.start not in _reached(state, moves):
            yield Flaw(
                f"a text that is in '{state}' can never end",
                f"add moves that lead from '{state}' back to '{scheme.start}'",
            )


def _ways(scheme: Scheme) -> Iterator[Flaw]:
    moves = {(leaves, move.enters) for move in scheme.moves for leaves in move.leaves}
    for state in scheme.states:
        for voice in set(scheme.states) - {OUTSIDE} - _reached(state, moves):
            yield Flaw(
                f"no tags lead from '{state}' to '{voice}'",
                f"add moves so that '{voice}' can follow '{state}'",
            )


def _reached(start: State, moves: set[tuple[State, State]]) -> set[State]:
    reached, new = {start}, {start}
    while new:
        new = {enters for leaves, enters in moves if leaves in new} - reached
        reached |= new
    return reached


def _voices(scheme: Scheme) -> Iterator[Flaw]:
    spoken = set(scheme.states) - {OUTSIDE}
    if not spoken:
        yield Flaw("nobody can speak in it", "add moves that enter voices")
    for voice in Voice:
        other = scheme.instead.get(voice)
        if voice in spoken and other is not None:
            yield Flaw(
                f"voice '{voice}' has tags and is also written as '{other}'",
                f"take '{voice}' out of [instead]",
            )
        elif voice not in spoken and other is None:
            yield Flaw(
                f"it does not say what becomes of voice '{voice}'",
                f"name under [instead] the voice to write '{voice}' as, or give it tags",
            )
        elif other is not None and other not in spoken:
            yield Flaw(
                f"voice '{voice}' is written as '{other}', which has no tags itself",
                f"name one of {', '.join(sorted(spoken))} under [instead]",
            )
