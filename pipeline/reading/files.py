"""The files of a source: found, opened, and watched for change.

Three things can go wrong with a file, and they are told apart here. The store refuses or is
lost: SourceError, which stops the build until somebody mends it. The file is not what
was planned: ChangedError, and it is planned again. Its bytes make no sense from some
place on: DamageError, which a source turns into one unreadable row, so that it is counted.
"""

import io
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
from fsspec.compression import compr
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import infer_compression

from schemas.errors import ChangedError, SourceError
from schemas.recipe import SourceSection
from schemas.unit import SourceFile

COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".lzma")
_MAGIC = "*?["
_ESCAPED = re.compile(r"\[([*?[])\]")
_BUFFER = 1 << 20


class DamageError(Exception):
    """From here on the bytes of a file cannot be read, whoever tries again."""


@dataclass(frozen=True)
class Listing:
    """What a source's URL names.

    Attributes:
        files: What is to be read, sorted by name.
        others: Names of files of other kinds in the folder, which are not.
    """

    files: tuple[SourceFile, ...]
    others: tuple[str, ...] = ()


def listing(section: SourceSection, endings: Sequence[str] = ()) -> Listing:
    """Return the files that a source's URL names.

    Args:
        section: The source.
        endings: Which files of a folder are read, compressed or not; empty for all. What a glob or
            the URL itself names is read whatever it is called.

    Raises:
        SourceError: There is nothing there, or the store cannot be reached.
    """
    try:
        fs, path = url_to_fs(section.url)
        is_folder = False
        if fs.isdir(path):
            is_folder = True
            fixed, found = path.rstrip("/"), fs.find(path, detail=True)
        elif fs.exists(path):
            fixed, found = path.rpartition("/")[0], {path: fs.info(path)}
        elif any(char in path for char in _MAGIC):
            found = fs.glob(path, detail=True)
            fixed = _fixed(path)
        else:
            fixed, found = "", {}
    except Exception as error:
        # Every store has exceptions of its own; whatever it is, there is no listing.
        raise SourceError(
            f"source '{section.name}' cannot be listed at {section.url}: {error or type(error)}",
            hint="mend `url` under [[source]], or what the store needs: its fsspec package, "
            "credentials, the network",
        ) from error
    files = [
        SourceFile(
            source=section.name,
            # Names need not be UTF-8 on a disk, but all that we write is.
            name=name.removeprefix(fixed).lstrip("/").encode(errors="backslashreplace").decode(),
            url=fs.unstrip_protocol(name),
            bytes=int(info.get("size") or 0),
            stamp=stamp(info),
            changed=_changed(info),
        )
        for name, info in sorted(found.items())
        if info["type"] == "file" and not name.rpartition("/")[2].startswith(".")
    ]
    read = [file for file in files if not is_folder or _is_kind(file.name, endings)]
    if not read:
        kinds = ", ".join(f"*{ending}" for ending in endings)
        others = f"of a folder it reads {kinds}; name others by a glob"
        raise SourceError(
            f"source '{section.name}' matches no file at {section.url}",
            hint=others if files else _lost(fs, path),
        )
    return Listing(tuple(read), tuple(sorted({f.name for f in files} - {f.name for f in read})))


def _fixed(pattern: str) -> str:
    """Return the folder from which a glob's names are counted: all before its first wildcard.

    Characters of a folder's own name stand escaped in it, one in brackets.
    """
    kept = []
    for part in pattern.split("/"):
        plain = _ESCAPED.sub(r"\1", part)
        if any(char in _ESCAPED.sub("", part) for char in _MAGIC):
            break
        kept.append(plain)
    return "/".join(kept)


def _lost(fs: Any, path: str) -> str:  # noqa: ANN401 - any fsspec file system
    """Return what to do about a path at which there is nothing."""
    if isinstance(fs, LocalFileSystem):
        return "mend `url` under [[source]]; a relative path starts at the recipe's folder"
    bucket = path.partition("/")[0]
    with suppress(Exception):
        if not fs.exists(bucket):
            return f"mend `url` under [[source]]: there is no '{bucket}', or you may not see it"
    return f"mend `url` under [[source]]: '{bucket}' is there, but nothing of that name in it"


