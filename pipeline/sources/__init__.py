"""Sources: outside files as rows. One file for each format."""

import io
import lzma
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import fsspec
import pyarrow as pa
from fsspec.core import url_to_fs

from pipeline.door import Row
from pipeline.plugins import Plugin
from schemas.errors import SourceError
from schemas.recipe import SourceSection
from schemas.unit import SourceFile, Unit

_MAGIC = "*?["


class Source(Plugin):
    """Reads one file format."""

    @abstractmethod
    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield the units of a file, in its order, as soon as each is known."""

    @abstractmethod
    def rows(self, unit: Unit) -> Iterator[Row]:
        """Yield the rows of a unit; a row that cannot be read is yielded with the reason."""


def source_files(section: SourceSection) -> list[SourceFile]:
    """Return the files that a source's URL names, sorted by name.

    Raises:
        SourceError: There is nothing there, or the store cannot be reached.
    """
    try:
        fs, path = url_to_fs(section.url)
        if any(char in path for char in _MAGIC):
            fixed = path[: min(path.find(c) for c in _MAGIC if c in path)].rpartition("/")[0]
            found = fs.glob(path, detail=True)
        elif fs.isdir(path):
            fixed, found = path.rstrip("/"), fs.find(path, detail=True)
        else:
            fixed = path.rpartition("/")[0]
            found = {path: fs.info(path)} if fs.exists(path) else {}
    except (OSError, ValueError, ImportError) as error:
        raise SourceError(
            f"source '{section.name}' cannot be listed at {section.url}: {error}",
            hint="mend `url` under [[source]]",
        ) from error
    files = [
        SourceFile(
            source=section.name,
            name=name.removeprefix(fixed).lstrip("/"),
            url=fs.unstrip_protocol(name),
            bytes=int(info.get("size") or 0),
            stamp=stamp(info),
        )
        for name, info in sorted(found.items())
        if info["type"] == "file" and not name.rpartition("/")[2].startswith(".")
    ]
    if not files:
        raise SourceError(
            f"source '{section.name}' matches no file at {section.url}",
            hint="mend `url` under [[source]]; a relative path starts at the recipe's folder",
        )
    return files


def stamp(info: dict[str, object]) -> str:
    """Return what changes when a file does: the store's ETag, or size and modification time."""
    etag = info.get("ETag") or info.get("etag") or info.get("md5Hash")
    return str(etag or f"{info.get('size')}:{info.get('mtime') or info.get('LastModified')}")


@contextmanager
def opened(file: SourceFile, offset: int = 0) -> Iterator[IO[bytes]]:
    """Yield a file's bytes as a stream, decompressed by its ending, from ``offset`` on.

    Raises:
        SourceError: It is gone, damaged, or not what it was when the build was planned.
    """
    place = f"{file.source}/{file.name}"
    if file.name.endswith(".zip"):
        raise SourceError(
            f"{place} is an archive, which may hold several files",
            hint="unpack it, or compress the file by itself with gzip or zstd",
        )
    try:
        fs, path = url_to_fs(file.url)
        if stamp(fs.info(path)) != file.stamp:
            raise SourceError(
                f"{place} has changed since this build was planned",
                hint="run the same command again; the changed file is planned anew",
            )
        is_zst = file.name.endswith(".zst")
        with fsspec.open(file.url, "rb", compression=None if is_zst else "infer") as raw:
            # zstandard's own reader ends in silence where a file was cut off; pyarrow's does not.
            stream = io.BufferedReader(pa.CompressedInputStream(raw, "zstd")) if is_zst else raw
            if offset:
                stream.seek(offset)
            yield stream
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise SourceError(
            f"{place} cannot be read: {error}",
            hint="mend the file, or take it out of the source",
        ) from error
