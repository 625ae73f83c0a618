"""Web archives as files: begun at any record, and damage that is counted."""

import gzip
import lzma

import pytest
import zstandard

from pipeline.reading.files import listing
from schemas.recipe import SourceSection
from tests.unit.test_source_warc import records, rows, source, text

GZIP = b"\x1f\x8b\x08"


def test_a_unit_begins_at_its_own_record(tmp_path):
    archive = records(*[text(f"Words {i}.") for i in range(5)])
    (tmp_path / "all.warc.gz").write_bytes(archive)
    reader = source()
    [file] = listing(SourceSection(name="made", use="warc", url=str(tmp_path))).files

    units = list(reader.units(file, 2))

    assert [(unit.first, unit.begin) for unit in units] == [(0, 0), (2, 2), (4, 4)]
    assert all(archive[unit.offset :].startswith(b"\x1f\x8b") for unit in units)
    [row] = reader.rows(units[2])
    assert row.fields["text"] == "Words 4."


@pytest.mark.parametrize("name", ["all.warc.gz", "all.warc.xz"])
def test_an_archive_compressed_as_a_whole_is_read_from_its_start(tmp_path, name):
    archive = records(*[text(f"Words {i}.") for i in range(5)], is_gzip=False)
    packed = gzip.compress(archive) if name.endswith("gz") else lzma.compress(archive)

    found = rows(tmp_path, packed, name)

    assert [row.fields["text"] for row in found] == [f"Words {i}." for i in range(5)]


@pytest.mark.parametrize("name", ["all.warc", "all.warc.gz", "all.warc.xz", "all.warc.zst"])
def test_wherever_an_archive_is_cut_off_what_is_whole_stays_and_damage_is_counted(tmp_path, name):
    archive = records(*[text(f"Words {i}. " * 9) for i in range(3)], is_gzip=name.endswith("gz"))
    if name.endswith("xz"):
        archive = lzma.compress(archive)
    if name.endswith("zst"):
        archive = zstandard.compress(archive)
    whole = [row.fields for row in rows(tmp_path, archive, name)]

    for cut in range(5, len(archive), 37):
        found = rows(tmp_path, archive[:cut], name)

        sound = [row.fields for row in found if row.fields]
        assert sound == whole[: len(sound)]
        assert [row.reason for row in found[len(sound) :]] in (["damaged"], [])
        if name.endswith(("xz", "zst")):
            assert found[-1].reason == "damaged"


def test_a_cut_is_unseen_only_where_a_record_ends(tmp_path):
    archive = records(*[text(f"Words {i}. " * 9) for i in range(3)])
    [*_, last] = (place for place in range(len(archive)) if archive.startswith(GZIP, place))

    unseen = [
        cut
        for cut in range(1, len(archive))
        if not any(row.reason for row in rows(tmp_path, archive[:cut]))
    ]

    assert len(unseen) == 2
    assert unseen[-1] == last


@pytest.mark.parametrize("place", [0.3, 0.5, 0.95])
def test_a_flipped_bit_damages_the_rest(tmp_path, place):
    archive = bytearray(records(*[text(f"Words {i}. " * 99) for i in range(5)]))
    archive[int(len(archive) * place)] ^= 4

    found = rows(tmp_path, bytes(archive))

    assert found[-1].reason == "damaged"
    assert [row.fields["text"] for row in found[:-1]] == [
        f"Words {i}. " * 99 for i in range(len(found) - 1)
    ]


@pytest.mark.parametrize(
    "data", [b"this was never an archive", b"WARC/1.0\r\nWARC-Type: x\r\n\r\n"]
)
def test_what_is_no_archive_is_one_damaged_row(tmp_path, data):
    assert [row.reason for row in rows(tmp_path, data, "all.warc")] == ["damaged"]
