"""Folders on a disk or an object store: whole files in, whole files out.

A file is either there with all its bytes or not there at all, whenever the
program is killed. Everything that goes wrong with a store becomes a StorageError
that names the path.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import PipelineError, StorageError


class Folder:
    """A folder, by path or fsspec URL. Made when something is first written into it."""

    def __init__(self, url: str, _fs: fsspec.AbstractFileSystem | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            found = (_fs, self.url) if _fs else fsspec.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"{url} cannot be opened: {error}",
                hint="mend the URL, or install the fsspec package of its store",
            ) from error
        self.fs: fsspec.AbstractFileSystem = found[0]
        self.path: str = found[1].rstrip("/")
        self.is_local = isinstance(self.fs, LocalFileSystem)

    def __truediv__(self, name: str) -> "Folder":
        return Folder(f"{self.path}/{name}", self.fs)

    def __str__(self) -> str:
        return self.path if self.is_local else str(self.fs.unstrip_protocol(self.path))

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if there is no such file.

        Raises:
            StorageError: The store refuses.
        """
        with self._storage_errors("read", name):
            try:
                return bytes(self.fs.cat_file(f"{self.path}/{name}"))
            except FileNotFoundError:
                return None

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Yield a file, open for reading from its beginning.

        Raises:
            StorageError: The store refuses, or there is no such file.
        """
        with self._storage_errors("read", name), self.fs.open(f"{self.path}/{name}", "rb") as file:
            yield file

    def part(self, name: str, start: int, length: int) -> bytes:
        """Return a stretch of a file, in bytes from its beginning.

        Raises:
            StorageError: The store refuses, or there is no such file.
        """
        with self._storage_errors("read", name):
            return bytes(self.fs.cat_file(f"{self.path}/{name}", start, start + length))

    def write(self, name: str, data: bytes) -> None:
        """Write a file, in place of one that may be there; readers see the old or the new one.

        Raises:
            StorageError: The folder is read-only or the disk is full.
        """
        with self._storage_errors("written", name):
            if self.is_local:
                with self._temporary(name, data) as temporary:
                    temporary.replace(f"{self.path}/{name}")
            else:
                self.fs.pipe_file(f"{self.path}/{name}", data)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file only if there is none; return whether it was written.

        Of several who try at once exactly one gets True. fsspec's own ``mode="create"`` does not
        promise that on a local disk (up to five of six racers won), so there a link decides.

        Raises:
            StorageError: The folder is read-only or the disk is full.
        """
        with self._storage_errors("written", name):
            if not self.is_local:
                try:
                    self.fs.pipe_file(f"{self.path}/{name}", data, mode="create")
                except FileExistsError:
                    return False
                return True
            with self._temporary(name, data) as temporary:
                try:
                    os.link(temporary, f"{self.path}/{name}")
                except FileExistsError:
                    return False
                return True

    def probe(self) -> None:
        """Check, before work is done for it, that files can be created here, and only once.

        Raises:
            StorageError: The folder cannot be written, or a second creation is let through, so
                that two who publish at once would overwrite each other.
        """
        name = f"probe-{uuid4().hex[:8]}"
        first, second = self.create(name, b""), self.create(name, b"")
        self.remove(name)
        if not first or second:
            raise StorageError(
                f"{self} does not refuse to create a file twice",
                hint="publish to a local disk or an object store with conditional writes",
            )

    def names(self) -> list[str]:
        """Return the names of the files in this folder, sorted; none if it does not exist."""
        return [name for name in self._listed("file") if not name.startswith(".")]

    def folders(self) -> list[str]:
        """Return the names of the folders in this folder, sorted; none if it does not exist."""
        return self._listed("directory")

    def _listed(self, kind: str) -> list[str]:
        with self._storage_errors("listed", ""):
            try:
                found = self.fs.ls(self.path, detail=True, refresh=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        paths = (entry["name"] for entry in found if entry["type"] == kind)
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def remove(self, name: str) -> None:
        """Remove a file if it is there.

        Raises:
            StorageError: The store refuses.
        """
        with self._storage_errors("removed", name), suppress(FileNotFoundError):
            self.fs.rm_file(f"{self.path}/{name}")

    @contextmanager
    def _temporary(self, name: str, data: bytes) -> Iterator[Path]:
        """Yield a file beside ``name`` that holds the data, on disk and not only in a cache."""
        target = Path(f"{self.path}/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _storage_errors(self, done: str, name: str) -> Iterator[None]:
        try:
            yield
        except PipelineError:
            raise
        except Exception as error:
            # Not only OSError: stores have exceptions of their own, such as botocore's.
            path = f"{self}/{name}".rstrip("/")
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise StorageError(
                f"{path} cannot be {done}: {why}",
                hint="make room, or mend the path or its permissions, and run the same command "
                "again; it continues",
            ) from error
