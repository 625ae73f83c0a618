"""Files of every source format, made of texts; a new source plugin has its maker here.

A maker writes texts in order into a folder, and returns the `fields` of its recipe: from our
names to the format's. Where a format has columns of its own they are not called as ours are.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, config
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

FIELDS = {"id": "key", "text": "body"}


def columns(texts: Sequence[str]) -> dict[str, list[object]]:
    """Return texts as a table with ids, and with a column that nobody asks for."""
    return {
        "key": [f"k{number}" for number in range(len(texts))],
        "body": list(texts),
        "other": [{"unasked": number} for number in range(len(texts))],
    }


def rows(texts: Sequence[str]) -> list[dict[str, object]]:
    """Return the same table row by row."""
    table = columns(texts)
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def _jsonl(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    (folder / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(texts)))
    return FIELDS


def _parquet(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    table = pa.table(columns(texts))
    pq.write_table(table, folder / "all.parquet", row_group_size=10, write_page_checksum=True)
    return FIELDS


def _text(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    for number, text in enumerate(texts):
        (folder / f"{number:05}.txt").write_text(text)
    return {}


def _delimited(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    with (folder / "all.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*FIELDS.values(), "other"])
        writer.writeheader()
        writer.writerows(rows(texts))
    return FIELDS


def _huggingface(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    dataset = Dataset(pa.table(columns(texts)).combine_chunks())
    half = len(texts) // 2
    train, test = dataset.select(range(half)), dataset.select(range(half, len(texts)))
    usual = config.DEFAULT_MAX_BATCH_SIZE
    config.DEFAULT_MAX_BATCH_SIZE = 5
    DatasetDict({"a": train, "b": test}).save_to_disk(str(folder / "saved"))
    config.DEFAULT_MAX_BATCH_SIZE = usual
    return FIELDS


def warc(texts: Sequence[str], *, is_gzip: bool) -> bytes:
    """Return a web archive whose pages are texts, in between what is no page."""
    data = io.BytesIO()
    writer = WARCWriter(data, gzip=is_gzip)
    writer.write_record(writer.create_warcinfo_record("all.warc", {"software": "made"}))
    for number, text in enumerate(texts):
        url = f"https://example.org/{number}"
        writer.write_record(
            writer.create_warc_record(url, "request", payload=io.BytesIO(b"GET / HTTP/1.0\r\n\r\n"))
        )
        writer.write_record(
            writer.create_warc_record(
                url,
                "conversion",
                payload=io.BytesIO(text.encode()),
                warc_content_type="text/plain",
            )
        )
    return data.getvalue()


def _warc(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    (folder / "all.warc").write_bytes(warc(texts, is_gzip=False))
    return {}


def _gzip_records(path: Path) -> None:
    """Compress a web archive as all are: each record by itself."""
    with path.open("rb") as source, path.with_name(f"{path.name}.gz").open("wb") as target:
        writer = WARCWriter(target, gzip=True)
        for record in ArchiveIterator(source):
            writer.write_record(record)


def _gzip(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))


MAKERS: dict[str, Callable[[Path, Sequence[str]], dict[str, str]]] = {
    "delimited": _delimited,
    "huggingface": _huggingface,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "text": _text,
    "warc": _warc,
}
# How a file is compressed, where the format allows it; formats of columns compress inside.
COMPRESS: dict[str, Callable[[Path], None]] = {
    "delimited": _gzip,
    "jsonl": _gzip,
    "text": _gzip,
    "warc": _gzip_records,
}
