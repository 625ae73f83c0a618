"""At the gate: who of a source may come in, by licence, by opt-out, by draw, by language.

Nobody is turned away in silence: a document that may not come in is rejected with its reason,
and counted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version

import langcodes
import py3langid
from langcodes.tag_parser import LanguageTagError

from pipeline.draws import fraction
from pipeline.optout import OptOut, read_opt_out
from schemas.document import Document, Note
from schemas.errors import RecipeError
from schemas.exchange import canonical, sha256
from schemas.recipe import SourceSection

# Enough to tell the language; the detector walks byte by byte.
_SAMPLE_CHARS = 2000
_LIST = re.compile("[,;\n]")
# Only as SPDX writes it: `GPL-3.0 or later` is one licence, and an `and` in small letters binds.
_OR = re.compile(r"\sOR\s")
_AND = re.compile(r"\sAND\s", re.IGNORECASE)
_BRACKETS = re.compile("[()]")
# They tell the languages, each release a little otherwise.
_LANGUAGE_PACKAGES = ("langcodes", "py3langid")


@dataclass(frozen=True)
class Gate:
    """Decides about the documents of one source.

    Attributes:
        section: What the recipe says of it.
        opted_out: Its opt-out list.
        seed: The recipe's, for the draw.
    """

    section: SourceSection
    opted_out: OptOut = field(default_factory=OptOut)
    seed: str = "0"

    def judged(self, document: Document) -> Document:
        """Return the document, rejected if it may not come in."""
        if document.settled:
            return document
        checks = (self._license, self._opt_out, self._draw, self._language)
        fault = next((note for check in checks if (note := check(document))), None)
        return document.add("gate", fault) if fault else document

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that decides here."""
        section = self.section
        # None lets everybody in, an empty list nobody.
        licenses = None if section.licenses is None else sorted(section.licenses)
        told_by = () if section.languages is None else map(version, _LANGUAGE_PACKAGES)
        return sha256(
            canonical(licenses),
            canonical(section.languages),
            canonical([*told_by]),
            str(section.share),
            self.seed if section.share < 1 else "",
            canonical(sorted(self.opted_out.lines)),
        )

    def _license(self, document: Document) -> Note | None:
        allowed = self.section.licenses
        if allowed is None:
            return None
        found = document.metadata.license
        if found is None:
            return Note.reject("license", "no license is given")
        if self._is_licensed(found):
            return None
        return Note.reject("license", f"'{found}' is not among {', '.join(allowed)}")

    def _is_licensed(self, found: str) -> bool:
        """Return whether the recipe allows a licence, which may be a list or an SPDX expression.

        Of a list (``A, B``) every part must be allowed, of ``A AND B`` both, of ``A OR B`` one.
        In an expression with brackets every licence must be. What the recipe names letter for
        letter is allowed without being taken apart.
        """
        if found.strip().lower() in {name.lower() for name in self.section.licenses or ()}:
            return True
        plain = _BRACKETS.sub(" ", found)
        if plain != found:
            plain = _OR.sub(" AND ", plain)
        parts = [part.strip() for part in _LIST.split(plain) if part.strip()]
        return bool(parts) and all(map(self._is_part_licensed, parts))

    def _is_part_licensed(self, part: str) -> bool:
        # AND binds tighter than OR: SPDX 2.3, annex D.
        return any(
            all(self._licensed.fullmatch(name.strip()) for name in _AND.split(choice))
            for choice in _OR.split(part)
        )

    @cached_property
    def _licensed(self) -> re.Pattern[str]:
        return _pattern(self.section.licenses or ())

    def _opt_out(self, document: Document) -> Note | None:
        if not self.opted_out.lines:
            return None
        name = self.opted_out.name_of(document)
        if name is not None:
            return Note.reject("opted_out", f"'{name}' is on the opt-out list")
        if document.metadata.url is None and self._left_url_out(document):
            return Note.reject(
                "url_unreadable",
                "the URL is no text: it cannot be told whether it is on the opt-out list",
            )
        return None

    def _left_url_out(self, document: Document) -> bool:
        """Return whether the door found a URL in the row that is no text."""
        said = f"field '{self.section.fields.get('url', 'url')}' is "
        return any(note.reason == "left_out" and said in note.detail for note in document.notes)

    def _draw(self, document: Document) -> Note | None:
        share = self.section.share
        if share == 1 or fraction(self.seed, document.source_id, "share") < share:
            return None
        return Note.reject("not_drawn", f"the source's share is {share:g}")

    def _language(self, document: Document) -> Note | None:
        if self.section.languages is None:
            return None
        said = document.metadata.language
        found = _code(said) if said else ""
        how = "is said to be" if found else "is recognised as"
        found = found or _detected(document.text)
        if found in self._languages:
            return None
        return Note.reject("language", f"the text {how} '{found}'")

    @cached_property
    def _languages(self) -> frozenset[str]:
        return frozenset(_code(name) or name for name in self.section.languages or ())


def open_gate(section: SourceSection, seed: str) -> Gate:
    """Return a source's gate, its opt-out list read.

    Raises:
        RecipeError: The list cannot be read, or a language is no language code.
    """
    for name in section.languages or ():
        if not _code(name):
            raise RecipeError(
                f"'{name}' in `languages` of [[source]] '{section.name}' is no language code",
                hint="write codes such as 'en', 'de' or 'zh'",
            )
    return Gate(section, read_opt_out(section), seed)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    parts = (".*".join(map(re.escape, name.split("*"))) for name in names)
    return re.compile("|".join(parts) or "(?!)", re.IGNORECASE | re.DOTALL)


def _detected(text: str) -> str:
    """Return the code of the language that a text seems to be in."""
    found = str(py3langid.classify(text[:_SAMPLE_CHARS])[0])
    # The detector says `tl` where the recipe's `fil` is meant.
    return _code(found) or found


def _code(name: str) -> str:
    """Return the two- or three-letter code in a language tag such as ``en-GB``, or ""."""
    try:
        return str(langcodes.Language.get(name.strip()).language or "")
    except LanguageTagError:
        return ""
