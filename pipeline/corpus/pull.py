"""Pulling a version to a folder, and verifying one that was pulled.

A pulled folder is read by pyarrow, ``datasets``, DuckDB and Polars with no code of
ours. It carries the version's manifest and lists, so it can be verified alone.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipeline.corpus.card import CARD_BEGINS, dataset_card, shard_path
from pipeline.corpus.croissant import croissant
from pipeline.corpus.versions import Dataset, encoded_json
from schemas.errors import CorruptError, StorageError, VersionError
from schemas.version import Shard, ShardList, VersionManifest

_MANIFEST = "manifest.json"
_CHUNK = 8 << 20
# What a pull leaves behind; a folder that holds anything else is somebody's own.
_SHARD = re.compile(r"[a-z]+-\d{5}-of-\d{5}\.parquet(\.[0-9a-f]{8}\.part)?")
_LIST = re.compile(r"[0-9a-f]{64}\.json")


@dataclass(frozen=True)
class Pulled:
    """One shard that lies in the folder now.

    Attributes:
        path: Relative to the folder.
        shard: As the version lists it.
        fetched: Bytes fetched for it now; 0 if it was there already.
    """

    path: str
    shard: Shard
    fetched: int


def pull(
    dataset: Dataset, number: int | None, to: Path, *, replace: bool = False
) -> Iterator[Pulled]:
    """Yield every shard of a version as it comes to lie in ``to``, verified.

    Shards that are there already are checked and not fetched again; half-fetched ones go on
    where they ended. The manifest is written last.

    Args:
        dataset: Where from.
        number: The version, or None for the newest.
        to: A folder that is empty or holds an earlier pull of the same version.
        replace: Whether it may hold another version, which gives way.

    Raises:
        VersionError: There is no such version, or the folder holds another one.
        CorruptError: Fetched bytes are not those that the version lists.
        StorageError: The folder cannot be written.
    """
    manifest = _wanted(dataset, number)
    lists = dataset.lists(manifest)
    _check_folder(to, manifest, replace=replace)
    for shards in lists.values():
        for position, shard in enumerate(shards.shards):
            path = shard_path(shards, position)
            yield Pulled(path, shard, _fetch(dataset, shard, to / path))
    _clear(to / "data", {shard_path(s, n) for s in lists.values() for n in range(len(s.shards))})
    _clear(to / "lists", {f"lists/{entry.sha256}.json" for entry in manifest.lists})
    _write(to / "README.md", dataset_card(manifest, lists).encode())
    _write(to / "croissant.json", croissant(manifest, lists).encode())
    for entry in manifest.lists:
        _write(to / "lists" / f"{entry.sha256}.json", dataset.list_bytes(entry))
    _write(to / _MANIFEST, encoded_json(manifest))


def _wanted(dataset: Dataset, number: int | None) -> VersionManifest:
    if number is not None:
        return dataset.manifest(number)
    newest = dataset.newest()
    if newest is None:
        raise VersionError(
            f"{dataset.folder} holds no version", hint="publish one with `prealign build RECIPE`"
        )
    return newest


def _check_folder(to: Path, manifest: VersionManifest, *, replace: bool) -> None:
    """Refuse a folder that holds something else; mixing versions would go unnoticed."""
    held = to / _MANIFEST
    if held.exists() and held.read_bytes() != encoded_json(manifest):
        if not replace:
            raise VersionError(
                f"{to} holds another version already",
                hint="give --to an empty folder, or let this version take its place: --replace",
            )
        # Without a manifest the folder is an unfinished pull, and says so until it is whole again.
        held.unlink()
    known = {"data", "lists", "README.md", "croissant.json", _MANIFEST}
    strange = sorted(p.name for p in to.iterdir() if p.name not in known) if to.is_dir() else []
    strange += sorted(
        f"{folder}/{path.name}"
        for folder, ours in (("data", _SHARD), ("lists", _LIST))
        for path in (to / folder).glob("*")
        if not (path.is_file() and ours.fullmatch(path.name))
    )
    card = to / "README.md"
    if card.exists() and not card.read_bytes().startswith(CARD_BEGINS.encode()):
        strange.append("README.md")
    if strange:
        raise VersionError(
            f"{to} is not empty: it holds {strange[0]}", hint="give --to an empty folder"
        )


def _clear(folder: Path, expected: set[str]) -> None:
    """Remove what an earlier pull has left in a folder of ours."""
    for path in folder.glob("*"):
        if f"{folder.name}/{path.name}" not in expected:
            path.unlink()


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="make room or mend the permissions and run the same command again; it continues",
    )


def _fetch(dataset: Dataset, shard: Shard, path: Path) -> int:
    """Bring one shard to ``path`` and return how many bytes were fetched for it."""
    if path.exists() and _sha256(path) == shard.sha256:
        return 0
    partial = path.with_name(f"{path.name}.{shard.sha256[:8]}.part")
    url = f"{dataset.folder.path}/shards/{shard.sha256}.parquet"
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(partial.parent, error) from error
    try:
        have = partial.stat().st_size if partial.exists() else 0
        begun = have if have < shard.bytes else 0
        with partial.open("ab" if begun else "wb") as file:
            for start in range(begun, shard.bytes, _CHUNK):
                end = min(start + _CHUNK, shard.bytes)
                file.write(dataset.folder.fs.cat_file(url, start=start, end=end))
    except FileNotFoundError as error:
        raise CorruptError(
            f"{url} is missing, the version lists it", hint="restore the dataset from a copy"
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    found = _sha256(partial)
    if found != shard.sha256:
        partial.unlink()
        raise CorruptError(
            f"{path.name}: sha256 is {found[:8]}…, the manifest says {shard.sha256[:8]}…",
            hint="run `prealign pull` again; only this file is fetched. If it stays so, the "
            "dataset itself is damaged",
        )
    partial.replace(path)
    return shard.bytes - begun


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, fault) for every file of a pulled folder; the fault is "" if it is whole.

    Raises:
        VersionError: The folder holds no pulled version.
        CorruptError: Its manifest cannot be read.
    """
    manifest = _held(folder)
    expected: set[str] = set()
    lists_are_whole = True
    for entry in manifest.lists:
        name = f"lists/{entry.sha256}.json"
        fault = _fault(folder / name, entry.sha256)
        if fault:
            lists_are_whole = False
            yield name, fault
            continue
        shards = ShardList.model_validate_json((folder / name).read_bytes())
        rows = sum(shard.rows for shard in shards.shards)
        yield name, "" if rows == entry.rows else f"lists {rows} rows, the manifest {entry.rows}"
        for position, shard in enumerate(shards.shards):
            path = shard_path(shards, position)
            expected.add(path)
            yield path, _fault(folder / path, shard.sha256)
    for found in sorted((folder / "data").glob("*")) if lists_are_whole else ():
        name = found.relative_to(folder).as_posix()
        if name not in expected:
            yield name, "is not part of this version"


def _held(folder: Path) -> VersionManifest:
    path = folder / _MANIFEST
    if not path.is_file():
        raise VersionError(
            f"{folder} holds no pulled version",
            hint="pull one with `prealign pull DATASET --to DIR`; if a pull was stopped, run it "
            "again",
        )
    try:
        return VersionManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CorruptError(
            f"{path} is not a version's manifest", hint="delete it and pull again"
        ) from error


def _fault(path: Path, sha256: str) -> str:
    if not path.is_file():
        return "is missing"
    found = _sha256(path)
    return "" if found == sha256 else f"sha256 is {found[:8]}…, the manifest says {sha256[:8]}…"