def _is_kind(name: str, endings: Sequence[str]) -> bool:
    plain = name.lower()
    for ending in COMPRESSED:
        plain = plain.removesuffix(ending)
    return not endings or plain.endswith(tuple(endings))


def stamp(info: dict[str, Any]) -> str:
    """Return what changes when a file does: the store's ETag, or size and modification time."""
    etag = info.get("ETag") or info.get("etag") or info.get("md5Hash")
    return str(etag or f"{info.get('size')}:{info.get('mtime') or info.get('LastModified')}")


def _changed(info: dict[str, Any]) -> str:
    """Return what also changes if a file is replaced by one of its size and date: its ctime."""
    return str(info.get("created") or "")


def _located(file: SourceFile) -> tuple[Any, str]:
    """Return a file's system and its path there."""
    protocol, _, path = file.url.partition("://")
    if protocol == "file":
        # A path of a disk may hold what is a chain of systems to fsspec: two colons.
        return LocalFileSystem(), path
    fs, path = url_to_fs(file.url)
    return fs, path


def check_unchanged(*files: SourceFile) -> None:
    """Check that files are still what they were when they were listed.

    Raises:
        ChangedError: One is gone, or another.
        SourceError: The store cannot be reached.
    """
    for each in files:
        with _store_errors(each):
            fs, path = _located(each)
            fs.invalidate_cache(path.rpartition("/")[0])
            info = fs.info(path)
        if (stamp(info), _changed(info)) != (each.stamp, each.changed):
            raise ChangedError(
                f"{place(each)} has changed since this build was planned", hint=_AGAIN
            )


_AGAIN = "run the same command again; the changed file is planned anew"


def place(file: SourceFile) -> str:
    """Return how people call a file: ``source/name``."""
    return f"{file.source}/{file.name}"


@contextmanager
def opened(file: SourceFile, offset: int = 0, *, decompress: bool = True) -> Iterator[IO[bytes]]:
    """Yield a file's bytes as a stream, decompressed by its ending, from ``offset`` on.

    Raises:
        ChangedError: It is gone, or not what it was when the build was planned.
        SourceError: The store cannot be reached, or the file is an archive.
        DamageError: It cannot be decompressed from some place on.
    """
    if file.name.lower().endswith(".zip"):
        raise SourceError(
            f"{place(file)} is an archive, which may hold several files",
            hint="unpack it, or compress the file by itself with gzip or zstd",
        )
    check_unchanged(file)
    with _store_errors(file):
        fs, path = _located(file)
        raw = fs.open(path, "rb")
    with raw:
        stored = io.BufferedReader(_Stored(raw, file), _BUFFER)
        kind = infer_compression(file.name.lower()) if decompress else None
        try:
            stream = _decompressed(stored, kind)
            if offset:
                stream.seek(offset)
            yield stream
        except DAMAGE as error:
            raise DamageError(str(error)) from error


# What decompressing and parsing raise over bytes that make no sense.
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)


def _decompressed(stored: Any, kind: str | None) -> IO[bytes]:  # noqa: ANN401 - a buffered reader
    if kind is None:
        return stored  # type: ignore[no-any-return]
    if kind == "zstd":
        # zstandard's own reader ends in silence where a file was cut off; pyarrow's does not.
        return io.BufferedReader(pa.CompressedInputStream(stored, "zstd"))
    return compr[kind](stored, mode="rb")  # type: ignore[no-any-return]


class _Stored(io.RawIOBase):
    """A store's file whose own errors cannot be taken for damage of what it holds."""

    def __init__(self, raw: IO[bytes], file: SourceFile) -> None:
        self._raw = raw
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever is a buffer
        with _store_errors(self._file):
            data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        with _store_errors(self._file):
            return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()


@contextmanager
def _store_errors(file: SourceFile) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ChangedError(
            f"{place(file)} has vanished since this build was planned", hint=_AGAIN
        ) from error
    except Exception as error:
        # Not only OSError: stores have exceptions of their own, such as botocore's.
        raise SourceError(
            f"{place(file)} cannot be read from its store: {error or type(error).__name__}",
            hint="mend its permissions, the network or the credentials, and run the same command "
            "again; it continues",
        ) from error
