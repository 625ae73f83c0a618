r"""Keep source text from speaking for the AI: whatever looks like a tag is made harmless.

A look-alike is an opening bracket, any number of backslashes, and the name of a
tag of any shipped scheme:

- the bracket is ``<``, a look-alike (such as ``＜ ‹ ⟨``), or either as an HTML entity, named,
  decimal or hexadecimal, escaped again any number of times (``&amp;lt;``);
- before and after an optional ``/`` or ``|`` there may be white space and invisible characters,
  and invisible characters may stand between the letters of the name;
- letters may be of either case or full-width; the name must end where the word ends, and nothing
  else is asked of what follows, so attributes, ``/>`` and unclosed tags are look-alikes too.

``escape`` puts one backslash behind the bracket: ``<AI>`` becomes ``<\AI>`` and ``<\AI>`` becomes
``<\\AI>``. ``unescape`` takes one away. Since the backslash falls inside the look-alike, both see
the same look-alikes in the same places, and one undoes the other for every text. No other
character changes.
"""

import re
from functools import cache

from pipeline.voices.scheme import load_scheme, scheme_names

# By number, since an editor may normalise one of them into another.
_BRACKETS = "<" + "".join(
    map(chr, (0xFF1C, 0xFE64, 0x2039, 0x3008, 0x2329, 0x27E8, 0x29FC, 0x02C2, 0x276E, 0x1438))
)
_CODES = "|".join(f"0*+{ord(c)}|x0*+{ord(c):x}" for c in _BRACKETS)
_AMP = r"&(?:(?:amp|#0*+38|#x0*+26);)*+"
_OPEN = rf"(?:[{_BRACKETS}]|(?i:{_AMP}(?:lt|lsaquo|lang|langle|#(?:{_CODES}))(?![0-9a-z]);?|"
_OPEN += rf"{_AMP}lt;?))"
# Control characters, soft hyphen, joiners, directional marks, fillers, variation selectors, the
# byte order mark, tag characters.
_UNSEEN = "\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
_UNSEEN += "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
_UNSEEN += "\U000e0000-\U000e01ef"


def _letter(char: str) -> str:
    variants = {char.lower(), char.upper()}
    variants |= {chr(ord(c) + 0xFEE0) for c in variants if "!" <= c <= "~"}
    return "[" + re.escape("".join(sorted(variants))) + "]"


@cache
def _lookalike() -> re.Pattern[str]:
    """Return a pattern whose group 1 is the bracket and group 2 the backslashes behind it."""
    tags = {tag for name in scheme_names() for tag in load_scheme(name).tags}
    words = {re.sub(r"^[</|\s]+|[>|\s]+$", "", tag) for tag in tags}
    # Longest first, so that the end of the word is looked for behind the whole name.
    names = "|".join(
        f"[{_UNSEEN}]*+".join(_letter(c) for c in word)
        for word in sorted(words, key=lambda w: (-len(w), w))
    )
    # Possessive runs, so that a million blanks or brackets cost one pass.
    between = rf"[\s{_UNSEEN}]*+"
    return re.compile(rf"({_OPEN})(\\*+){between}[/|／]?{between}(?:{names})(?![0-9A-Za-z_])")


_MAY_HOLD = re.compile(f"[{_BRACKETS}&]")


def escaped_at(text: str) -> list[int]:
    """Return the positions in ``text`` before which ``escape`` puts a backslash, ascending."""
    if not _MAY_HOLD.search(text):
        return []
    return [match.end(1) for match in _lookalike().finditer(text)]


def escape(text: str) -> str:
    """Return text in which nothing looks like a tag; ``unescape`` gives ``text`` back."""
    pieces: list[str] = []
    last = 0
    for position in escaped_at(text):
        pieces.append(text[last:position])
        last = position
    return "\\".join([*pieces, text[last:]])


def unescape(text: str) -> str:
    """Return what was escaped: one backslash less in every look-alike that has one."""
    if "\\" not in text:
        return text
    return _lookalike().sub(
        lambda match: match[1] + match[0][len(match[1]) + bool(match[2]) :], text
    )


def looks_like_tag(text: str) -> bool:
    """Return whether anything in ``text`` looks like a tag and is not escaped."""
    return any(not match[2] for match in _lookalike().finditer(text))
