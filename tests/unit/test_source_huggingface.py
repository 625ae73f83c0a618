"""What `datasets` saves to disk is read as it was saved, and nothing beside it."""

import json

import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from pipeline.plugins import Kit, load
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.errors import SourceError
from schemas.recipe import SourceSection


@pytest.fixture
def source():
    return load(Source, "huggingface", {}, where="a test", kit=Kit(Prompts(None), "0"))


def units(source, url, unit_rows=4):
    section = SourceSection(name="made", use="huggingface", url=str(url))
    files = source.gathered(listing(section, source.endings).files, unit_rows)
    return [unit for file in files for unit in source.units(file, unit_rows)]


def rows(source, url, unit_rows=4):
    return [row for unit in units(source, url, unit_rows) for row in source.rows(unit)]


def dataset(count=10, word="Text"):
    features = Features(
        {"id": Value("int64"), "text": Value("string"), "topic": ClassLabel(names=["a", "b"])}
    )
    table = {
        "id": list(range(count)),
        "text": [f"{word} {i}" for i in range(count)],
        "topic": [i % 2 for i in range(count)],
    }
    return Dataset.from_dict(table, features=features)


def stream(folder, batches, *, new=pa.ipc.new_stream, schema=None):
    """Write batches of a column "text" as one file of a saved dataset."""
    folder.mkdir(exist_ok=True)
    schema = schema or pa.schema({"text": pa.string()})
    with new(str(folder / "data.arrow"), schema) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch([pa.array(batch, schema[0].type)], schema=schema))
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    return folder / "data.arrow"


def test_the_shards_of_a_dataset_are_read_in_order(tmp_path, source):
    dataset().save_to_disk(str(tmp_path / "saved"), num_shards=3)

    found = rows(source, tmp_path)

    assert [row.fields["text"] for row in found] == [f"Text {i}" for i in range(10)]
    assert found[3].fields == {"id": 3, "text": "Text 3", "topic": 1}


def test_every_split_is_read(tmp_path, source):
    DatasetDict({"train": dataset(4, "Train"), "test": dataset(2, "Test")}).save_to_disk(
        str(tmp_path)
    )

    found = units(source, tmp_path)

    assert [(unit.file.name.partition("/")[0], unit.rows) for unit in found] == [
        ("test", 2),
        ("train", 4),
    ]


def test_caches_beside_the_data_are_not_read(tmp_path, source):
    dataset(2).save_to_disk(str(tmp_path))
    data = (tmp_path / "data-00000-of-00001.arrow").read_bytes()
    (tmp_path / "cache-0123456789abcdef.arrow").write_bytes(data)

    assert len(rows(source, tmp_path)) == 2


def test_selected_rows_are_those_that_were_saved(tmp_path, source):
    dataset().select([5, 2, 7]).save_to_disk(str(tmp_path))

    assert [row.fields["id"] for row in rows(source, tmp_path)] == [5, 2, 7]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "no state.json that names them"),
        ("{", "no state.json that names them"),
        ("[]", "no state.json that names them"),
        ({}, "no state.json that names them"),
        ({"_data_files": [{}]}, "no state.json that names them"),
        ({"_data_files": [{"filename": "lost.arrow"}]}, "names lost.arrow, which is not there"),
        (
            {"_data_files": [], "_indices_data_files": [{"filename": "indices.arrow"}]},
            "which and in what order, other files say",
        ),
    ],
)
def test_a_folder_that_is_no_whole_dataset_is_refused(tmp_path, source, state, message):
    stream(tmp_path, [["a"]])
    (tmp_path / "state.json").unlink()
    if state is not None:
        text = state if isinstance(state, str) else json.dumps(state)
        (tmp_path / "state.json").write_text(text)

    with pytest.raises(SourceError, match=message) as error:
        units(source, tmp_path)

    assert error.value.hint


def test_units_begin_at_the_batch_of_their_first_row(tmp_path, source):
    stream(tmp_path, [["a"] * 3, [], ["b"] * 7, ["c"]])

    found = units(source, tmp_path)

    assert [(unit.first, unit.rows, unit.begin) for unit in found] == [
        (0, 4, 0),
        (4, 4, 3),
        (8, 3, 3),
    ]
    alone = [[row.fields["text"] for row in source.rows(unit)] for unit in found[::-1]]
    assert alone == [["b", "b", "c"], ["b"] * 4, ["a", "a", "a", "b"]]


def test_the_file_format_is_read_too(tmp_path, source):
    stream(tmp_path, [["a"] * 3, ["b"] * 7], new=pa.ipc.new_file)

    found = [[row.fields["text"] for row in source.rows(u)] for u in units(source, tmp_path)[::-1]]

    assert found == [["b", "b"], ["b"] * 4, ["a", "a", "a", "b"]]


def test_a_dictionary_before_the_first_batch_is_not_skipped(tmp_path, source):
    words = pa.array(["a", "b", "c"])
    batches = [
        pa.record_batch(
            [pa.DictionaryArray.from_arrays(pa.array(picks, pa.int8()), words)], names=["text"]
        )
        for picks in ([0, 1, 0, 1], [2, 2, 2, 2], [1, 0])
    ]
    path = stream(tmp_path, [])
    with pa.ipc.new_stream(str(path), batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)

    found = [[row.fields["text"] for row in source.rows(u)] for u in units(source, tmp_path)[::-1]]

    assert found == [["b", "a"], ["c"] * 4, ["a", "b", "a", "b"]]


@pytest.mark.parametrize("cut", [1, 8, 9, 200])
def test_a_file_that_was_cut_off_is_damaged_after_its_last_whole_batch(tmp_path, source, cut):
    path = stream(tmp_path, [["a"] * 4, ["b"] * 4])
    path.write_bytes(path.read_bytes()[:-cut])

    found = rows(source, tmp_path)

    whole = 8 if cut <= 8 else 4
    assert [row.reason for row in found] == [""] * whole + ["damaged"]


@pytest.mark.parametrize("data", [b"", b"x", b"ARROW1", b"this was never Arrow" * 9, b"\xff" * 40])
def test_a_file_that_is_no_arrow_is_one_damaged_row(tmp_path, source, data):
    stream(tmp_path, []).write_bytes(data)

    assert [row.reason for row in rows(source, tmp_path)] == ["damaged"]


def test_wrong_lengths_within_a_batch_do_not_crash_and_harm_it_alone(tmp_path, source):
    path = stream(tmp_path, [["one", "two"], ["three", "four"]])
    data = path.read_bytes()
    sound = (5).to_bytes(4, "little") + (9).to_bytes(4, "little")
    assert data.count(sound) == 1
    path.write_bytes(data.replace(sound, b"\xff\xff\xff\x7f" + (9).to_bytes(4, "little")))

    found = rows(source, tmp_path)

    assert [row.reason for row in found] == ["", "", "damaged", "damaged"]


def test_without_the_text_column_every_row_says_so(tmp_path, source):
    dataset(3).save_to_disk(str(tmp_path))
    source.wants({"text": "body"})

    found = rows(source, tmp_path)

    assert [row.reason for row in found] == ["no_text"] * 3
    assert found[0].detail == "there is no column 'body', there are id, text, topic"


def test_columns_that_nobody_wants_are_not_made_python(tmp_path, source):
    Dataset.from_dict({"key": ["k"], "text": ["a"], "heavy": ["h"]}).save_to_disk(str(tmp_path))
    source.wants({"id": "key"})

    [row] = rows(source, tmp_path)

    assert row.fields == {"key": "k", "text": "a"}
