"""Parquet files become rows: columns of any type, damage that stays where it is."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.plugins import Kit, load
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.errors import SourceError
from schemas.recipe import SourceSection


@pytest.fixture
def source():
    return load(Source, "parquet", {}, where="a test", kit=Kit(Prompts(None), "0"))


def units(source, url, unit_rows=4):
    section = SourceSection(name="made", use="parquet", url=str(url))
    files = source.gathered(listing(section, source.endings).files, unit_rows)
    return [unit for file in files for unit in source.units(file, unit_rows)]


def rows(source, url, unit_rows=4):
    return [row for unit in units(source, url, unit_rows) for row in source.rows(unit)]


def write(folder, table, **settings):
    settings = {"write_page_checksum": True} | settings
    pq.write_table(pa.table(table), folder / "all.parquet", **settings)
    return folder / "all.parquet"


def numbered(count):
    return {"id": list(range(count)), "text": [f"Text {i} " * 50 for i in range(count)]}


def test_a_unit_does_not_span_row_groups(tmp_path, source):
    write(tmp_path, numbered(10), row_group_size=6)

    found = units(source, tmp_path)

    assert [(u.first, u.rows, u.begin, u.offset) for u in found] == [
        (0, 4, 0, 0),
        (4, 2, 0, 0),
        (6, 4, 6, 1),
    ]


def test_a_file_without_rows_has_no_units(tmp_path, source):
    write(tmp_path, {"text": pa.array([], pa.string())})

    assert units(source, tmp_path) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pa.array(["a"]), "a"),
        (pa.array([b"\xff"]), b"\xff"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array([None], pa.string()), None),
        (pa.array([date(2024, 2, 29)]), date(2024, 2, 29)),
        (pa.array([1_709_164_800_123_456_789], pa.timestamp("ns")),
         datetime(2024, 2, 29, 0, 0, 0, 123456)),  # noqa: DTZ001 - as it was written
        (pa.array([Decimal("1.50")]), Decimal("1.50")),
        (pa.array([UUID(int=1).bytes], pa.uuid()), "00000000-0000-0000-0000-000000000001"),
        (pa.array([["a", "b"]]), ["a", "b"]),
        (pa.array([{"name": "a"}]), {"name": "a"}),
        (pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())), {"k": "v"}),
    ],
)  # fmt: skip
def test_a_value_of_any_type_comes_as_python_has_it(tmp_path, source, column, value):
    write(tmp_path, {"text": ["a"], "author": column})

    [row] = rows(source, tmp_path)

    assert row.fields["author"] == value
    assert type(row.fields["author"]) in (type(value), type(None))


def test_text_that_is_not_utf8_comes_as_bytes_and_does_not_harm_its_neighbours(tmp_path, source):
    data = pa.array([b"good", b"b\xffd", b"good"])
    text = pa.Array.from_buffers(pa.string(), 3, data.buffers())
    write(tmp_path, {"text": text})

    found = [row.fields["text"] for row in rows(source, tmp_path)]

    assert found == ["good", b"b\xffd", "good"]


def test_what_python_cannot_hold_is_left_to_the_door(tmp_path, source):
    write(tmp_path, {"text": ["a"], "published": pa.array([2**62], pa.timestamp("us"))})

    [row] = rows(source, tmp_path)

    assert row.fields["text"] == "a"
    assert isinstance(row.fields["published"], pa.Scalar)


def test_a_dotted_name_is_a_column_of_that_name_or_leads_into_one(tmp_path, source):
    table = {"a.text": ["flat"], "a": [{"text": "nested"}], "b": [{"c": {"d": "deep"}}], "e": [1]}
    write(tmp_path, table)
    source.wants({"text": "a.text", "author": "b.c.d", "topic": "a.topic"})

    [row] = rows(source, tmp_path)

    assert row.fields == {"a.text": "flat", "b": {"c": {"d": "deep"}}, "a": {"text": "nested"}}


def test_without_the_text_column_every_row_is_rejected_with_the_names_that_are_there(
    tmp_path, source
):
    write(tmp_path, {"id": list(range(5)), "content": ["a"] * 5})
    source.wants({"text": "body"})

    found = rows(source, tmp_path)

    assert [row.reason for row in found] == ["no_text"] * 5
    assert found[0].detail == "there is no column 'body', there are id, content"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"this was never Parquet", b"PAR1" * 100])
def test_a_file_without_a_footer_is_one_damaged_row(tmp_path, source, data):
    (tmp_path / "all.parquet").write_bytes(data)

    [row] = rows(source, tmp_path)

    assert row.reason == "damaged"


@pytest.mark.parametrize("settings", [{}, {"compression": "zstd"}, {"data_page_size": 300}])
def test_damage_in_a_row_group_stays_in_it_and_the_count_stays(tmp_path, source, settings):
    path = write(tmp_path, numbered(30), row_group_size=10, use_dictionary=False, **settings)
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size - 5] ^= 0xFF
    path.write_bytes(data)

    for unit_rows in (1, 4, 100):
        found = rows(source, tmp_path, unit_rows)

        assert [row.number for row in found] == list(range(30))
        bad = [row.number for row in found if row.reason == "damaged"]
        assert bad
        assert bad == list(range(bad[0], 20))
        assert bad[0] >= 10
        assert "row group 2 cannot be read" in found[bad[0]].detail


def test_a_flipped_bit_anywhere_never_gives_another_text(tmp_path, source):
    path = write(tmp_path, numbered(30), row_group_size=10, compression="none")
    sound, whole = path.read_bytes(), numbered(30)["text"]
    footer = int.from_bytes(sound[-8:-4], "little") + 8

    for place in range(4, len(sound) - footer, 97):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        found = rows(source, tmp_path)

        assert len(found) == 30
        assert all(row.reason == "damaged" or row.fields["text"] in whole for row in found)


def test_a_file_that_is_compressed_as_a_whole_is_refused(tmp_path, source):
    write(tmp_path, numbered(3)).rename(tmp_path / "all.parquet.gz")

    with pytest.raises(SourceError, match=r"all\.parquet\.gz is compressed as a whole"):
        units(source, tmp_path)


def test_a_store_that_fails_in_the_middle_is_not_taken_for_damage(tmp_path, source, monkeypatch):
    write(tmp_path, numbered(100), row_group_size=10)
    found = units(source, tmp_path, 10)
    real = fsspec.implementations.local.LocalFileOpener.read

    def failing(self, *size):
        if self.tell() < 2000:
            raise PermissionError("the store says no")
        return real(self, *size)

    monkeypatch.setattr(
        fsspec.implementations.local.LocalFileOpener, "read", failing, raising=False
    )

    with pytest.raises(SourceError, match="the store says no"):
        list(source.rows(found[0]))


def test_only_wanted_columns_are_read(tmp_path, source, monkeypatch):
    asked, real = [], pq.ParquetFile.iter_batches

    def asking(self, *args, columns, **settings):
        asked.append(columns)
        return real(self, *args, columns=columns, **settings)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", asking)
    write(tmp_path, {"key": [1], "text": ["a"], "heavy": ["h"], "meta": [{"by": "Ann"}]})
    source.wants({"id": "key", "author": "meta.by"})

    [row] = rows(source, tmp_path)

    assert asked == [["key", "text", "meta"]]
    assert row.fields == {"key": 1, "text": "a", "meta": {"by": "Ann"}}
