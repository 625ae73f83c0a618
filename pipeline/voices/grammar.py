r"""What may be written under a scheme, for engines that decode by rule.

``ebnf`` is a regular grammar in the notation of xgrammar, for structured outputs: whatever is
decoded under it, ``parse`` accepts. ``transitions`` is the same automaton as a table, for
tokenizers in which each tag is one token.

Text may hold whatever is not a look-alike of a tag, with a margin, since look-alikes themselves
do not fit into a grammar of useful size: an opening bracket must be followed by a character that
begins no tag's name, or by a backslash (``<\AI>`` says ``<AI>``), and an ampersand by nothing that
begins a bracket's entity.
"""

import string
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pipeline.voices.lookalikes import BRACKETS, WIDE_AMPERSANDS, entity_names, tag_names
from schemas.document import Voice
from schemas.scheme import OUTSIDE, Move, Scheme, State

_OPENS = f"{BRACKETS}&{WIDE_AMPERSANDS}"


@dataclass(frozen=True, slots=True)
class Transitions:
    """A scheme as a table.

    Attributes:
        states: Names of states; a state's number is its place here.
        tags: Tags; a tag's number is its place here.
        start: Number of the state in which a text begins.
        ends: Numbers of the states in which it may end.
        table: For each state and tag the number of the next state, -1 where the tag is illegal.
    """

    states: tuple[str, ...]
    tags: tuple[str, ...]
    start: int
    ends: tuple[int, ...]
    table: tuple[tuple[int, ...], ...]


def transitions(scheme: Scheme) -> Transitions:
    """Return a scheme's automaton as a table."""
    number = {state: index for index, state in enumerate(scheme.states)}
    return Transitions(
        states=tuple(str(state) for state in scheme.states),
        tags=scheme.tags,
        start=number[scheme.start],
        ends=tuple(number[state] for state in scheme.ends),
        table=tuple(
            tuple(number[move.enters] if state in move.leaves else -1 for move in scheme.moves)
            for state in scheme.states
        ),
    )


def ebnf(
    scheme: Scheme,
    *,
    start: Voice | None = None,
    voices: Collection[Voice] = tuple(Voice),
    max_tags: int | None = None,
    max_chars: int | None = None,
) -> str:
    """Return a grammar of the texts that are legal under a scheme.

    Args:
        scheme: What the tags mean.
        start: The voice it begins and must end in, if it is an excerpt and not a whole text.
        voices: Who may speak; a remark of the AI leaves out the human's own voice.
        max_tags: Most tags in a text, or None for any number. With ``max_chars`` it bounds the
            text, so that decoding ends however little a model knows.
        max_chars: Longest stretch between two tags, give or take a factor of three, or None.

    Raises:
        ValueError: No text of these voices can begin and end so.
    """
    begin: State = start or scheme.start
    states = {state for state in scheme.states if state in (*voices, OUTSIDE)}
    ends = {begin} if start or scheme.closes else states
    home = _tags_to_end(scheme.moves, states, ends & states)
    if begin not in home:
        raise ValueError(f"no text that begins in '{begin}' can end with these voices")
    many = "*" if max_chars is None else f"{{0,{max_chars}}}"
    rules = {f"text ::= unit{many}", f"unit ::= {' | '.join(_units(scheme))}"}
    todo, done = [(begin, max_tags)], set[tuple[State, int | None]]()
    while todo:
        here, left = todo.pop()
        done.add((here, left))
        after = None if left is None else left - 1
        open_to = [
            move
            for move in scheme.moves
            if here in move.leaves and move.enters in home
            if after is None or home[move.enters] <= after
        ]
        rules.add(_rule(here, left, open_to, may_end=here in ends))
        todo += [(m.enters, after) for m in open_to if (m.enters, after) not in done]
    return "\n".join([f"root ::= {_name(begin, max_tags)}", *sorted(rules)]) + "\n"


def _tags_to_end(moves: tuple[Move, ...], states: set[State], ends: set[State]) -> dict[State, int]:
    """Return how many tags each state is from an end, at least, if no other states are entered."""
    home = dict.fromkeys(ends, 0)
    for count in range(1, len(states)):
        near = {m.leaves for m in moves if m.enters in home and home[m.enters] == count - 1}
        home |= {s: count for leaves in near for s in leaves if s in states and s not in home}
    return home


def _name(state: State, left: int | None) -> str:
    return state if left is None else f"{state}_{left}"


def _rule(here: State, left: int | None, moves: list[Move], *, may_end: bool) -> str:
    after = None if left is None else left - 1
    ways_on = [f'"{move.tag}" {_name(move.enters, after)}' for move in moves]
    ways_on += ['""'] if may_end else []
    text = "" if here == OUTSIDE else "text "
    return f"{_name(here, left)} ::= {text}({' | '.join(ways_on)})"


def _units(scheme: Scheme) -> Iterator[str]:
    """Yield what text is made of: character by character, brackets and ampersands with a next."""
    begin = "".join(sorted({c for name in tag_names(scheme) for c in (name[0], name[0].upper())}))
    safe = "".join(c for c in string.printable[:94] if c not in f"{begin}/|_*`~&<\\")
    yield f"[^{_class(_OPENS)}]"
    yield f'[{_class(BRACKETS)}] ([ /]? [{_class(safe)}] | "\\\\")'
    # Full-width forms and what is not seen may begin an entity too: only ASCII goes on from here.
    names = entity_names(BRACKETS) | {"amp", "AMP"}
    heads = "".join(sorted({name[0] for name in names}))
    plain = "".join(c for c in string.printable[:97] if c not in f"{heads}#&<")
    yield f'"&" [{_class(plain)}]'
    for head in heads:
        nexts = "".join(sorted({name[1] for name in names if name[0] == head}))
        yield f'"&" [{head}] [^{_class(_OPENS)}{nexts}]'


def _class(chars: str) -> str:
    """Return characters as they are written inside a class of xgrammar's notation."""
    return "".join(
        c
        if c.isascii() and c.isalnum()
        else f"\\U{ord(c):08x}"
        if ord(c) > 0xFFFF
        else f"\\u{ord(c):04x}"
        for c in chars
    )
