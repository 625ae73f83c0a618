"""CSV and TSV files become rows, however they are broken."""

import gzip

import pytest

from pipeline.door import Door
from pipeline.plugins import Kit, load
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.errors import RecipeError
from schemas.recipe import SourceSection


def source(**settings):
    return load(Source, "delimited", settings, where="a test", kit=Kit(Prompts(None), "0"))


def rows(folder, data, name="all.csv", fields=None, **settings):
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    reader = source(**settings)
    reader.wants(fields or {})
    [file] = listing(SourceSection(name="made", use="delimited", url=str(folder))).files
    return [row for unit in reader.units(file, 2) for row in reader.rows(unit)]


def said(found):
    return [(row.fields or row.reason, row.detail) for row in found]


def test_cells_are_called_by_the_header(tmp_path):
    found = rows(tmp_path, 'id,text\n1,"a, ""b""\r\nc"\n2,d\n')

    assert [row.fields for row in found] == [
        {"id": "1", "text": 'a, "b"\r\nc'},
        {"id": "2", "text": "d"},
    ]


@pytest.mark.parametrize("name", ["all.tsv", "all.TSV", "all.tsv.gz"])
def test_a_tsv_file_has_tabs(tmp_path, name):
    data = b"id\ttext\n1\ta, b\n"

    [row] = rows(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)

    assert row.fields == {"id": "1", "text": "a, b"}


def test_another_delimiter_and_a_header_can_be_given(tmp_path):
    found = rows(tmp_path, "1;a, b\n", delimiter=";", header=("id", "text"))

    assert [row.fields for row in found] == [{"id": "1", "text": "a, b"}]


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n"])
def test_what_cannot_be_a_delimiter_is_refused(delimiter):
    with pytest.raises(RecipeError, match="delimiter"):
        source(delimiter=delimiter)


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
def test_blank_lines_are_no_rows_but_count_as_lines(tmp_path, line):
    text = line.join(["", "id,text", "", "1,a", "", "2", "", ""])

    found = rows(tmp_path, text)

    assert said(found) == [
        ({"id": "1", "text": "a"}, ""),
        ("ragged", "line 6: 1 cells under 2 names"),
    ]


@pytest.mark.parametrize("data", ["", "\n", "id,text\n"])
def test_a_file_without_rows_has_no_units(tmp_path, data):
    assert rows(tmp_path, data) == []


def test_a_row_with_too_many_cells_is_ragged(tmp_path):
    found = rows(tmp_path, 'id,text\n1,"a\nb",c\n2,d\n')

    assert said(found) == [
        ("ragged", "lines 2 to 3: 3 cells under 2 names"),
        ({"id": "2", "text": "d"}, ""),
    ]


def test_broken_quotes_end_with_their_line(tmp_path):
    found = rows(tmp_path, 'id,text\n1,"a"b\n2,c\n3,"d\ne"f\n4,g\n')

    assert said(found) == [
        ("not_csv", "line 2: ',' expected after '\"'"),
        ({"id": "2", "text": "c"}, ""),
        ("not_csv", "lines 4 to 5: ',' expected after '\"'"),
        ({"id": "4", "text": "g"}, ""),
    ]


def test_a_quote_that_is_never_closed_says_what_it_swallowed(tmp_path):
    found = rows(tmp_path, 'id,text\n1,a\n2,"b\n3,c\n4,d\n')

    assert said(found) == [
        ({"id": "1", "text": "a"}, ""),
        (
            "not_csv",
            "lines 3 to 5: a quote is not closed; all to the end of the file is in this row",
        ),
    ]


def test_a_cell_may_have_fifty_megabytes_and_a_quote_swallows_no_more_than_a_little_above(tmp_path):
    long = "word " * 10_000_000
    lines = f"3,{'c' * 1000}\n" * 68_000

    found = rows(tmp_path, f'id,text\n1,"{long}"\n2,"b\n{lines}4,d\n')

    assert found[0].fields["text"] == long
    assert found[1].reason == "not_csv"
    assert "a cell has more than" in found[1].detail
    assert found[-1].fields == {"id": "4", "text": "d"}


def test_bytes_that_are_not_utf8_harm_their_row_alone(tmp_path):
    found = rows(tmp_path, b"id,text,other\n1,ab\xff,x\n2,c,\xff\n3,\xc3\xa9,x\n")

    assert said(found) == [
        ("not_utf8", "line 2: byte 2 of 'text' is not UTF-8"),
        ({"id": "2", "text": "c", "other": "\udcff"}, ""),
        ({"id": "3", "text": "é", "other": "x"}, ""),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    [row] = rows(tmp_path, b"\xef\xbb\xbftext\na\n")

    assert row.fields == {"text": "a"}


def test_nul_and_half_surrogates_are_left_to_the_door(tmp_path):
    [row] = rows(tmp_path, b"text,id\na\x00b\xed\xa0\x80c,1\n")
    [file] = listing(SourceSection(name="made", use="delimited", url=str(tmp_path))).files

    [document] = Door().documents(row, file)

    assert row.fields["text"] == "a\x00b\ud800c"
    assert document.text == "a\ufffdb\ufffdc"


def test_a_wanted_column_that_is_there_twice_is_no_choice_of_ours(tmp_path):
    found = rows(tmp_path, "id,text,text\n1,a,b\n2,c,d\n")

    assert said(found) == [("bad_header", "the header has 'text' more than once")] * 2


def test_other_columns_may_be_there_twice_or_have_no_name(tmp_path):
    [row] = rows(tmp_path, ",text,x,x\n1,a,b,c\n")

    assert row.fields["text"] == "a"


@pytest.mark.parametrize(
    ("data", "reasons"),
    [
        (b"id,te\xffxt\n1,a\n2,b\n", ["bad_header", "bad_header"]),
        (b'id,"te"xt\n1,a\n2,b\n', ["not_csv", "bad_header", "bad_header"]),
        (b'id,"text\n1,a\n2,b\n', ["not_csv"]),
        ("id,text\n1,a".encode("utf-16"), ["bad_header"]),
    ],
)
def test_rows_under_a_header_that_cannot_be_read_are_counted(tmp_path, data, reasons):
    assert [row.reason for row in rows(tmp_path, data)] == reasons


def test_the_door_names_the_columns_that_are_there(tmp_path):
    [row] = rows(tmp_path, "key,content\n1,a\n", fields={"text": "body"})
    [file] = listing(SourceSection(name="made", use="delimited", url=str(tmp_path))).files

    [document] = Door(names={"text": "body"}).documents(row, file)

    assert document.settled.detail == "there is no field 'body'; there are: key, content"
