"""The manifest of a published version, and the lists of shards it names."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Shard(BaseModel):
    """One content-addressed Parquet file: ``shards/<sha256>.parquet``.

    Attributes:
        split: ``train`` or ``validation``.
        index: Its place among the shards of its split.
        sha256: Of its bytes; also its name.
        bytes: Its size.
        rows: Documents in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str
    index: int
    sha256: str
    bytes: int
    rows: int


class ShardList(BaseModel):
    """The shards of one split, in order: ``lists/<sha256>.json``.

    Shard ``i`` of ``n`` holds the source ids whose sha256, read as a fraction, lies in
    ``[i/n, (i+1)/n)``, sorted by it. Shards without rows are left out of ``shards``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    split: str
    ranges: int
    shards: tuple[Shard, ...]


class ListEntry(BaseModel):
    """Where a split's list is, and what it adds up to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str
    sha256: str
    shards: int
    rows: int
    bytes: int


class VersionManifest(BaseModel):
    """An immutable, numbered, published dataset: ``versions/000001.json``.

    Attributes:
        format: Of this file and of the rows.
        dataset: The corpus name.
        version: 1, 2, 3, …
        parent: The version before, or None.
        created: UTC time of publishing, ISO 8601.
        scheme: The scheme of ``text``, whole, so that it can be parsed without our code.
        lists: One list of shards per split.
        documents: Documents in, by outcome and reason; adds up to ``sources``.
        sources: Documents that the sources gave.
        retractions: Source ids withdrawn since the parent.
        audit: The audit's result, or None if it was not audited.
        build: How it was made: recipe, digests, identities, versions, cost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    dataset: str
    version: int
    parent: int | None
    created: str
    scheme: dict[str, Any]
    lists: tuple[ListEntry, ...]
    documents: dict[str, dict[str, int]]
    sources: int
    retractions: tuple[str, ...] = ()
    audit: dict[str, Any] | None = None
    build: dict[str, Any]
