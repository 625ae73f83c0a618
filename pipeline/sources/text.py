"""Plain text and Markdown: one file is one document, and a unit holds many files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

import yaml

from pipeline.door import Row
from pipeline.reading.files import COMPRESSED, DamageError, opened
from pipeline.sources import Source
from schemas.exchange import sha256
from schemas.unit import SourceFile, Unit

_MARKDOWN = (".md", ".markdown")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\r?\n)+")
_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\r?\n(?P<block>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_KEY = re.compile(r"(?:\s*#[^\n]*\n)*\s*[\w.-]+[ \t]*:(?:\s|\Z)")
_NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)
# More than anybody writes, and less than takes long to read.
_LONGEST_FRONT = 1 << 16
# A longer file fills the memory of whoever reads it.
_LONGEST_FILE = 1 << 28
# A bundle is cut where a file's hash says so, on average each `unit_rows` files; without a bound
# one in twenty would hold three times as many, and be planned again for each that changes.
_MOST_UNITS = 4


class _Plain(yaml.SafeLoader):  # type: ignore[misc]
    """Reads scalars as they are written, but for null, and nothing that has a tag.

    Fields are text: `id: 0123` is not 83, `version: 1.10` not 1.1, and `author: No` not false.
    Constructors of numbers, dates and merged keys fail in ways of their own over odd values.
    """

    yaml_implicit_resolvers: ClassVar = {
        char: [(tag, form) for tag, form in known if tag.endswith(":null")]
        for char, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors: ClassVar = {
        None: yaml.SafeLoader.yaml_constructors[None],
    } | {
        f"tag:yaml.org,2002:{name}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{name}"]
        for name in ("str", "seq", "map", "null")
    }

    def flatten_mapping(self, node: yaml.Node) -> None:
        """Leave merged keys alone: a few hundred bytes of them can ask for gigabytes."""


class Text(Source):
    """A file's id is its name; compressed files are unpacked.

    A Markdown file may begin with front matter: YAML between a line ``---`` and a line ``---`` or
    ``...``. Its keys become fields, and the text is what follows. What stands between such lines
    but is no mapping, as between two rules of a text, is text. What begins with a key but is no
    sound YAML was meant as front matter, and rejects the file (``bad_front_matter``): it would
    otherwise be trained on.
    """

    software: ClassVar = ("pyyaml",)
    endings: ClassVar = (".txt", ".text", ".md", ".markdown", ".rst")

    def gathered(self, files: Sequence[SourceFile], unit_rows: int) -> Iterator[SourceFile]:
        """Yield bundles of files. One that comes or goes changes its own bundle, rarely the next.

        Where a bundle begins depends on the names in it alone.
        """
        bundle: list[SourceFile] = []
        for file in files:
            begins = int(sha256(file.name), 16) % unit_rows == 0
            if bundle and (begins or len(bundle) == _MOST_UNITS * unit_rows):
                yield _bundle(bundle)
                bundle = []
            bundle.append(file)
        if bundle:
            yield _bundle(bundle)

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units of ``unit_rows`` files; none of them is opened."""
        files = len(file.members or (file,))
        for first in range(0, files, unit_rows):
            yield Unit(file, first, min(unit_rows, files - first), first, first)

    def records(self, file: SourceFile, offset: int) -> Iterator[SourceFile]:
        """Yield files; an offset is a number of files."""
        yield from (file.members or (file,))[offset:]

    def row(self, file: SourceFile, number: int, record: SourceFile) -> Row:
        """Return a file as a row."""
        name = record.name
        try:
            with opened(record) as stream:
                data = stream.read(_LONGEST_FILE + 1)
            if len(data) > _LONGEST_FILE:
                what = f"the file has more than {_LONGEST_FILE:,} bytes"
                return Row(number, None, "too_large", what, name)
            text = data.decode().removeprefix("\ufeff")
        except DamageError as damage:
            return Row(number, None, "damaged", f"the file cannot be read: {damage}", name)
        except UnicodeDecodeError as error:
            detail = f"byte {error.start} of the file is not UTF-8"
            return Row(number, None, "not_utf8", detail, name)
        try:
            front, text = _parted(text) if _is_markdown(name) else ({}, text)
        except _NOT_YAML as error:
            return Row(number, None, "bad_front_matter", _what(error), name)
        return Row(number, {"id": name, **front, "text": text}, name=name)


def _bundle(files: list[SourceFile]) -> SourceFile:
    return SourceFile(
        source=files[0].source,
        name=files[0].name,
        url=files[0].url,
        bytes=sum(file.bytes for file in files),
        stamp=sha256(*(part for file in files for part in (file.name, file.stamp))),
        members=tuple(files),
    )


def _is_markdown(name: str) -> bool:
    path = PurePosixPath(name.lower())
    return (path.with_suffix("") if path.suffix in COMPRESSED else path).suffix in _MARKDOWN


def _parted(text: str) -> tuple[Mapping[str, Any], str]:
    """Return a Markdown file's front matter as fields, and the text behind it.

    Raises:
        YAMLError, ValueError, RecursionError: It was meant as front matter, but cannot be read.
    """
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    block = found["block"]
    try:
        if len(block) > _LONGEST_FRONT:
            raise ValueError(f"it has more than {_LONGEST_FRONT:,} characters")
        fields = yaml.load(block, _Plain)
    except _NOT_YAML:
        if _KEY.match(block):
            raise
        return {}, text
    if fields is None or isinstance(fields, dict):
        return fields or {}, _BLANK_LINES.sub("", text[found.end() :])
    return {}, text


def _what(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    # The mark counts from 0, and from the line behind the opening one.
    return f"line {mark.line + 2}: {what}" if mark else f"the front matter cannot be read: {what}"
