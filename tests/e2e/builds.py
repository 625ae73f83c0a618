"""A build of some documents, each fifth to be commented on, and what lies on disk of it."""

import json
from contextlib import suppress

import pyarrow.parquet as pq

from tests.conftest import BAD_DEED, plain_text, write_documents, write_recipe
from tests.waiting import LONG


def prepared(folder, *, engine="tests.e2e.slow", seconds=0.4, settings=None, documents=40):
    rows = [{"id": f"{i:02d}", "text": plain_text(i)} for i in range(documents)]
    for i in range(0, documents, 5):
        rows[i]["text"] = BAD_DEED.replace("harvest", f"harvest of {i}") + "\n\n" + plain_text(i)
    write_documents(folder, rows)
    if settings is None:
        settings = f'seconds = {seconds}\npath = "asked.txt"'
    path = write_recipe(folder, unit_rows=8, engine=engine, engine_settings=settings)
    path.write_text(path.read_text() + "\n[pool]\nworkers = 2\nin_flight = 2\n")
    return path


def shards(folder):
    return sorted(p.name for p in (folder / "dataset" / "shards").iterdir())


def durable(folder):
    """Return the keys of all answers that are on disk."""
    keys = set()
    for file in (folder / "corpus" / "ledger").rglob("*.parquet"):
        # One that is gone was just put together with others; its answers are seen the next time.
        with suppress(FileNotFoundError):
            keys.update(key.hex() for key in pq.read_table(file)["key"].to_pylist())
    return keys


def asked(folder):
    path = folder / "asked.txt"
    return path.read_text().split() if path.exists() else []


def came_to_the_same(process, folder, calm, documents):
    """Wait for the end of a build; check that it made of its documents what a calm one makes."""
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    counts = {"as_drafted": documents // 5, "verbatim": documents - documents // 5}
    assert json.loads(out)["documents"] == {"accepted": counts}
    assert published(folder) == published(calm)[:documents]


def published(folder):
    """Return what the shards say of every document, whoever was asked about it."""
    columns = ["id", "text", "spans"]
    files = sorted((folder / "dataset" / "shards").iterdir())
    rows = [row for path in files for row in pq.read_table(path, columns=columns).to_pylist()]
    return sorted(rows, key=lambda row: row["id"])
