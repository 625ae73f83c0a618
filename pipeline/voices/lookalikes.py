r"""What looks like a tag, wherever it stands: the one definition that escaping and parsing share.

A look-alike is an opening bracket, any number of backslashes, any number of ``/`` and ``|``, and
the name of a tag of a shipped scheme or of the scheme in use:

- the bracket is ``<``, a character that resembles it (such as ``＜ ‹ ⟨``), or either as an HTML
  entity, named, decimal or hexadecimal, escaped again any number of times (``&amp;lt;``);
- the name is read as the eye reads it: ``folding`` says how. Its letters may be entities too;
- between all these there may be white space, invisible and direction-changing characters,
  emphasis marks (``*``, `````, ``~``) and markup (``<b>``, ``&lt;b&gt;``);
- behind the name no letter or digit may follow. Nothing else is asked, so attributes, ``/>`` and
  tags that are never closed are look-alikes too; only a name that is read across blanks, emphasis
  or other ``_`` than its own must be closed, so that ``0 < a_i`` is left alone.

What follows the backslashes reads the same whether or not brackets in it are escaped. So
putting backslashes behind some brackets makes no new look-alike and undoes none.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape as decoded
from html.entities import html5

from pipeline.voices.folding import UNSEEN, folded
from pipeline.voices.scheme import load_scheme, scheme_names
from pipeline.voices.words import UNSPACED
from schemas.scheme import Scheme

# By number, since an editor may normalise one of them into another. The double brackets of Chinese,
# French and Russian quotations are not among them: 《AI》 and «AI» are titles and words.
_WIDE = "\uff1c\ufe64\u2039\u3008\u2329\u27e8\u29fc\u02c2\u276e\u276c\u2770\u2991\u2989\u22d6\u27ea"
_WIDE += "\ufe3f\u227a\u226e\u2280\u1438\u16b2\U00016f3f\U0001d236"
BRACKETS = "<" + _WIDE
"""Every character that can open a look-alike."""

# Ampersands of other widths begin entities once a text has been normalised.
WIDE_AMPERSANDS = "\uff06\ufe60"
_AGAIN = "(?:(?:amp|AMP|[#＃]0*+38|[#＃][xX]0*+26)[;；]?)*+"


def entity_names(chars: str) -> frozenset[str]:
    """Return the names of the HTML entities that stand for any of ``chars``; case matters."""
    return frozenset(name.rstrip(";") for name, value in html5.items() if value[0] in chars)


def _entities(chars: str) -> str:
    """Return a pattern for any of some characters as an entity, behind its ampersand."""
    named = "|".join(sorted(entity_names(chars), key=lambda name: (-len(name), name)))
    # Browsers read 128 to 159 as Windows-1252, which has a bracket at 139.
    codes = [*map(ord, chars), 139]
    decimal = "|".join(map(str, codes))
    hexadecimal = "|".join(
        "".join(f"[{digit}{digit.upper()}]" for digit in f"{code:x}") for code in codes
    )
    numbered = rf"[#＃]0*+(?:{decimal})(?![0-9])|[#＃][xX]0*+(?:{hexadecimal})(?![0-9a-fA-F])"
    # Nearly all ampersands of prose are sorted out by the next two characters.
    heads = "|".join(sorted({"[#＃]", "am", "AM", "ｌ", *(n[:2] for n in entity_names(chars))}))
    # lt is read without a semicolon whatever follows; the others need their end.
    named = f"(?:{named})(?![0-9A-Za-z])"
    unseen = f"[{UNSEEN}]*+"
    lt = "(?:lt|LT|ｌｔ)"
    return rf"(?={unseen}(?:{heads})){unseen}{_AGAIN}(?:(?:{numbered}|{named}|{lt})[;；]?)"


_AMP = f"&{_AGAIN}"
_LT = f"{_AMP}(?:lt|LT|#0*+60|#[xX]0*+3[cC]);?"
_GT = f"{_AMP}(?:gt|GT|#0*+62|#[xX]0*+3[eE]);?"
# Backslashes are allowed for, and not counted, wherever a bracket may have been escaped.
_MARKUP = "|".join(
    (
        r"<!--(?:\\*+(?!-->)[^\\]){0,500}+\\*+-->",
        r"""<(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+>""",
        r"<[^<>]*+>",
        rf"{_LT}(?:[^<>&]|{_AMP}(?:quot|apos|nbsp|#34|#39|#160);)*+{_GT}",
    )
)
_SEPARATORS = r"\s*`~"
_HIDDEN = rf"(?:[{_SEPARATORS}{UNSEEN}]|{_MARKUP})*+"
_IS_HIDDEN = re.compile(rf"[{_SEPARATORS}{UNSEEN}]*")
_IS_UNSEEN = re.compile(f"[{UNSEEN}]*")
_SEPARATES = re.compile(rf"(?:{_MARKUP}|[{UNSEEN}])*+([{_SEPARATORS}])")
# What is hidden, then the next character that is seen, as an entity or as it stands.
_CODE = r"#0*+[0-9]{1,7}|#[xX]0*+[0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30}"
_NEXT = re.compile(rf"({_HIDDEN})(?:{_AMP}({_CODE});?|(.))", re.DOTALL)
_WORD_GOES_ON = re.compile(rf"[_-]*+[^\W_{UNSPACED}]")
_CLOSES = re.compile(rf"(?:\\*+[^\\<>]){{0,100}}?\\*+(?:[>＞﹥›⟩〉\u232a❯˃]|{_GT})")
_BARS = frozenset("/|∣│¦‖")


@dataclass(frozen=True)
class Names:
    """The names of tags that text must not imitate, folded, and patterns that find their brackets.

    Attributes:
        whole: The names.
        exact: The same with their ``_`` and ``-``.
        longest: The length of the longest of these.
        begun: Every beginning of a name.
        plain: Finds ``<``, as group 1, and the backslashes behind it, as group 2.
        entity: The same for entities.
        wide: The same for brackets of other scripts.
    """

    whole: frozenset[str]
    exact: frozenset[str]
    longest: int
    begun: frozenset[str]
    plain: re.Pattern[str]
    entity: re.Pattern[str]
    wide: re.Pattern[str]

    @classmethod
    def of(cls, tags: Iterable[str]) -> "Names":
        """Return the finder of these tags' names."""
        plain = {re.sub("[<>|/]", "", tag) for tag in tags}
        exact = frozenset("".join(folded(char) or char for char in name) for name in plain)
        whole = frozenset(map(folded, exact))
        first = "".join(sorted({c for name in whole for c in (name[0], name[0].upper())}))
        # Nearly all brackets of ordinary text are sorted out here, before any Python runs.
        may_follow = rf"{_HIDDEN}(?:[{re.escape(first)}/|_]|&[#a-zA-Z]|[^\x00-\x7f])"
        entities = _entities(BRACKETS)
        patterns = (
            re.compile(rf"({bracket})(\\*+)(?={may_follow})")
            for bracket in ("<", f"&{entities}", f"[{_WIDE}]|[{WIDE_AMPERSANDS}]{entities}")
        )
        begun = {name[:end] for name in whole for end in range(1, len(name) + 1)}
        return cls(whole, exact, max(map(len, exact)), frozenset(begun), *patterns)


@cache
def _shipped_tags() -> tuple[str, ...]:
    return tuple(tag for name in scheme_names() for tag in load_scheme(name).tags)


@cache
def _names(tags: tuple[str, ...]) -> Names:
    return Names.of(_shipped_tags() + tags)


def tag_names(scheme: Scheme) -> frozenset[str]:
    """Return the folded names of all tags that text under a scheme must not imitate."""
    return _names(scheme.tags).whole


def lookalikes(text: str, scheme: Scheme) -> list[re.Match[str]]:
    """Return everything in ``text`` that looks like a tag, in order.

    Each match covers the bracket (group 1) and the backslashes behind it (group 2): where there
    is none, the look-alike is not escaped.
    """
    patterns = []
    # Searching for one character at a time runs at the speed of memory.
    if "<" in text:
        patterns.append("plain")
    if "&" in text:
        patterns.append("entity")
    if not text.isascii() and any(bracket in text for bracket in _WIDE + WIDE_AMPERSANDS):
        patterns.append("wide")
    if not patterns:
        return []
    names = _names(scheme.tags)
    found = [
        match
        for pattern in patterns
        for match in getattr(names, pattern).finditer(text)
        if _is_named(text, match.end(), names)
    ]
    return sorted(found, key=re.Match.start) if len(patterns) > 1 else found


def _is_named(text: str, position: int, names: Names) -> bool:
    """Return whether the name of a tag can be read from ``position`` on.

    A name that is read across blanks, emphasis or a ``_`` of its own must be closed by a bracket:
    ``<a_i>`` looks like a tag, and the inequality ``0 < a_i`` does not.
    """
    said, exact = "", ""
    for char, behind, is_apart in _seen(text, position):
        letter = folded(char)
        if not said and (char in _BARS or letter in _BARS):
            continue
        # "<- human" is an arrow; "<_AI_>" is a tag in italics.
        if not said and not letter and char != "_":
            return False
        said += letter
        # No longer than it can matter: a million "_" would be copied a million times.
        exact = f"{exact}{letter or char}"[: names.longest + 1]
        if said and said not in names.begun:
            return False
        if letter and said in names.whole and not _WORD_GOES_ON.match(text, behind):
            is_plain = not is_apart and exact in names.exact
            if is_plain or _CLOSES.match(text, behind):
                return True
    return False


def _seen(text: str, position: int) -> Iterator[tuple[str, int, bool]]:
    """Yield what the eye sees from ``position`` on, character by character, entities decoded.

    With each character go the place behind it, and whether a blank or emphasis has come before.
    """
    is_apart = False
    while match := _NEXT.match(text, position):
        position = match.end()
        char = _entity(match[2]) if match[2] else match[3]
        is_apart |= bool(_SEPARATES.match(match[1]))
        if _IS_HIDDEN.fullmatch(char):
            is_apart |= not _IS_UNSEEN.fullmatch(char)
        else:
            yield char, position, is_apart


def _entity(name: str) -> str:
    """Return what an entity stands for; names in the wrong case are read as browsers do not."""
    char = decoded(f"&{name};")
    return decoded(f"&{name.lower()};") if char.startswith("&") else char
