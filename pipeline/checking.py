"""Checking tagged text that lies in files: Parquet, JSON Lines or plain text, ours or anybody's.

A text must follow its scheme. Where spans are stored beside it they must say the same as its tags,
and where the source is, human text must be the source's. Then the AI's part is linted.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from sys import maxsize
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.door import NO_TEXT
from pipeline.forms import Form
from pipeline.plugins import plugin_class, plugin_names
from pipeline.sources import opened, source_files
from pipeline.sources.jsonl import Jsonl
from pipeline.standards import banned_phrases, instruction_runs
from pipeline.store import Folder
from pipeline.voices.lint import Standard, move_fault, source_faults, voice_faults
from pipeline.voices.parse import parse
from pipeline.voices.render import project, restore, store
from prompts import Prompts
from schemas.document import Objection, Span, StoredSpan, Voice
from schemas.errors import CorruptError, ParseError, SourceError
from schemas.recipe import SourceSection
from schemas.scheme import Scheme
from schemas.unit import SourceFile, Unit

_LINES = re.compile(r"\.(jsonl|ndjson|json)(\.(gz|zst|bz2|xz))?$")
# In folders; a .json file there is more often a manifest than lines.
_LINES_FOR_SURE = re.compile(r"\.(jsonl|ndjson)(\.(gz|zst|bz2|xz))?$")
_PARQUET = re.compile(r"\.parquet$")
_TEXT = re.compile(r"\.txt(\.(gz|zst|bz2|xz))?$")
_BESIDE = ("spans", "source_text", "form")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, by its code, with the place of the text: ``file:row``."""

    code: str
    place: str
    what: str


@dataclass
class Report:
    """What a check came to.

    Attributes:
        files: Files that were read.
        skipped: Files in folders that are neither Parquet, JSON Lines nor ``.txt``.
        texts: Texts that were read.
        wrong: Texts, lines and files with a fault.
        counts: Faults by code.
        places: The first faults of each code.
    """

    files: int = 0
    skipped: int = 0
    texts: int = 0
    wrong: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, faults: list[Fault], shown: int) -> None:
        """Count the faults of one text or file and keep the first ones of each code."""
        self.wrong += bool(faults)
        for fault in faults:
            self.counts[fault.code] = self.counts.get(fault.code, 0) + 1
            kept = self.places.setdefault(fault.code, [])
            if len(kept) < shown:
                kept.append(fault)


@dataclass(frozen=True)
class Checker:
    """Checks texts under one scheme.

    Attributes:
        scheme: What the tags mean.
        column: The name of the field or column that holds the text.
    """

    scheme: Scheme
    column: str = "text"

    def check(self, url: str, report: Report, shown: int) -> None:
        """Read a file, or every file of a folder, and add to the report what is wrong.

        Raises:
            SourceError: There is no such file or folder.
        """
        try:
            files = source_files(SourceSection(name="checked", use="jsonl", url=url))
        except SourceError as error:
            raise SourceError(
                f"there is nothing to check at {url}",
                hint="give a file of Parquet, JSON Lines or text, or a folder of them",
            ) from error
        for file in files:
            if len(files) > 1 and not _is_read(file.name):
                report.skipped += 1
                continue
            report.files += 1
            for place, row in _rows(file, self.column):
                report.texts += not isinstance(row, Fault)
                report.add([row] if isinstance(row, Fault) else self._placed(row, place), shown)

    def _placed(self, row: Mapping[str, Any], place: str) -> list[Fault]:
        return [Fault(found.code, place, found.what) for found in self.faults(row)]

    def faults(self, row: Mapping[str, Any]) -> list[Objection]:
        """Return what is wrong with one row; empty if nothing is, or nothing was written."""
        text = row.get(self.column)
        if text is None and "source_text" in row:
            return []
        if not isinstance(text, str):
            return [_fault("no_text", f"there is no string in '{self.column}'")]
        if bad := NO_TEXT.search(text):
            what = f"character {bad.start()} is {bad[0]!r}, which is no text"
            return [_fault("no_character", what)]
        try:
            spans = parse(text, self.scheme)
        except ParseError as error:
            return [move_fault(error)]
        if row.get("spans") is not None:
            try:
                spans = _stored(row["spans"], text, spans, self.scheme)
            except (KeyError, TypeError, ValueError) as error:
                return [_fault("bad_spans", str(error))]
        source = row.get("source_text")
        found = source_faults(spans, source) if isinstance(source, str) else []
        return [*found, *voice_faults(spans, self._standard(row.get("form")))]

    def _standard(self, form: object) -> Standard:
        return self._standards.get(str(form), self._standards[""])

    @cached_property
    def _standards(self) -> dict[str, Standard]:
        """What is asked of each form's text; and, under "", of text whose form is not known."""
        prompts = Prompts()
        banned, instructions = banned_phrases(prompts), instruction_runs(prompts)
        asked = {"": Standard(banned, instructions)}
        for name in plugin_names(Form):
            form = plugin_class(Form, name, "forms")  # type: ignore[type-abstract]
            asked[name] = Standard(
                banned, instructions, quotes_in_marks=form.quotes_in_marks, plain=form.plain
            )
        return asked


