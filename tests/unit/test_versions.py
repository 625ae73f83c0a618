"""Versions are immutable and numbered; what is pulled is what was published."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.corpus.pull import pull, verify
from pipeline.corpus.shards import range_count, write_shards
from pipeline.corpus.versions import Dataset, parsed_name
from pipeline.parquet import table_of, write_table
from pipeline.store import Folder
from pipeline.voices.scheme import load_scheme
from schemas.errors import ConservationError, CorruptError, VersionError
from schemas.tables import PUBLISHED, UNIT
from schemas.unit import UnitManifest

SCHEME = load_scheme("bitter-lesson")


def row(number, **changes):
    text = f"Text number {number} of this small corpus."
    fields = dict.fromkeys(UNIT.names) | {
        "id": f"made/{number}", "source_id": f"made/{number}", "source_sha256": "0" * 64,
        "text": text,
        "spans": [{"voice": "human", "start": 0, "end": len(text), "source_start": 0}],
        "form": "verbatim", "inferred": [], "synthetic_share": 0.0, "split": "train",
        "outcome": "accepted", "reason": "verbatim", "detail": "", "place": f"made/all:{number}",
        "source_text": text, "notes": [],
    }  # fmt: skip
    return fields | changes


def unit(folder, name, rows):
    outcomes: dict = {}
    for r in rows:
        reasons = outcomes.setdefault(r["outcome"], {})
        reasons[r["reason"]] = reasons.get(r["reason"], 0) + 1
    file = write_table(folder / name, "documents.parquet", table_of(rows, UNIT))
    manifest = UnitManifest(
        unit=f"made/all:{name}", fingerprint="x", depends={}, rows=len(rows), documents=len(rows),
        outcomes=outcomes, files=(file,), questions={}, answers="",
    )  # fmt: skip
    return folder / name, manifest


def lists_of(folder, dataset, cuts, *, target=1e9, decisions=None, parent=None):
    finished = [unit(folder, str(i), rows) for i, rows in enumerate(cuts)]
    return write_shards(
        dataset.folder, finished, decisions or {}, target_bytes=target, parent=parent or {}
    )


@pytest.fixture
def dataset(tmp_path):
    return Dataset(str(tmp_path / "dataset"))


@pytest.fixture
def units(tmp_path):
    return Folder(str(tmp_path / "units"))


def published(dataset, lists, count):
    return dataset.publish(
        "test", lists, scheme=SCHEME, documents={"accepted": {"x": count}}, sources=count, build={}
    )


def test_shards_are_the_same_bytes_however_the_units_were_cut(dataset, units):
    rows = [row(i) for i in range(40)]

    one = lists_of(units, dataset, [rows], target=100)
    many = lists_of(units / "b", dataset, [rows[30:], rows[:7], rows[7:30]], target=100)

    assert one == many
    assert len(one[0].shards) > 1


def test_shards_are_ranges_of_the_hash_of_the_source_id_sorted_by_it(dataset, units):
    [shards] = lists_of(units, dataset, [[row(i) for i in range(40)]], target=100)

    for shard in shards.shards:
        data = (dataset.folder / "shards").read(f"{shard.sha256}.parquet")
        table = pq.read_table(pa.BufferReader(data))
        assert table.schema.equals(PUBLISHED)
        keys = [hashlib.sha256(s.encode()).digest() for s in table["source_id"].to_pylist()]
        assert keys == sorted(keys)
        assert {int.from_bytes(k[:8], "big") * shards.ranges >> 64 for k in keys} == {shard.index}


def test_only_accepted_documents_that_were_not_removed_are_published(dataset, units):
    rows = [row(0), row(1, outcome="rejected", reason="hazard"), row(2)]
    removed = {"made/all:0": {"made/all:2": ("output", "made/0", 0.9)}}

    [shards] = lists_of(units, dataset, [rows], decisions=removed)

    assert shards.shards[0].rows == 1


def test_one_document_more_changes_one_shard(dataset, units):
    rows = [row(i) for i in range(40)]
    [before] = lists_of(units, dataset, [rows], target=100)

    [after] = lists_of(
        units / "b", dataset, [[*rows, row(99)]], target=100, parent={"train": before}
    )

    old, new = ({s.sha256 for s in shards.shards} for shards in (before, after))
    assert len(new - old) == 1


def test_the_number_of_ranges_is_kept_while_it_fits():
    assert range_count(1000, 1000, None) == 1
    assert range_count(1900, 1000, 1) == 1
    assert range_count(2100, 1000, 1) == 2
    assert range_count(5000, 1000, None) == 8
    assert range_count(100_000, 1000, None) == 128
    assert range_count(70_000, 1000, 128) == 128
    assert range_count(1, 1000, 1) == 1


def test_publishing_the_same_again_makes_no_version(dataset, units):
    lists = lists_of(units, dataset, [[row(0)]])

    first, again = published(dataset, lists, 1), published(dataset, lists, 1)

    assert (first[0].version, first[1]) == (1, True)
    assert (again[0], again[1]) == (first[0], False)


def test_two_who_publish_at_once_get_two_numbers(dataset, units):
    several = [lists_of(units / str(i), dataset, [[row(i)]]) for i in range(6)]

    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda lists: published(dataset, lists, 1)[0].version, several))

    assert sorted(made) == [1, 2, 3, 4, 5, 6]
    assert dataset.numbers() == [1, 2, 3, 4, 5, 6]
    assert [dataset.manifest(n).parent for n in dataset.numbers()] == [None, 1, 2, 3, 4, 5]


def test_documents_that_do_not_add_up_are_not_published(dataset, units):
    lists = lists_of(units, dataset, [[row(0), row(1)]])

    with pytest.raises(ConservationError, match="3 documents were accepted and 2 stand"):
        published(dataset, lists, 3)
    with pytest.raises(ConservationError, match="5 documents came in and 2 are accounted for"):
        dataset.publish(
            "test", lists, scheme=SCHEME, documents={"accepted": {"x": 2}}, sources=5, build={}
        )
    assert dataset.numbers() == []


@pytest.fixture
def pulled(dataset, units, tmp_path):
    rows = [row(i, split="validation" if i % 5 == 0 else "train") for i in range(40)]
    published(dataset, lists_of(units, dataset, [rows], target=100), 40)
    list(pull(dataset, None, tmp_path / "pulled"))
    return tmp_path / "pulled"


def faults(folder):
    return {name: fault for name, fault in verify(folder) if fault}


def test_a_pulled_version_is_whole(pulled):
    assert faults(pulled) == {}
    assert sum(pq.read_table(f).num_rows for f in (pulled / "data").iterdir()) == 40


def test_what_is_there_already_is_not_fetched_again(dataset, pulled):
    [first, *_] = sorted((pulled / "data").iterdir())
    half = first.with_name(
        f"{first.name}.{hashlib.sha256(first.read_bytes()).hexdigest()[:8]}.part"
    )
    data = first.read_bytes()
    half.write_bytes(data[: len(data) // 2])
    first.unlink()

    fetched = {p.path: p.fetched for p in pull(dataset, None, pulled)}

    assert fetched.pop(f"data/{first.name}") == len(data) - len(data) // 2
    assert set(fetched.values()) == {0}
    assert faults(pulled) == {}


def test_every_changed_missing_or_foreign_file_is_named(pulled):
    changed, missing, *_ = sorted((pulled / "data").iterdir())
    data = bytearray(changed.read_bytes())
    data[9] ^= 1
    changed.write_bytes(data)
    missing.unlink()
    (pulled / "data" / "train-more.parquet").write_bytes(b"x")

    found = faults(pulled)

    assert "sha256 is" in found[f"data/{changed.name}"]
    assert found[f"data/{missing.name}"] == "is missing"
    assert found["data/train-more.parquet"] == "is not part of this version"


def test_a_damaged_shard_is_refused_when_it_is_pulled(dataset, pulled, tmp_path):
    [shard, *_] = (tmp_path / "dataset" / "shards").iterdir()
    shard.write_bytes(b"x" * shard.stat().st_size)

    with pytest.raises(CorruptError, match="sha256 is"):
        list(pull(dataset, None, tmp_path / "again"))
    with pytest.raises(VersionError, match="holds no pulled version"):
        list(verify(tmp_path / "again"))


def test_a_folder_with_another_version_is_refused_unless_it_may_give_way(dataset, units, pulled):
    published(dataset, lists_of(units / "b", dataset, [[row(0)]]), 1)

    with pytest.raises(VersionError, match="holds another version"):
        list(pull(dataset, 2, pulled))
    list(pull(dataset, 2, pulled, replace=True))

    assert faults(pulled) == {}
    assert len(list((pulled / "data").iterdir())) == 1


def test_a_folder_that_holds_something_else_is_refused(dataset, pulled, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")

    with pytest.raises(VersionError, match=r"notes\.txt"):
        list(pull(dataset, None, tmp_path / "mine", replace=True))


def test_versions_that_do_not_exist_are_named(dataset, pulled, tmp_path):
    with pytest.raises(VersionError) as caught:
        list(pull(dataset, 7, tmp_path / "x"))
    assert caught.value.hint == "there are: 1"

    with pytest.raises(VersionError, match="holds no version"):
        list(pull(Dataset(str(tmp_path / "none")), None, tmp_path / "x"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b", ("a/b", None)), ("a/b@3", ("a/b", 3)), ("s3://me@host/x", ("s3://me@host/x", None))],
)
def test_a_name_may_carry_a_version(name, expected):
    assert parsed_name(name) == expected


def test_a_version_that_is_no_number_is_refused():
    with pytest.raises(VersionError, match="is no version"):
        parsed_name("a@newest")


@pytest.mark.parametrize("name", ["data/my-thesis.csv", "data/sub/x", "README.md", "lists/mine"])
def test_a_file_of_the_users_own_is_never_removed(dataset, units, tmp_path, name):
    published(dataset, lists_of(units, dataset, [[row(0)]]), 1)
    own = tmp_path / "mine" / name
    own.parent.mkdir(parents=True)
    own.write_text("keep me")

    with pytest.raises(VersionError, match="is not empty"):
        list(pull(dataset, None, tmp_path / "mine", replace=True))

    assert own.read_text() == "keep me"


def test_a_damaged_shard_is_mended_when_it_is_made_again(dataset, units, tmp_path):
    lists = lists_of(units, dataset, [[row(0)]])
    shard = tmp_path / "dataset" / "shards" / f"{lists[0].shards[0].sha256}.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(b"x" * len(whole))

    assert lists_of(units / "b", dataset, [[row(0)]]) == lists
    assert shard.read_bytes() == whole


def test_a_damaged_shard_of_the_newest_version_is_named(dataset, pulled, tmp_path):
    [shard, *_] = (tmp_path / "dataset" / "shards").iterdir()
    shard.write_bytes(b"x")

    with pytest.raises(CorruptError, match="missing or changed"):
        dataset.source_ids()
