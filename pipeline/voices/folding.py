"""Characters as the eye takes them: case, width, style and look-alikes of other scripts folded."""

import re
import unicodedata
from functools import cache

# Control characters, soft hyphen, joiners, directional marks, fillers, variation selectors, the
# byte order mark, tag characters; then marks that strike or underline a letter.
UNSEEN = "\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
UNSEEN += "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
UNSEEN += "\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
UNSEEN += "\U000e0000-\U000e0fff\u0305\u0332-\u0338\u033f\u035e-\u0362\u20d0-\u20f0"
"""Characters that are not seen, as the inside of a character class."""

_UNSEEN = re.compile(f"[{UNSEEN}]")
# Squared, circled and small capitals that have no compatibility form.
_LETTER_NAME = re.compile(r"(?:.* )?(?:LATIN|SYMBOL)(?: .*)? LETTER(?: SMALL CAPITAL)? ([A-Z])")


def folded(text: str) -> str:
    """Return how a tag's name reads: ``ＡＩ``, ``𝐀𝐈``, Cyrillic ``АІ`` and ``a_i`` are all ``ai``.

    Each character is replaced by its compatibility form (NFKC), its case is folded, and what the
    Unicode consortium lists as confusable with an ASCII letter becomes that letter (UTS #39,
    ``confusables.txt``). ``_``, ``-`` and what is not seen are left out. ASCII letters and digits
    are never confused with each other: ``al`` and ``a1`` are not ``ai``.
    """
    return "".join(map(_letter, text))


@cache
def _letter(char: str) -> str:
    if char.isascii():
        return "" if char in "_-" or _UNSEEN.match(char) else char.lower()
    if _UNSEEN.match(char):
        return ""
    # The dot is what is left of the Turkish capital I when its case is folded.
    plain = unicodedata.normalize("NFKC", char).casefold().replace("i\u0307", "i")
    if plain.isascii():
        return plain
    named = _LETTER_NAME.fullmatch(unicodedata.name(char, ""))
    if named:
        return named[1].lower()
    lookalikes = _lookalikes()
    return "".join(lookalikes.get(c, c) for c in plain)


@cache
def _lookalikes() -> dict[str, str]:
    """Return the ASCII letter, digit or mark that a character can be mistaken for."""
    # Imported late: its tables take 10 ms, and hardly any text needs them.
    from confusable_homoglyphs.confusables import confusables_data

    read_as = {target: target for target in "abcdefghijkmnopqrstuvwxyz"}
    # The consortium's tables file everything like I under l; here it is read as i.
    read_as |= {target.upper(): target for target in read_as} | {"l": "i", "L": "l"}
    read_as |= {"/": "/", "|": "|", "_": "", "-": ""}
    return {
        char: letter
        for target, letter in read_as.items()
        for entry in confusables_data.get(target, ())
        for char in {entry["c"], entry["c"].casefold()}
        # A letter of another script, such as the Japanese ノ, is not taken for a mark.
        if len(char) == 1 and not char.isascii() and (letter.isalpha() or not char.isalpha())
    }
