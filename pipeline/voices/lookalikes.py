r"""What looks like a tag, wherever it stands: the one definition that escaping and parsing share.

A look-alike is an opening bracket, any number of backslashes, any number of ``/`` and ``|``, and
the name of a tag of a shipped scheme or of the scheme in use:

- the bracket is ``<``, a character that resembles it (such as ``＜ ‹ ⟨``), or either as an HTML
  entity, named, decimal or hexadecimal, escaped again any number of times (``&amp;lt;``);
- the name is read as the eye reads it: ``folding`` says how. Its letters may be entities too;
- between all these there may be white space, invisible and direction-changing characters,
  emphasis marks (``*``, `````, ``~``) and markup (``<b>``, ``&lt;b&gt;``);
- behind the name no ASCII letter or digit may follow. Nothing else is asked, so attributes, ``/>``
  and tags that are never closed are look-alikes too.

What follows the backslashes reads the same whether or not brackets in it are escaped. So
putting backslashes behind some brackets makes no new look-alike and undoes none.
"""

import re
from dataclasses import dataclass
from functools import cache
from html import unescape as decoded
from html.entities import html5

from pipeline.voices.folding import folded
from pipeline.voices.scheme import load_scheme, scheme_names
from pipeline.voices.soundness import tag_name
from schemas.scheme import Scheme

# By number, since an editor may normalise one of them into another.
_WIDE = "\uff1c\ufe64\u2039\u3008\u2329\u27e8\u29fc\u02c2\u276e\u276c\u2770\u2991\u227a\u1438\u16b2"
_WIDE += "\U00016f3f\U0001d236"
# Control characters, soft hyphen, joiners, directional marks, fillers, variation selectors, the
# byte order mark, tag characters.
_UNSEEN = "\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
_UNSEEN += "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
_UNSEEN += "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"

_AGAIN = r"(?:amp;?|#0*+38;?|#x0*+26;?)*+"
_AMP = f"&{_AGAIN}"


BRACKETS = "<" + _WIDE
"""Every character that can open a look-alike."""


def entity_names(chars: str) -> frozenset[str]:
    """Return the names, in lower case, of the HTML entities that stand for any of ``chars``."""
    return frozenset(n.rstrip(";").lower() for n, value in html5.items() if value in set(chars))


def _entities(chars: str) -> str:
    """Return a pattern for any of some characters as an entity, to be read in any case."""
    named = "|".join(sorted(entity_names(chars), key=lambda name: (-len(name), name)))
    decimal = "|".join(str(ord(char)) for char in chars)
    hexadecimal = "|".join(f"{ord(char):x}" for char in chars)
    numbered = rf"#0*+(?:{decimal})(?!\d)|#x0*+(?:{hexadecimal})(?![0-9a-f])"
    # Browsers read lt without a semicolon whatever follows; the others need their end.
    # Nearly all ampersands of prose are sorted out by the next two characters.
    heads = "|".join(sorted({"#", "am", *(name[:2] for name in entity_names(chars))}))
    return rf"&(?={heads}){_AGAIN}(?:(?:{numbered}|(?:{named})(?![0-9a-z]));?|lt;?)"


# No bracket may begin inside markup that is skipped; a backslash may stand in it.
_MARKUP = rf"<[^<>]*+>|{_AMP}(?:lt|#0*+60|#x0*+3c);?[^<>&]*+{_AMP}(?:gt|#0*+62|#x0*+3e);?"
_HIDDEN = rf"(?:[\s*`~{_UNSEEN}]|{_MARKUP})*+"
_IS_HIDDEN = re.compile(rf"[\s*`~{_UNSEEN}]*")
# The next character that is seen, as an entity (group 1) or as it stands (group 2).
_NEXT = re.compile(
    rf"(?i:{_HIDDEN}(?:{_AMP}(#0*+\d{{1,7}}|#x0*+[0-9a-f]{{1,6}}|[a-z]\w{{1,30}});?|(.)))",
    re.DOTALL,
)
_WORD_GOES_ON = re.compile(r"[_*`~-]*+[0-9A-Za-z]")
_BARS = frozenset("/|∣│ǀ")


@dataclass(frozen=True)
class Names:
    """The names of tags that text must not imitate, folded, and patterns that find their brackets.

    Attributes:
        whole: The names.
        begun: Every beginning of a name.
        plain: Finds ``<``, as group 1, and the backslashes behind it, as group 2.
        entity: The same for entities.
        wide: The same for brackets of other scripts.
    """

    whole: frozenset[str]
    begun: frozenset[str]
    plain: re.Pattern[str]
    entity: re.Pattern[str]
    wide: re.Pattern[str]

    @classmethod
    def of(cls, whole: frozenset[str]) -> "Names":
        """Return the finder of these names."""
        first = "".join(sorted({name[0] for name in whole} - {"&"}))
        # Nearly all brackets of ordinary text are sorted out here, before any Python runs.
        may_follow = rf"(?i:{_HIDDEN}(?:[{re.escape(first)}/|_]|&[#a-z]|[^\x00-\x7f]))"
        patterns = (
            re.compile(rf"({bracket})(\\*+)(?={may_follow})")
            for bracket in ("<", f"(?i:{_entities(BRACKETS)})", f"[{_WIDE}]")
        )
        begun = {name[:end] for name in whole for end in range(1, len(name) + 1)}
        return cls(whole, frozenset(begun), *patterns)


@cache
def _shipped_names() -> frozenset[str]:
    tags = (tag for name in scheme_names() for tag in load_scheme(name).tags)
    return frozenset(map(tag_name, tags))


@cache
def _names(tags: tuple[str, ...]) -> Names:
    return Names.of(_shipped_names() | frozenset(map(tag_name, tags)))


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
    if not text.isascii() and any(bracket in text for bracket in _WIDE):
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
    """Return whether the name of a tag can be read from ``position`` on."""
    said = ""
    while match := _NEXT.match(text, position):
        position = match.end()
        char = decoded(f"&{match[1].lower()};") if match[1] else match[2]
        if _IS_HIDDEN.fullmatch(char) or (not said and (char in _BARS or folded(char) in _BARS)):
            continue
        # "<- human" is an arrow; "<_AI_>" is a tag in italics.
        if not said and char != "_" and not folded(char):
            return False
        said += folded(char)
        if said and said not in names.begun:
            return False
        if said in names.whole and not _WORD_GOES_ON.match(text, position):
            return True
    return False
