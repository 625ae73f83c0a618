"""At the gate: who of a source may come in, by licence, by opt-out, by draw, by language.

Nobody is turned away in silence: a document that may not come in is rejected with its reason,
and counted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import fsspec
import langcodes
import py3langid
from langcodes.tag_parser import LanguageTagError

from pipeline.draws import fraction
from schemas.document import Document, Note
from schemas.errors import RecipeError
from schemas.exchange import canonical, sha256
from schemas.recipe import SourceSection

# Enough to tell the language; the detector walks byte by byte.
_SAMPLE_CHARS = 2000
_SCHEME = re.compile(r"^https?://(www\.)?", re.IGNORECASE)


@dataclass(frozen=True)
class Gate:
    """Decides about the documents of one source.

    Attributes:
        section: What the recipe says of it.
        opted_out: Lines of its opt-out list.
        seed: The recipe's, for the draw.
    """

    section: SourceSection
    opted_out: tuple[str, ...] = ()
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
        return sha256(
            canonical(sorted(section.licenses or ())),
            canonical(section.languages),
            str(section.share),
            self.seed if section.share < 1 else "",
            canonical(sorted(self.opted_out)),
        )

    def _license(self, document: Document) -> Note | None:
        allowed = self.section.licenses
        if allowed is None:
            return None
        found = document.metadata.license
        if found is None:
            return Note.reject("license", "no license is given")
        if self._licensed.fullmatch(found.strip()):
            return None
        return Note.reject("license", f"'{found}' is not among {', '.join(allowed)}")

    @cached_property
    def _licensed(self) -> re.Pattern[str]:
        return _pattern(self.section.licenses or ())

    def _opt_out(self, document: Document) -> Note | None:
        if not self.opted_out:
            return None
        own_id = document.source_id.partition("/")[2]
        names = [document.source_id, own_id, _plain_url(document.metadata.url or "")]
        for name in filter(None, names):
            if name.rstrip("/") in self._exact or self._begins_so(f"{name}/"):
                return Note.reject("opted_out", f"'{name}' is on the opt-out list")
        return None

    @cached_property
    def _exact(self) -> frozenset[str]:
        lines = (_plain_url(line) for line in self.opted_out if not line.endswith("*"))
        return frozenset(line.rstrip("/") for line in lines)

    def _begins_so(self, name: str) -> bool:
        # By length, so that a million prefixes cost no more than their few different lengths.
        return any(name[:length] in prefixes for length, prefixes in self._prefixes.items())

    @cached_property
    def _prefixes(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for line in self.opted_out:
            if line.endswith("*"):
                prefix = _plain_url(line[:-1])
                found.setdefault(len(prefix), set()).add(prefix)
        return found

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
        found = found or str(py3langid.classify(document.text[:_SAMPLE_CHARS])[0])
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
    return Gate(section, tuple(_lines(section)), seed)


def _lines(section: SourceSection) -> Iterable[str]:
    if section.opt_out is None:
        return []
    try:
        with fsspec.open(section.opt_out, "rt", encoding="utf-8-sig", compression="infer") as file:
            lines = [line.strip() for line in file]
    except (OSError, ValueError, ImportError) as error:
        raise RecipeError(
            f"the opt-out list of source '{section.name}' cannot be read: {error}",
            hint="mend `opt_out`: a text file with an id or a URL on each line",
        ) from error
    return [line for line in lines if line and not line.startswith("#")]


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    parts = (".*".join(map(re.escape, name.split("*"))) for name in names)
    return re.compile("|".join(parts) or "(?!)", re.IGNORECASE | re.DOTALL)


def _plain_url(url: str) -> str:
    """Return a URL without ``https://www.``, its host in lower case.

    Who opts out with one spelling is not to come in under another.
    """
    rest, had = _SCHEME.subn("", url.strip())
    host, slash, path = rest.partition("/")
    return f"{host.lower()}{slash}{path}" if had else rest


def _code(name: str) -> str:
    """Return the two- or three-letter code in a language tag such as ``en-GB``, or ""."""
    try:
        return str(langcodes.Language.get(name.strip()).language or "")
    except LanguageTagError:
        return ""
