"""Checking files: which are read, how, and under which scheme."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
from pydantic import ValidationError

from pipeline.checking.report import Fault, Report
from pipeline.checking.rows import row_faults
from pipeline.corpus.versions import Dataset
from pipeline.parquet import parquet_file
from pipeline.reading.files import DamageError, listing, opened
from pipeline.sources.jsonl import Jsonl
from pipeline.store import Folder
from pipeline.voices.scheme import working_scheme
from schemas.errors import CorruptError, SourceError, VersionError
from schemas.recipe import SourceSection
from schemas.scheme import Scheme
from schemas.unit import SourceFile

_COMPRESSED = r"(\.(gz|zst|bz2|xz))?$"
_PARQUET = re.compile(r"\.parquet$", re.IGNORECASE)
_LINES = re.compile(rf"\.(jsonl|ndjson|json){_COMPRESSED}", re.IGNORECASE)
_TEXT = re.compile(rf"\.txt{_COMPRESSED}", re.IGNORECASE)
# In folders; a .json file there is more often a manifest than lines.
_READ_IN_FOLDERS = (_PARQUET, _TEXT, re.compile(rf"\.(jsonl|ndjson){_COMPRESSED}", re.IGNORECASE))
_BESIDE = ("spans", "source_text", "form", "id")

_Row = tuple[int | None, Mapping[str, Any] | Fault]


@dataclass(frozen=True)
class Checker:
    """Checks files.

    Attributes:
        scheme: What the tags mean; None for what the manifest of the version says to which a file
            belongs, or the default scheme if it belongs to none.
        column: The name of the field or column that holds the text.
        shown: How many faults of each code are kept with their places.
    """

    scheme: Scheme | None = None
    column: str = "text"
    shown: int = 3

    def check(self, url: str, report: Report) -> None:
        """Read a file, or every file of a folder, and add to the report what is wrong.

        Raises:
            SourceError: There is no such file or folder.
            CorruptError: The manifest beside a file cannot be read.
        """
        try:
            files = listing(SourceSection(name="checked", use="jsonl", url=url)).files
        except SourceError as error:
            raise SourceError(
                f"there is nothing to check at {url}",
                hint="give a file of Parquet, JSON Lines or text, or a folder that holds some",
            ) from error
        folder = Folder(url)
        is_folder = folder.fs.isdir(folder.path)
        for file in files:
            path = f"{url.rstrip('/')}/{file.name}" if is_folder else url
            if is_folder and not any(kind.search(file.name) for kind in _READ_IN_FOLDERS):
                report.skip(path)
            else:
                self._file(file, path, report)

    def _file(self, file: SourceFile, path: str, report: Report) -> None:
        report.files += 1
        scheme = self.scheme or self._manifests.scheme(file) or working_scheme()
        if scheme.name not in report.schemes:
            report.schemes.append(scheme.name)
        rows = 0
        for number, row in _rows(file, self.column):
            rows += 1
            if isinstance(row, Fault):
                report.add([row.at(path, number)], self.shown)
                continue
            report.texts += 1
            name = row.get("id") if isinstance(row.get("id"), str) else None
            found = row_faults(row, scheme, self.column)
            report.add([fault.at(path, number, name) for fault in found], self.shown)
        if not rows:
            report.add([Fault("no_text", "the file holds no text").at(path)], self.shown)

    @cached_property
    def _manifests(self) -> "Manifests":
        return Manifests({})


@dataclass(frozen=True)
class Manifests:
    """The schemes of versions, pulled or as datasets hold them, by folder and by shard.

    Attributes:
        known: What was found so far: by folder, a scheme for each of its shards' names, or for
            "" if it is a pulled version.
    """

    known: dict[str, dict[str, Scheme]]

    def scheme(self, file: SourceFile) -> Scheme | None:
        """Return the scheme that the manifest of a file's version names, or None.

        It is looked for in the file's folder and in the one above: shards lie in ``data/`` of a
        pulled version, in ``shards/`` of a dataset.

        Raises:
            CorruptError: A manifest cannot be read.
        """
        name = PurePosixPath(file.url.partition("://")[2]).name
        for folder in (file.url.rpartition("/")[0], file.url.rsplit("/", 2)[0]):
            if folder not in self.known:
                self.known[folder] = _schemes(folder)
            found = self.known[folder].get("") or self.known[folder].get(name)
            if found:
                return found
        return None


def _schemes(url: str) -> dict[str, Scheme]:
    folder = Folder(url)
    try:
        manifest = _json(folder.read("manifest.json"))
        # Other programs have manifests of that name too.
        if isinstance(manifest, dict) and "scheme" in manifest:
            return {"": Scheme.model_validate(manifest["scheme"])}
        dataset = Dataset(url)
        return {
            f"{shard.sha256}.parquet": Scheme.model_validate(manifest.scheme)
            for manifest in map(dataset.manifest, dataset.numbers())
            for shards in dataset.lists(manifest).values()
            for shard in shards.shards
        }
    except (ValidationError, VersionError) as error:
        raise CorruptError(
            f"the manifest in {folder} holds no scheme that can be read",
            hint="say which scheme it is: --scheme NAME",
        ) from error


def _json(data: bytes | None) -> object:
    try:
        return json.loads(data or b"null")
    except ValueError:
        return None


def _rows(file: SourceFile, column: str) -> Iterator[_Row]:
    """Yield every row with its number, or what keeps it or the rest of the file from being read."""
    try:
        if _PARQUET.search(file.name):
            yield from _table_rows(file, column)
        elif _LINES.search(file.name):
            yield from _lines(file)
        else:
            with opened(file) as stream:
                yield None, _whole(stream.read(), column)
    except (OSError, pa.ArrowException, SourceError, DamageError) as error:
        why = (error.__cause__ or error) if isinstance(error, SourceError) else error
        what = f"it cannot be read to its end: {why}"
        yield None, Fault("unreadable", what, "fetch or make the file anew")


def _lines(file: SourceFile) -> Iterator[_Row]:
    source = Jsonl()
    for number, line in enumerate(source.records(file, 0)):
        row = source.row(file, number, line)
        if row.fields is not None:
            yield row.number + 1, row.fields
        elif row.reason != "blank":
            yield row.number + 1, Fault(row.reason, row.detail)


def _whole(data: bytes, column: str) -> Mapping[str, Any] | Fault:
    try:
        return {column: data.decode("utf-8-sig")}
    except UnicodeDecodeError as error:
        return Fault("not_utf8", f"byte {error.start} of the file is not UTF-8")


def _table_rows(file: SourceFile, column: str) -> Iterator[_Row]:
    with fsspec.open(file.url, "rb") as stream:
        table = parquet_file(stream)
        names = table.schema_arrow.names
        if column not in names:
            what = f"there is no column '{column}', there are {', '.join(names)}"
            yield None, Fault("no_text", what, "give --field")
            return
        columns = [column, *(name for name in _BESIDE if name in names)]
        number = 0
        for batch in table.iter_batches(256, columns=columns, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                yield number, row
