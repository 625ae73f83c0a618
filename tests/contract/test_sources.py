"""What every source promises; they are found by themselves, their files made in formats.py."""

import random
from itertools import chain

import pytest
from fsspec.implementations.local import LocalFileOpener

from pipeline.plugins import Kit, load, plugin_class, plugin_names
from pipeline.reading import files as source_files
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.errors import SourceError
from schemas.recipe import SourceSection
from tests.formats import COMPRESS, MAKERS

TEXTS = [f"Text number {i}, whose words are «some» words, and a line\nbelow." for i in range(23)]
EVERY = [(name, form) for name in plugin_names(Source) for form in ("plain", "compressed")]
EVERY = [(name, form) for name, form in EVERY if form == "plain" or name in COMPRESS]
# As it is damaged most plainly: what is cut off plain text cannot be seen.
FRAGILE = [(name, "compressed" if name in COMPRESS else "plain") for name in plugin_names(Source)]


class Made:
    """A source over files of its format in a folder."""

    def __init__(self, folder, name, form, texts):
        self.fields = MAKERS[name](folder, texts)
        if form == "compressed":
            for path in sorted(folder.iterdir()):
                COMPRESS[name](path)
                path.unlink()
        self.folder, self.name = folder, name

    def source(self):
        source = load(Source, self.name, {}, where="a test", kit=Kit(Prompts(None), "0"))
        source.wants(self.fields)
        return source

    def units(self, unit_rows, source=None):
        source = source or self.source()
        section = SourceSection(name="made", use=self.name, url=str(self.folder))
        files = listing(section, source.endings).files
        for file in source.gathered(files, unit_rows):
            yield from source.units(file, unit_rows)

    def largest(self):
        paths = [
            p for p in self.folder.rglob("*") if p.name.endswith((*self.source().endings, "gz"))
        ]
        return max(paths, key=lambda path: (path.stat().st_size, path.name))


@pytest.fixture
def made(tmp_path):
    return lambda name, form, texts=TEXTS: Made(tmp_path, name, form, texts)


def said(rows):
    """Return what rows say, without their numbers, which depend on how small files are bundled."""
    return [(row.fields, row.reason, row.detail) for row in rows]


def read(source, units):
    return [said(source.rows(unit)) for unit in units]


def read_whole(files, unit_rows):
    return list(chain.from_iterable(read(files.source(), files.units(unit_rows))))


def test_every_source_has_its_files_here():
    assert sorted(MAKERS) == plugin_names(Source)


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_the_wanted_fields_of_every_text_come_in_order_whatever_the_size_of_units(made, name, form):
    files = made(name, form)

    found = {n: read_whole(files, n) for n in (1, 3, 7, 1000)}

    fields = [row for row, *_ in found[1]]
    assert [row[files.fields.get("text", "text")] for row in fields] == TEXTS
    assert len({row[files.fields.get("id", "id")] for row in fields}) == len(TEXTS)
    assert all(rows == found[1] for rows in found.values())


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_units_hold_at_most_their_size_and_follow_each_other(made, name, form):
    files = made(name, form)

    units = list(files.units(3))

    ends = {}
    for unit in units:
        assert 0 < unit.rows <= 3
        assert unit.begin <= unit.first == ends.get(unit.file, 0)
        ends[unit.file] = unit.first + unit.rows
    assert sum(unit.rows for unit in units) == len(TEXTS)
    assert len({unit.folder for unit in units}) == len(units)


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_a_unit_gives_the_same_rows_alone_and_in_any_order(made, name, form):
    files = made(name, form)
    units = list(files.units(3))
    in_order = read(files.source(), units)
    shuffled = random.Random(1).sample(range(len(units)), len(units))
    source = files.source()

    alone = [read(files.source(), [unit])[0] for unit in units]
    backwards = read(files.source(), reversed(units))
    mixed = {index: read(source, [units[index]])[0] for index in shuffled}

    assert alone == in_order
    assert backwards[::-1] == in_order
    assert [mixed[index] for index in range(len(units))] == in_order


@pytest.fixture
def bytes_read(monkeypatch):
    """How many bytes were taken from the store, in a list of one."""
    count, real = [0], source_files._Stored.readinto

    def counting(self, buffer):
        size = real(self, buffer)
        count[0] += size
        return size

    monkeypatch.setattr(source_files._Stored, "readinto", counting)
    return count


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_the_first_unit_is_known_and_read_before_the_file_is(made, name, form, bytes_read):
    chars = random.Random(1)
    texts = ["".join(chars.choices("abcdefghijklmnopqrstuvwxyz ", k=40_000)) for _ in range(200)]
    files = made(name, form, texts)
    source = files.source()

    unit = next(files.units(4, source))
    row = next(source.rows(unit))

    assert row.fields[files.fields.get("text", "text")] == texts[0]
    assert bytes_read[0] < sum(path.stat().st_size for path in files.folder.rglob("*.*")) / 2


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
@pytest.mark.parametrize(("name", "form"), FRAGILE)
def test_a_file_that_was_cut_off_ends_in_a_damaged_row_that_is_planned_too(made, name, form, kept):
    chars = random.Random(1)
    texts = ["".join(chars.choices("abcdefgh ", k=3000)) for _ in range(50)]
    files = made(name, form, texts)
    path = files.largest()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])

    found = {n: read_whole(files, n) for n in (1, 7, 1000)}
    planned = sum(unit.rows for unit in files.units(7))

    assert planned == len(found[7])
    assert found[1] == found[7] == found[1000]
    fields = [row for row, *_ in found[7] if row is not None]
    assert [row[files.fields.get("text", "text")] for row in fields] == [
        text for text in texts if text in {row[files.fields.get("text", "text")] for row in fields}
    ]
    assert [reason for _, reason, _ in found[7] if reason] == ["damaged"]
    assert all(detail for _, reason, detail in found[7] if reason)


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_a_store_that_fails_stops_and_is_not_taken_for_damage(made, name, form, monkeypatch):
    files = made(name, form)
    units = list(files.units(3))

    def failing(self, *size):
        raise PermissionError("the store says no")

    monkeypatch.setattr(LocalFileOpener, "read", failing)

    for unit in units:
        with pytest.raises(SourceError, match="the store says no"):
            list(files.source().rows(unit))


@pytest.mark.parametrize("name", plugin_names(Source))
def test_a_source_says_which_files_it_reads(name):
    endings = plugin_class(Source, name, "a test").endings

    assert endings
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)
