"""Files outside become rows: found, cut into units, and counted whatever is wrong with them."""

import gzip
import os

import pytest
import zstandard

from pipeline.sources import jsonl
from pipeline.sources.jsonl import Jsonl
from pipeline.units import planned_units, unit_documents
from schemas.errors import ChangedError, SourceError
from tests.conftest import opened, swap, write_documents


def documents(workshop):
    """Return every document of every unit."""
    return [d for unit in planned_units(workshop) for d in unit_documents(workshop, unit)]


@pytest.mark.parametrize(
    ("name", "data", "whole"),
    [
        ("all.jsonl.gz", gzip.compress(b'{"text": "a"}\n' * 5000)[:-30], True),
        ("all.jsonl.gz", b"this was never gzip", False),
        ("all.jsonl.zst", b"this was never zstandard", False),
        ("all.jsonl.zst", zstandard.compress(os.urandom(900_000))[:500_000], True),
    ],
)
def test_damage_is_one_rejected_document_at_its_place_and_the_rest_goes_on(
    folder, name, data, whole
):
    (folder / "documents" / name).write_bytes(data)
    write_documents(folder, [{"text": "Sound."}], "z.jsonl")

    found = documents(opened(folder))

    last = [d for d in found if "all.jsonl" in d.place][-1]
    assert last.settled.reason == "damaged"
    assert (len(found) > 2) == whole
    assert found[-1].text == "Sound."


def test_an_archive_of_several_files_is_refused(folder):
    (folder / "documents" / "all.jsonl.zip").write_bytes(b"PK")

    with pytest.raises(SourceError, match="is an archive"):
        list(planned_units(opened(folder)))


@pytest.fixture
def read(monkeypatch):
    """How many lines were read from each stream that was opened."""
    streams, real = [], Jsonl.records

    def counting(self, file, offset):
        place = len(streams)
        streams.append(0)
        for line in real(self, file, offset):
            streams[place] += 1
            yield line

    monkeypatch.setattr(Jsonl, "records", counting)
    return streams


def test_a_compressed_file_is_not_begun_again_for_each_of_its_units(folder, read):
    lines = b"".join(b'{"text": "%d"}\n' % i for i in range(40))
    (folder / "documents" / "all.jsonl.gz").write_bytes(gzip.compress(lines))
    workshop = opened(folder)
    units = list(planned_units(workshop))

    found = [d.text for unit in units for d in unit_documents(workshop, unit)]
    again = [d.text for d in unit_documents(workshop, units[3])]

    assert found == [str(i) for i in range(40)]
    assert again == found[12:16]
    assert read == [40, 40, 16]


def test_the_first_unit_is_known_before_the_file_is_read_on(folder, monkeypatch):
    write_documents(folder, [{"text": str(i)} for i in range(1000)])
    read, real = [], jsonl._sizes
    monkeypatch.setattr(jsonl, "_sizes", lambda stream: (read.append(s) or s for s in real(stream)))

    unit = next(planned_units(opened(folder)))

    assert (unit.first, unit.rows) == (0, 4)
    assert len(read) == 4


def test_a_line_that_fills_the_memory_is_rejected_and_passed_over(folder, monkeypatch):
    monkeypatch.setattr(jsonl, "_LONGEST", 100)
    rows = [{"text": "Short."}, {"text": "Long. " * 200}, {"text": "Short too."}]
    write_documents(folder, [*rows, {"text": "x" * 500}, *rows])

    found = documents(opened(folder))

    assert [d.settled.reason if d.settled else d.text for d in found] == [
        "Short.", "too_large", "Short too.", "too_large", "Short.", "too_large", "Short too."
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a::b.jsonl", "a[1].jsonl", "a b#0.jsonl", b"a\xff.jsonl"])
def test_odd_file_names_are_read(folder, name):
    (folder / "documents" / os.fsdecode(name)).write_text('{"text": "Found."}\n')

    [found] = documents(opened(folder))

    assert found.text == "Found."


def test_a_recipe_may_lie_in_a_folder_whose_name_looks_like_a_glob(folder):
    odd = folder / "my [old] work?"
    (odd / "documents").mkdir(parents=True)
    write_documents(odd, [{"text": "Found."}])

    [found] = documents(opened(odd))

    assert (found.text, found.place) == ("Found.", "made/all.jsonl:1")


def test_a_file_that_is_replaced_by_one_of_its_size_and_date_is_noticed(folder):
    write_documents(folder, [{"text": f"old {i}"} for i in range(8)])
    workshop = opened(folder)
    first, second = planned_units(workshop)
    list(unit_documents(workshop, first))
    swap(folder / "documents" / "all.jsonl", "old", "new")

    with pytest.raises(ChangedError):
        list(unit_documents(workshop, second))


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
def test_a_file_that_changes_between_units_is_never_read_half_old_half_new(folder, name):
    def lines(word):
        data = "".join(f'{{"text": "{word} {i}"}}\n' for i in range(8)).encode()
        return gzip.compress(data) if name.endswith("gz") else data

    path = folder / "documents" / name
    path.write_bytes(lines("old"))
    workshop = opened(folder)
    first, second = planned_units(workshop)
    assert {d.text[:4] for d in unit_documents(workshop, first)} == {"old "}
    path.write_bytes(lines("newer"))

    with pytest.raises(ChangedError, match=f"made/{name} has changed"):
        list(unit_documents(workshop, second))


def test_a_file_that_is_rewritten_while_it_is_read_is_noticed_at_the_end(folder):
    write_documents(folder, [{"text": f"old {i}"} for i in range(4)])
    workshop = opened(folder)
    [unit] = planned_units(workshop)

    reading = unit_documents(workshop, unit)
    next(reading)
    write_documents(folder, [{"text": f"newer {i}"} for i in range(4)])

    with pytest.raises(ChangedError):
        list(reading)


def test_a_file_that_vanishes_is_named(folder):
    write_documents(folder, [{"text": "a"}])
    workshop = opened(folder)
    [unit] = planned_units(workshop)
    (folder / "documents" / "all.jsonl").unlink()

    with pytest.raises(ChangedError, match="has vanished"):
        list(unit_documents(workshop, unit))
