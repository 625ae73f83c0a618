"""Folders of plain text and Markdown: one file, one document, many in a unit."""

import gzip

import pytest

from pipeline.door import Door
from pipeline.plugins import Kit, load
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.errors import ChangedError
from schemas.recipe import SourceSection
from schemas.unit import SourceFile


@pytest.fixture
def source():
    return load(Source, "text", {}, where="a test", kit=Kit(Prompts(None), "0"))


def units(source, url, unit_rows=100):
    section = SourceSection(name="made", use="text", url=str(url))
    files = source.gathered(listing(section, source.endings).files, unit_rows)
    return [unit for file in files for unit in source.units(file, unit_rows)]


def rows(source, url, unit_rows=100):
    return [row for unit in units(source, url, unit_rows) for row in source.rows(unit)]


def files(count, prefix="f"):
    return [SourceFile("made", f"{prefix}{i:05}.txt", "", 7, f"stamp {i}") for i in range(count)]


def test_a_file_is_a_document_that_is_called_by_its_name(tmp_path, source):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.txt").write_text("Hello.")
    [unit] = units(source, tmp_path)

    [row] = source.rows(unit)
    [document] = Door().documents(row, unit.file)

    assert (document.id, document.place, document.text) == (
        "made/sub/one.txt",
        "made/sub/one.txt",
        "Hello.",
    )


def test_many_files_are_few_bundles_of_bounded_size(source):
    bundles = list(source.gathered(files(10_000), 100))

    assert 60 < len(bundles) < 160
    assert max(len(bundle.members) for bundle in bundles) <= 400
    assert [m for bundle in bundles for m in bundle.members] == files(10_000)
    assert sum(bundle.bytes for bundle in bundles) == 70_000
    assert len({bundle.name for bundle in bundles}) == len(bundles)


@pytest.mark.parametrize("place", [0, 3, 5000, 9999])
def test_a_file_that_is_added_changes_the_bundle_it_falls_into_and_seldom_the_next(source, place):
    before = files(10_000)
    added = SourceFile("made", f"{before[place].name}.more.txt", "", 7, "new")
    after = [*before[: place + 1], added, *before[place + 1 :]]

    old = set(source.gathered(before, 100))
    new = set(source.gathered(after, 100))

    assert 1 <= len(new - old) <= 2


def test_a_bundle_is_another_if_one_of_its_files_is(source):
    before = files(20)
    after = [*before[:-1], SourceFile("made", before[-1].name, "", 7, "other")]

    stamps = [[b.stamp for b in source.gathered(each, 1000)] for each in (before, after)]

    assert stamps[0] != stamps[1]


def test_planning_opens_no_file(source):
    nowhere = files(20)

    [bundle] = source.gathered(nowhere, 1_000_000)

    assert [unit.rows for unit in source.units(bundle, 8)] == [8, 8, 4]


def test_a_file_that_changes_after_planning_is_noticed(tmp_path, source):
    (tmp_path / "a.txt").write_text("a")
    [unit] = units(source, tmp_path)
    (tmp_path / "a.txt").write_text("other")

    with pytest.raises(ChangedError, match=r"made/a\.txt has changed"):
        list(source.rows(unit))


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"abc\xff", "not_utf8", "byte 3 of the file is not UTF-8"),
        (b"\xef\xbb\xbfabc\xff", "not_utf8", "byte 6 of the file is not UTF-8"),
        ("Héllo".encode("utf-16"), "not_utf8", "byte 0 of the file is not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf8_says_where(tmp_path, source, data, reason, detail):
    (tmp_path / "a.txt").write_bytes(data)

    [row] = rows(source, tmp_path)

    assert (row.fields, row.reason, row.detail) == (None, reason, detail)


def test_a_damaged_file_is_one_row_and_the_others_go_on(tmp_path, source):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"a text " * 1000)[:-20])
    (tmp_path / "b.txt").write_text("b")

    found = rows(source, tmp_path)

    assert sorted((row.name, row.reason) for row in found) == [
        ("a.txt.gz", "damaged"),
        ("b.txt", ""),
    ]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, source):
    (tmp_path / "a.txt").write_bytes("\ufeffHello.".encode())

    [row] = rows(source, tmp_path)

    assert row.fields["text"] == "Hello."


