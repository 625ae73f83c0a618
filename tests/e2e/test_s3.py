"""Sources, corpus and dataset on an object store, whose network may fail."""

import io
import json
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import BAD_DEED, ROOT, plain_text, write_recipe
from tests.e2e.conftest import PREALIGN
from tests.e2e.store import Door, moto_server
from tests.waiting import LONG, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def door(environment):
    """The store's door; subprocesses and this process are told where it is."""
    with moto_server() as port, pytest.MonkeyPatch.context() as variables:
        door = Door(port)
        found = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{door.port}",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for name, value in found.items():
            variables.setenv(name, value)
        before = dict(environment)
        environment.update(found)
        yield door
        environment.clear()
        environment.update(before)


@pytest.fixture
def bucket(door, request):
    """The URL of a new bucket."""
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    name = request.node.name.replace("_", "-")[:40].rstrip("-")
    store.mkdir(name)
    return f"s3://{name}"


def put_parquet(bucket, rows=20):
    """Put a wide Parquet file of several row groups into the bucket."""
    texts = [*map(plain_text, range(rows - 1)), BAD_DEED]
    keys = [f"{i:03}" for i in range(rows)]
    table = pa.table({"key": keys, "content": texts, "embedding": [[0.5] * 64] * rows})
    data = io.BytesIO()
    pq.write_table(table, data, row_group_size=7)
    with fsspec.open(f"{bucket}/in/crawl/part-0.parquet", "wb") as file:
        file.write(data.getvalue())


def recipe_of(folder, bucket, **settings):
    path = write_recipe(folder, unit_rows=4, **settings)
    text = path.read_text()
    for ours, theirs in (
        ('use = "jsonl"', 'use = "parquet"\nfields = { id = "key", text = "content" }'),
        ("documents/*.jsonl*", f"{bucket}/in"),
        ('folder = "corpus"', f'folder = "{bucket}/corpus"'),
        ('dataset = "dataset"', f'dataset = "{bucket}/dataset"'),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    path.write_text(text)
    return path


def test_a_bucket_of_parquet_becomes_a_dataset_in_a_bucket(folder, bucket, prealign):
    put_parquet(bucket)
    recipe = recipe_of(folder, bucket)

    built = prealign("build", recipe, "--json")
    again = prealign("build", recipe, "--json")
    looked = prealign("status", recipe, "--json")
    seen = prealign("show", recipe, "made/019", "--json")
    pulled = prealign("pull", f"{bucket}/dataset@1", "--to", folder / "pulled")

    assert built.returncode == 0, built.stderr
    assert json.loads(built.stdout)["documents"] == {"accepted": {"as_drafted": 1, "verbatim": 19}}
    assert (json.loads(again.stdout)["resumed"], json.loads(again.stdout)["asked"]) == (6, 0)
    assert json.loads(looked.stdout)["documents"] == json.loads(built.stdout)["documents"]
    assert json.loads(seen.stdout)["source_text"] == BAD_DEED
    assert pulled.returncode == 0, pulled.stderr


def test_the_readme_leads_to_a_dataset_of_ones_own_bucket(tmp_path, door, environment, bucket):
    readme = (ROOT / "README.md").read_text()
    block = next(b for b in re.findall(r"^```sh\n(.*?)^```", readme, re.M | re.S) if "bucket" in b)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    recipe = tmp_path / "examples" / "bucket.toml"
    recipe.write_text(recipe.read_text().replace("s3://my-bucket", bucket))
    texts = [plain_text(i) for i in range(299)] + [BAD_DEED]
    urls = [{"url": f"https://example.org/{i}", "host": "example.org"} for i in range(300)]
    table = pa.table({"doc_id": list(range(300)), "content": texts, "meta": urls})
    with fsspec.open(f"{bucket}/crawl/2026/part-0.parquet", "wb") as file:
        pq.write_table(table, file)
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path, env=environment | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert re.search(r"in = out +200\b", done.stdout)
    assert re.search(r"in = out +300\b", done.stdout)
    assert "accepted, verbatim" in done.stdout
    shown = prealign_json(environment, tmp_path, "show", "work/mine.toml", "crawl/299")
    assert shown["url"] == "https://example.org/299"
    assert shown["id"] == "crawl/299"
    assert shown["source_text"] == BAD_DEED


def prealign_json(environment, folder, *arguments):
    done = subprocess.run(
        [str(PREALIGN), *arguments, "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_bucket_that_is_not_there_is_named(folder, door, prealign):
    done = prealign("build", recipe_of(folder, "s3://no-such-bucket"))

    assert done.returncode in (1, 2)
    assert "no-such-bucket" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_lost_stops_the_build_cleanly_and_it_continues_later(
    folder, bucket, door, start, prealign
):
    put_parquet(bucket, rows=40)
    path = folder / "asked.txt"
    recipe = recipe_of(
        folder, bucket, engine="tests.e2e.slow", engine_settings=f'seconds = 0.5\npath = "{path}"'
    )
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)

    process = start("build", recipe, "--set", "pool.in_flight=2")
    wait_for(lambda: len(store.glob(f"{bucket}/corpus/units/**/manifest.json")) >= 2, process)
    door.shut()
    _, said = process.communicate(timeout=LONG)
    before = path.read_text().split()
    door.open()
    known = set()
    for name in store.glob(f"{bucket}/corpus/ledger/**/*.parquet"):
        # A worker that is just ending may put files together.
        with suppress(FileNotFoundError):
            table = pq.read_table(io.BytesIO(store.cat_file(name)))
            known |= {key.hex() for key in table["key"].to_pylist()}
    done = prealign("build", recipe, "--json", "--set", "pool.in_flight=2")

    assert process.returncode == 1, said
    assert bucket in said
    assert "it continues" in said
    assert "Traceback" not in said
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == {"accepted": {"as_drafted": 1, "verbatim": 39}}
    assert known
    assert not set(path.read_text().split()[len(before) :]) & known