def _fault(code: str, what: str) -> Objection:
    return Objection("check", code, what)


def _is_read(name: str) -> bool:
    return any(kind.search(name) for kind in (_PARQUET, _LINES_FOR_SURE, _TEXT))


def _rows(file: SourceFile, column: str) -> Iterator[tuple[str, Mapping[str, Any] | Fault]]:
    """Yield every row with its place, or what keeps it or the rest of the file from being read."""
    path = file.url.removeprefix("file://")
    try:
        if _PARQUET.search(file.name):
            yield from _table_rows(file, path, column)
        elif _LINES.search(file.name):
            yield from _lines(file, path)
        else:
            with opened(file) as stream:
                yield path, _whole(stream.read(), path, column)
    except (OSError, pa.ArrowException) as error:
        yield path, Fault("unreadable", path, f"it cannot be read to its end: {error}")
    except SourceError as error:
        why = error.__cause__ or error
        yield path, Fault("unreadable", path, f"it cannot be read to its end: {why}")


def _lines(file: SourceFile, path: str) -> Iterator[tuple[str, Mapping[str, Any] | Fault]]:
    for row in Jsonl().rows(Unit(file=file, first=0, rows=maxsize)):
        place = f"{path}:{row.number + 1}"
        if row.fields is not None:
            yield place, row.fields
        elif row.reason != "blank":
            yield place, Fault(row.reason, place, row.detail)


def _whole(data: bytes, path: str, column: str) -> Mapping[str, Any] | Fault:
    try:
        return {column: data.decode("utf-8-sig")}
    except UnicodeDecodeError as error:
        return Fault("not_utf8", path, f"byte {error.start} of the file is not UTF-8")


def _table_rows(
    file: SourceFile, path: str, column: str
) -> Iterator[tuple[str, Mapping[str, Any] | Fault]]:
    with fsspec.open(file.url, "rb") as stream:
        table = pq.ParquetFile(stream, page_checksum_verification=True)
        names = table.schema_arrow.names
        if column not in names:
            what = f"there is no column '{column}', there are {', '.join(names)}; give --field"
            yield path, Fault("no_text", path, what)
            return
        columns = [column, *(name for name in _BESIDE if name in names)]
        number = 0
        for batch in table.iter_batches(batch_size=256, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}:{number}", row


def scheme_beside(url: str) -> Scheme | None:
    """Return the scheme that a pulled version or a dataset says it is in, or None.

    Raises:
        CorruptError: Its manifest cannot be read.
    """
    folder = Folder(url)
    if not folder.fs.isdir(folder.path):
        return None
    manifest = folder.read("manifest.json")
    if manifest is None and (versions := sorted((folder / "versions").names())):
        manifest = folder.read(f"versions/{versions[-1]}")
    if manifest is None:
        return None
    try:
        return Scheme.model_validate(json.loads(manifest)["scheme"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError(
            f"the manifest in {url} names no scheme: {error}", hint="say which: --scheme NAME"
        ) from error


def _stored(rows: Any, text: str, parsed: list[Span], scheme: Scheme) -> list[Span]:  # noqa: ANN401
    """Return the spans that are stored beside a text.

    Raises:
        KeyError: A span lacks a field.
        TypeError: They are no list of spans.
        ValueError: A voice or a range is impossible, or they do not say what the tags say.
    """
    places = [
        StoredSpan(Voice(row["voice"]), row["start"], row["end"], row.get("source_start"))
        for row in rows
    ]
    last = 0
    for number, place in enumerate(places):
        if not last <= place.start < place.end <= len(text):
            where = f"span {number} is {place.start} to {place.end}"
            raise ValueError(f"{where}, behind {last} and in a text of {len(text)} characters")
        last = place.end
    spans = restore(text, places)
    if project(spans, scheme) != parsed or store(spans, scheme).text != text:
        raise ValueError("the spans do not say what the tags in the text say")
    return spans
