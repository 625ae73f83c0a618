r"""Who has opted out: a list of ids and URLs, and whether a document is on it.

A line stands for a document's id (with or without its source's name before it) or for a URL. A
``*`` at its end stands for all that begin so. Lines that begin with ``#`` are comments; an id that
begins so is written as ``\#…``.

Ids are compared as they are given, but for Unicode's NFC. URLs are compared by what they lead to,
however they are spelled: scheme, user, ``www.``, the ports 80 and 443, a dot at the host's end, the
fragment, escapes (``%41``), ``//``, ``/./`` and a slash at the end do not count, nor does the
host's case. A host with another port is another host; so is a subdomain. A line that names no
scheme is a URL too where its first segment looks like a host, as in ``example.com/*``.

A URL that is only a host (``example.com``, ``https://example.com/``) covers the whole site, as
people mean it. One with a fragment covers the one page, as ``https://example.com/#/letters/7``
would cover its site else.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from unicodedata import normalize
from urllib.parse import unquote

import fsspec

from schemas.document import Document
from schemas.errors import RecipeError
from schemas.recipe import SourceSection

# Without slashes only what cannot be a host and its port: `localhost:8080/a` has no scheme.
_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:/+|//+|https?:)", re.IGNORECASE)
_HOST_END = re.compile("[/?#]|$")
_PORT = re.compile(":[0-9]*$")
_USUAL_PORTS = ("", ":", ":80", ":443")
# What remains must be a name: of `https://www.*` nothing would, and nothing begins all names.
_WWW = re.compile(r"^www\.(?=.)")
_SLASHES = re.compile(r"/(?:\.?/)+")


@dataclass(frozen=True)
class _Names:
    """Names and beginnings of names.

    The beginnings are kept by length, so that a million of them cost no more than their few
    different lengths.
    """

    exact: set[str] = field(default_factory=set)
    beginnings: dict[int, set[str]] = field(default_factory=dict)

    def add_beginning(self, name: str) -> None:
        self.beginnings.setdefault(len(name), set()).add(name)

    def begin(self, name: str) -> bool:
        return any(name[:length] in names for length, names in self.beginnings.items())


@dataclass(frozen=True)
class OptOut:
    """An opt-out list.

    Attributes:
        lines: Its ids and URLs, without blanks around them and without comments.
    """

    lines: tuple[str, ...] = ()

    def name_of(self, document: Document) -> str | None:
        """Return the id or URL by which a document is on the list, or None if it is not."""
        ids, urls = self._listed
        for name in (document.source_id, document.source_id.partition("/")[2]):
            own_id = normalize("NFC", name)
            if own_id in ids.exact or ids.begin(own_id):
                return name
        url = document.metadata.url
        plain = plain_url(url) if url else None
        # `https://example.org/a/*` covers `https://example.org/a`.
        if plain is not None and (plain in urls.exact or urls.begin(f"{plain}/")):
            return url
        return None

    @cached_property
    def _listed(self) -> tuple[_Names, _Names]:
        """The ids and the URLs that the lines stand for."""
        ids, urls = _Names(), _Names()
        for line in self.lines:
            if line.endswith("*"):
                ids.add_beginning(normalize("NFC", line[:-1]))
            else:
                ids.exact.add(normalize("NFC", line))
            _add_url(_bare(line), urls)
        return ids, urls


def read_opt_out(section: SourceSection) -> OptOut:
    """Return a source's opt-out list, an empty one if the recipe names none.

    Raises:
        RecipeError: The list cannot be read.
    """
    if section.opt_out is None:
        return OptOut()
    try:
        with fsspec.open(section.opt_out, "rt", encoding="utf-8-sig", compression="infer") as file:
            return OptOut(tuple(_lines(file)))
    # Each compression and each store raises errors of its own: lzma.LZMAError, zstandard's,
    # botocore's derive from Exception alone.
    except Exception as error:
        raise RecipeError(
            f"the opt-out list of source '{section.name}' cannot be read: {error}",
            hint="mend `opt_out`: a text file with an id or a URL on each line",
        ) from error


def plain_url(url: str) -> str:
    """Return a URL in the one spelling of all that lead to the same page: ``example.org/a``.

    Who opts out with one spelling is not to come in under another.
    """
    host, path = _parted(url)
    return normalize("NFC", _plain_host(host) + path).removesuffix("/.").rstrip("/")


def _lines(file: Iterable[str]) -> Iterable[str]:
    for line in map(str.strip, file):
        if line and not line.startswith("#"):
            yield line[1:] if line.startswith("\\#") else line


def _add_url(line: str, urls: _Names) -> None:
    """Add what a line stands for if it is read as a URL, or nothing if it is none."""
    name = line.removesuffix("*")
    scheme = _SCHEME.match(name)
    if not (scheme or _begins_with_host(name)):
        return
    if "#" in name:
        urls.exact.add(plain_url(name))
    elif name != line:
        beginning = _plain_beginning(name)
        # `s3://*` is about a store, not about all that has a URL.
        if beginning or (scheme and scheme[0].lower().startswith(("http", "//"))):
            urls.add_beginning(beginning)
    else:
        plain = plain_url(name)
        urls.exact.add(plain)
        if "/" not in plain:
            urls.add_beginning(f"{plain}/")


def _begins_with_host(name: str) -> bool:
    first = name[: _host_length(name)]
    return "." in first[1:] and len(first.split()) == 1


def _plain_beginning(url: str) -> str:
    """Return the beginning of all plain URLs that begin as this one does."""
    host, path = _parted(url)
    # A host that ends here may go on: the dot in `https://example.*` is not at its end.
    return normalize("NFC", (_plain_host(host) if path else _named_host(host)) + path)


def _parted(url: str) -> tuple[str, str]:
    """Return the host as it is spelled, and all behind it but the fragment, decoded once."""
    rest = _SCHEME.sub("", _bare(url).partition("#")[0])
    length = _host_length(rest)
    path = unquote(rest[length:])
    if path.startswith("?"):
        path = f"/{path}"
    return unquote(rest[:length]), _SLASHES.sub("/", path)


def _host_length(rest: str) -> int:
    end = _HOST_END.search(rest)
    return end.start() if end else len(rest)


def _plain_host(host: str) -> str:
    named = _named_host(host)
    found = _PORT.search(named)
    port = found[0] if found else ""
    name = named.removesuffix(port).rstrip(".")
    return name if port in _USUAL_PORTS else name + port


def _named_host(host: str) -> str:
    return _WWW.sub("", host.rpartition("@")[2].lower())


def _bare(text: str) -> str:
    return text.strip().strip("<>").strip()