def fields(folder, source, text, name="a.md"):
    (folder / name).write_bytes(text.encode())
    [row] = rows(source, folder)
    return row


@pytest.mark.parametrize("end", ["---", "..."])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_front_matter_becomes_fields_and_the_text_is_what_follows(tmp_path, source, end, line):
    text = line.join(["---", "author: Ann", "published: 2024-02-29", end, "", " ", "# One", "", ""])

    row = fields(tmp_path, source, text)

    assert row.fields == {
        "id": "a.md",
        "author": "Ann",
        "published": "2024-02-29",
        "text": f"# One{line}{line}",
    }


def test_values_of_front_matter_stay_as_they_are_written(tmp_path, source):
    row = fields(tmp_path, source, "---\nid: 0123\nauthor: No\ntopic: 1.10\nurl: ~\n---\nx")

    assert row.fields == {"id": "0123", "author": "No", "topic": "1.10", "url": None, "text": "x"}


def test_an_id_in_front_matter_is_the_documents(tmp_path, source):
    row = fields(tmp_path, source, "---\nid: own\n---\nText.")

    [document] = Door().documents(row, SourceFile("made", "a.md", "", 1, "1"))

    assert (document.id, document.place) == ("made/own", "made/a.md")


def test_text_in_front_matter_is_not_the_text(tmp_path, source):
    row = fields(tmp_path, source, "---\ntext: short\n---\nThe text.")

    assert row.fields["text"] == "The text."


@pytest.mark.parametrize(
    "text",
    [
        "---\n",
        "---\n\nA rule above, none below.",
        "---\n\nBetween two rules.\n\n---\n\nMore.",
        "---\n- a\n- list\n---\nMore.",
        "---\n\"He said: 'No' and: \n---\nMore.",
        "----\na: b\n----\nMore.",
        "\n---\na: b\n---\nMore.",
        "---\n[[" + "[" * 3000 + "\n---\nMore.",
    ],
)
def test_lines_that_hold_no_mapping_are_text(tmp_path, source, text):
    assert fields(tmp_path, source, text).fields == {"id": "a.md", "text": text}


@pytest.mark.parametrize("block", ["", "# only a comment\n"])
def test_empty_front_matter_is_no_text(tmp_path, source, block):
    assert fields(tmp_path, source, f"---\n{block}---\nText.").fields["text"] == "Text."


@pytest.mark.parametrize(
    ("block", "detail"),
    [
        ("title: A: B", "line 2: mapping values are not allowed here"),
        ("a: b\nc: [1", "line 4: expected ',' or ']', but got '<stream end>'"),
        ("id: !!bool maybe", "line 2: could not determine a constructor"),
        ("x: !!int ''", "line 2: could not determine a constructor"),
        ("published: !!timestamp foo", "line 2: could not determine a constructor"),
        ("a: {!!merge '<<': {b: c}}", "line 2: could not determine a constructor"),
        (
            f"x: {'y' * 70_000}",
            "the front matter cannot be read: it has more than 65,536",
        ),
        ("a: \x01", "the front matter cannot be read: unacceptable character #x0001"),
        ("a: !!python/name:os.system x", "line 2: could not determine a constructor"),
        ("a: " + "[" * 3000, "the front matter cannot be read: maximum recursion depth"),
    ],
)
def test_broken_front_matter_is_not_trained_on(tmp_path, source, block, detail):
    row = fields(tmp_path, source, f"---\n{block}\n---\nText.")

    assert row.reason == "bad_front_matter"
    assert row.detail.startswith(detail)


@pytest.mark.parametrize("name", ["a.txt", "a.rst"])
def test_other_texts_have_no_front_matter(tmp_path, source, name):
    text = "---\nauthor: Ann\n---\nText."

    assert fields(tmp_path, source, text, name).fields == {"id": name, "text": text}


def test_compressed_markdown_is_markdown(tmp_path, source):
    (tmp_path / "a.md.gz").write_bytes(gzip.compress(b"---\nauthor: Ann\n---\nText."))

    [row] = rows(source, tmp_path)

    assert row.fields == {"id": "a.md.gz", "author": "Ann", "text": "Text."}
