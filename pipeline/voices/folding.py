"""Letters as the eye takes them: case, width, style and look-alikes of other scripts folded."""

import unicodedata
from functools import cache


def folded(text: str) -> str:
    """Return how a tag's name reads: ``ＡＩ``, ``𝐀𝐈``, Cyrillic ``АІ`` and ``a_i`` are all ``ai``.

    Each character is replaced by its compatibility form (NFKC), its case is folded, and what the
    Unicode consortium lists as confusable with an ASCII letter becomes that letter (UTS #39,
    ``confusables.txt``). ``_`` and ``-`` are left out. ASCII letters and digits are never
    confused with each other: ``al`` and ``a1`` are not ``ai``.
    """
    return "".join(map(_letter, text))


@cache
def _letter(char: str) -> str:
    if char.isascii():
        return "" if char in "_-" else char.lower()
    plain = unicodedata.normalize("NFKC", char).casefold()
    if plain.isascii():
        return plain
    lookalikes = _lookalikes()
    return "".join(lookalikes.get(c, c) for c in plain)


@cache
def _lookalikes() -> dict[str, str]:
    """Return the ASCII letter, digit or mark that a character can be mistaken for."""
    # Imported late: its tables take 10 ms, and hardly any text needs them.
    from confusable_homoglyphs.confusables import confusables_data

    found: dict[str, str] = {}
    # The consortium's tables file everything like I under l; here it is read as i.
    marks = {"l": "i", "/": "/", "|": "|", "_": "", "-": ""}
    for target in [*marks, *"abcdefghijkmnopqrstuvwxyz"]:
        for variant in (target, target.upper()):
            for entry in confusables_data.get(variant, ()):
                for char in (entry["c"], entry["c"].casefold()):
                    if len(char) == 1 and not char.isascii():
                        found.setdefault(char, marks.get(target, target))
    return found
