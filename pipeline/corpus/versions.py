"""Versions: immutable, numbered, made of content-addressed files. No server.

``versions/000001.json`` is created only if it is not there, so two who publish at
once get two numbers and lose nothing. It names ``lists/<sha256>.json``, and those
name ``shards/<sha256>.parquet``.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.corpus.outcomes import Counts, check_sum
from pipeline.parquet import decoded
from pipeline.store import Folder
from schemas.errors import ConservationError, CorruptError, VersionError
from schemas.scheme import Scheme
from schemas.version import ListEntry, ShardList, VersionManifest

_NUMBERED = re.compile(r"(\d{6,})\.json")


def encoded_json(model: BaseModel) -> bytes:
    """Return a manifest or list as the bytes that are stored."""
    return (json.dumps(model.model_dump(mode="json"), indent=1, sort_keys=True) + "\n").encode()


class Dataset:
    """A published dataset, by folder or URL."""

    def __init__(self, url: str) -> None:
        self.folder = Folder(url)

    def numbers(self) -> list[int]:
        """Return the numbers of all versions, ascending."""
        names = (self.folder / "versions").names()
        return sorted(int(m[1]) for m in map(_NUMBERED.fullmatch, names) if m)

    def newest(self) -> VersionManifest | None:
        """Return the newest version's manifest, or None if nothing was published yet."""
        numbers = self.numbers()
        return self.manifest(numbers[-1]) if numbers else None

    def manifest(self, number: int) -> VersionManifest:
        """Return a version's manifest.

        Raises:
            VersionError: There is no such version.
            CorruptError: Its manifest cannot be read.
        """
        data = (self.folder / "versions").read(f"{number:06d}.json")
        if data is None:
            known = ", ".join(map(str, self.numbers())) or "none yet"
            raise VersionError(f"{self.folder} has no version {number}", hint=f"there are: {known}")
        try:
            return VersionManifest.model_validate_json(data)
        except ValidationError as error:
            raise CorruptError(
                f"{self.folder}/versions/{number:06d}.json is not a version's manifest",
                hint="it is never rewritten by us; restore it from a copy",
            ) from error

    def list_bytes(self, entry: ListEntry) -> bytes:
        """Return the bytes of a list of shards, verified.

        Raises:
            CorruptError: It is missing, or its sha256 is another.
        """
        data = (self.folder / "lists").read(f"{entry.sha256}.json")
        if data is None or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise CorruptError(
                f"{self.folder}/lists/{entry.sha256}.json is missing or changed",
                hint="restore it from a copy; versions that name it cannot be pulled",
            )
        return data

    def lists(self, manifest: VersionManifest) -> dict[str, ShardList]:
        """Return a version's lists of shards, by split, verified."""
        return {
            entry.split: ShardList.model_validate_json(self.list_bytes(entry))
            for entry in manifest.lists
        }

    def source_ids(self) -> frozenset[str]:
        """Return the ids of all sources that the newest version holds; none if there is none.

        Raises:
            CorruptError: A shard or list is missing or changed.
        """
        newest = self.newest()
        found: set[str] = set()
        for shards in self.lists(newest).values() if newest else ():
            for shard in shards.shards:
                data = (self.folder / "shards").read(f"{shard.sha256}.parquet")
                if data is None or hashlib.sha256(data).hexdigest() != shard.sha256:
                    raise CorruptError(
                        f"{self.folder}/shards/{shard.sha256}.parquet is missing or changed",
                        hint="restore it from a copy; versions that name it cannot be pulled",
                    )
                found.update(decoded(data, ["source_id"])["source_id"].to_pylist())
        return frozenset(found)

    def publish(
        self,
        name: str,
        lists: list[ShardList],
        *,
        scheme: Scheme,
        documents: Counts,
        sources: int,
        build: dict[str, Any],
    ) -> tuple[VersionManifest, bool]:
        """Return the version that holds these shards, and whether it is new.

        If the newest version holds the very same shards, it is returned and none is made.

        Raises:
            ConservationError: The shards do not hold as many documents as were accepted, or the
                outcomes do not add up to ``sources``.
            StorageError: The dataset cannot be written.
        """
        rows = sum(shard.rows for shards in lists for shard in shards.shards)
        accepted = sum(documents.get("accepted", {}).values())
        if rows != accepted:
            raise ConservationError(
                f"{accepted} documents were accepted and {rows} stand in the shards",
                hint="this is a fault of the program: keep the corpus folder and report it",
            )
        check_sum(documents, sources)
        entries = tuple(self._listed(shards) for shards in lists)
        while True:
            newest = self.newest()
            if newest and newest.lists == entries and newest.dataset == name:
                return newest, False
            manifest = VersionManifest(
                dataset=name,
                version=newest.version + 1 if newest else 1,
                parent=newest.version if newest else None,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                scheme=scheme.model_dump(mode="json"),
                lists=entries,
                documents=documents,
                sources=sources,
                build=build,
            )
            path = f"versions/{manifest.version:06d}.json"
            if self.folder.create(path, encoded_json(manifest)):
                return manifest, True

    def _listed(self, shards: ShardList) -> ListEntry:
        data = encoded_json(shards)
        sha = hashlib.sha256(data).hexdigest()
        self.folder.create(f"lists/{sha}.json", data)
        return ListEntry(
            split=shards.split,
            sha256=sha,
            shards=len(shards.shards),
            rows=sum(shard.rows for shard in shards.shards),
            bytes=sum(shard.bytes for shard in shards.shards),
        )


def parsed_name(name: str) -> tuple[str, int | None]:
    """Return folder and version of ``DATASET`` or ``DATASET@N``; None stands for the newest.

    Raises:
        VersionError: What stands behind the last ``@`` is no number.
    """
    folder, at, number = name.rpartition("@")
    if not at or "/" in number:
        return name, None
    if not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise VersionError(f"'{number}' in {name} is no version", hint="write DATASET@3")
    return folder, int(number)
