"""Parquet that is the same bytes for the same rows, and that notices a flipped bit."""

import hashlib
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store import Folder
from schemas.errors import CorruptError
from schemas.unit import StoredFile

# Small enough that a reader of one split streams, large enough to compress.
_ROW_GROUP = 4096


def encoded(table: pa.Table) -> bytes:
    """Return a table as Parquet.

    Page checksums are on: without them a flipped bit is read back as other text and nothing
    complains.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=_ROW_GROUP,
        write_page_checksum=True,
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def write_table(folder: Folder, name: str, table: pa.Table) -> StoredFile:
    """Write a table as one Parquet file and return what a manifest says about it.

    Raises:
        StorageError: The folder cannot be written.
    """
    data = encoded(table)
    folder.write(name, data)
    sha = hashlib.sha256(data).hexdigest()
    return StoredFile(name=name, sha256=sha, bytes=len(data), rows=table.num_rows)


def decoded(data: bytes, columns: list[str] | None = None) -> pa.Table:
    """Return the table in a Parquet file's bytes, its page checksums verified."""
    return parquet_file(pa.BufferReader(data)).read(columns, use_threads=False)


def parquet_file(source: BinaryIO | pa.NativeFile, buffer_size: int = 0) -> pq.ParquetFile:
    """Return a Parquet file to be read with ``use_threads=False``, its page checksums verified.

    Nothing of it is left to Arrow's threads. They let go of what they read after the read has
    returned, and where that is a Python object a program that ends just then is aborted (arrow
    #34314): three of a hundred runs of `prealign sample` were.
    """
    return pq.ParquetFile(
        source, page_checksum_verification=True, buffer_size=buffer_size, pre_buffer=False
    )


def read_table(folder: Folder, file: StoredFile, columns: list[str] | None = None) -> pa.Table:
    """Return a table that a manifest names.

    Raises:
        CorruptError: It is missing, or its sha256 is another.
        StorageError: The store refuses.
    """
    data = folder.read(file.name)
    place = f"{folder}/{file.name}"
    hint = "delete that folder and run the build again; its answers are in the ledger"
    if data is None:
        raise CorruptError(f"{place} is missing, its manifest names it", hint=hint)
    sha = hashlib.sha256(data).hexdigest()
    if sha != file.sha256:
        raise CorruptError(
            f"{place}: sha256 is {sha[:8]}…, the manifest says {file.sha256[:8]}…", hint=hint
        )
    return decoded(data, columns)


def table_of(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of exactly this schema."""
    return pa.Table.from_pylist(rows, schema=schema)
