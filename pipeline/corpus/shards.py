"""Accepted documents as content-addressed shards, in the order of their source ids' hashes.

A shard is a range of ``sha256(source_id)``: training order is mixed already, and a
retracted document changes one shard only. Documents stream: one pass over the units
throws rows into one bucket file per shard, then each bucket is sorted by itself.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus.outcomes import Finished, standing_documents
from pipeline.dedup.decisions import Decisions
from pipeline.parquet import encoded
from pipeline.store import Folder
from schemas.tables import PUBLISHED
from schemas.version import Shard, ShardList

# Text takes about this share of its size as Parquet; measured on the examples.
_COMPRESSED = 0.45
_KEY = "sha256(source_id)"


def write_shards(
    dataset: Folder,
    finished: Finished,
    decisions: Decisions,
    *,
    target_bytes: float,
    parent: Mapping[str, ShardList],
) -> list[ShardList]:
    """Return a list of shards per split, after writing those that the dataset does not hold.

    Args:
        dataset: Where ``shards/<sha256>.parquet`` go.
        finished: All units with their folders.
        decisions: Documents removed after their journey.
        target_bytes: Wanted size of a shard.
        parent: The newest version's lists by split; their number of ranges is kept while it fits.

    Raises:
        StorageError: The dataset cannot be written.
    """
    sizes = _text_bytes(finished, decisions)
    ranges = {
        split: range_count(
            size * _COMPRESSED, target_bytes, parent[split].ranges if split in parent else None
        )
        for split, size in sorted(sizes.items())
    }
    with tempfile.TemporaryDirectory(prefix="prealign-shards-") as scratch:
        _fill_buckets(Path(scratch), finished, decisions, ranges)
        return [
            ShardList(
                split=split,
                ranges=count,
                shards=tuple(_sorted_shards(Path(scratch), dataset, split, count)),
            )
            for split, count in ranges.items()
        ]


def range_count(size: float, target: float, inherited: int | None) -> int:
    """Return into how many ranges ``size`` bytes are cut.

    The parent's number is kept while the mean shard has half to twice the target. Else it is the
    next power of two, or from 64 on the next multiple of 64, so that shards split evenly over
    workers.
    """
    if inherited and target / 2 <= size / inherited <= target * 2:
        return inherited
    wanted = max(1, round(size / target))
    if inherited == 1 and wanted == 1:
        return 1
    if wanted > 32:
        return -(-wanted // 64) * 64
    return 1 << (wanted - 1).bit_length()


def _accepted(finished: Finished, decisions: Decisions, columns: list[str]) -> Iterator[pa.Table]:
    for _, table in standing_documents(finished, decisions, columns):
        accepted = table.filter(pc.field("outcome") == "accepted")
        if accepted.num_rows:
            yield accepted


def _text_bytes(finished: Finished, decisions: Decisions) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for table in _accepted(finished, decisions, ["text", "split"]):
        for split in pc.unique(table["split"]).to_pylist():
            rows = table.filter(pc.field("split") == split)
            size = pc.sum(pc.binary_length(rows["text"])).as_py()
            sizes[split] = sizes.get(split, 0) + size
    return sizes


def _key(source_id: str) -> bytes:
    return hashlib.sha256(source_id.encode()).digest()


def _range_of(key: bytes, count: int) -> int:
    return int.from_bytes(key[:8], "big") * count >> 64


def _bucket(scratch: Path, split: str, index: int) -> Path:
    return scratch / f"{split}-{index:05d}.arrow"


def _fill_buckets(
    scratch: Path, finished: Finished, decisions: Decisions, ranges: Mapping[str, int]
) -> None:
    schema = PUBLISHED.append(pa.field(_KEY, pa.binary(32)))
    writers: dict[Path, Any] = {}
    with ExitStack() as closing:
        for table in _accepted(finished, decisions, PUBLISHED.names):
            keys = [_key(source_id) for source_id in table["source_id"].to_pylist()]
            paths = [
                _bucket(scratch, split, _range_of(key, ranges[split]))
                for split, key in zip(table["split"].to_pylist(), keys, strict=True)
            ]
            rows = table.select(PUBLISHED.names).cast(PUBLISHED)
            rows = rows.append_column(schema.field(_KEY), pa.array(keys, pa.binary(32)))
            for path in sorted(set(paths)):
                if path not in writers:
                    writers[path] = closing.enter_context(pa.ipc.new_file(str(path), schema))
                writers[path].write_table(rows.filter(pa.array([p == path for p in paths])))


def _sorted_shards(scratch: Path, dataset: Folder, split: str, count: int) -> Iterator[Shard]:
    for index in range(count):
        path = _bucket(scratch, split, index)
        if not path.exists():
            continue
        with pa.ipc.open_file(str(path)) as bucket:
            table = bucket.read_all()
        # One chunk per column, so that how the units were cut leaves no trace in the bytes.
        order = [(_KEY, "ascending"), ("part", "ascending"), ("id", "ascending")]
        table = table.sort_by(order).drop_columns([_KEY]).combine_chunks()
        data = encoded(table)
        sha = hashlib.sha256(data).hexdigest()
        name = f"{sha}.parquet"
        if not (dataset / "shards").create(name, data) and (dataset / "shards").read(name) != data:
            # Its name says what it must hold, and it does not: damage, mended here.
            (dataset / "shards").write(name, data)
        yield Shard(split=split, index=index, sha256=sha, bytes=len(data), rows=table.num_rows)
