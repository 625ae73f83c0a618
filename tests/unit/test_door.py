"""Rows become documents, whatever they hold."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.door import Door, Row
from pipeline.splitting import split_at
from schemas.unit import SourceFile

FILE = SourceFile("made", "all.jsonl", "file:///all.jsonl", 1, "1")


def let_in(fields, *, reason="", name="", **door):
    row = Row(6, fields, reason, "what was wrong", name)
    return list(Door(**door).documents(row, FILE))


def test_a_row_without_an_id_is_called_by_its_place():
    [found] = let_in({"text": "Hello."})

    assert found.id == "made/all.jsonl:7"
    assert found.place == "made/all.jsonl:7"


def test_fields_are_found_under_the_names_that_the_recipe_gives():
    [found] = let_in(
        {"body": "Hello.", "key": 12, "by": "Ann"},
        names={"text": "body", "id": "key", "author": "by"},
    )

    assert (found.id, found.text, found.metadata.author) == ("made/12", "Hello.", "Ann")


def test_what_cannot_be_text_is_replaced_and_noted():
    [found] = let_in({"text": "a\x00b\ud800c"})

    assert found.text == "a\ufffdb\ufffdc"
    assert found.notes[0].reason == "scrubbed"
    assert found.notes[0].detail.startswith("2 characters")
    assert found.settled is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({}, "no_text"), ({"text": 5}, "no_text"), ({"text": " \n"}, "empty"), (None, "not_json")],
)
def test_a_row_that_holds_no_text_is_rejected_with_a_reason(fields, reason):
    [found] = let_in(fields, reason="not_json")

    assert found.settled.reason == reason


@given(text=st.text(alphabet="abc. \n漢😀", max_size=3000))
def test_parts_are_small_enough_and_join_to_the_text(text):
    parts = list(split_at(text, 50))

    assert "".join(parts) == text
    assert all(len(part.encode()) <= 200 for part in parts)


def test_a_long_text_is_split_at_paragraph_ends_into_numbered_parts():
    paragraphs = [f"Paragraph {i}. " + "Words go on. " * 10 for i in range(6)]

    parts = let_in({"id": "long", "text": "\n\n".join(paragraphs)}, max_tokens=200)

    assert len(parts) > 1
    assert [p.id for p in parts] == [f"made/long#{i}" for i in range(len(parts))]
    assert {p.source_id for p in parts} == {"made/long"}
    assert all(p.text.startswith("Paragraph") for p in parts)


@pytest.mark.parametrize("unit", ["漢字。", "“He. ", "e.g. ", "x", "1. "])
def test_a_giant_paragraph_is_split_in_bounded_steps(unit):
    text = unit * (400_000 // len(unit))

    parts = list(split_at(text, 1000))

    assert "".join(parts) == text
    assert all(len(part.encode()) <= 4000 for part in parts)
    assert len(parts) < 3 * len(text.encode()) / 4000


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (12, "12"),
        (2.5, "2.5"),
        (Decimal("1.10"), "1.10"),
        (datetime(2020, 1, 2, 3, 4, tzinfo=UTC), "2020-01-02T03:04:00+00:00"),
        (date(2020, 1, 2), "2020-01-02"),
        (["Ann", "Bo"], "Ann, Bo"),
        (b"Ann", "Ann"),
        (" Ann ", "Ann"),
        ("", None),
        (None, None),
    ],
)
def test_what_can_be_said_in_words_is_metadata(value, known):
    [found] = let_in({"text": "Hello.", "author": value})

    assert found.metadata.author == known
    assert found.notes == ()


@pytest.mark.parametrize("value", [{"name": "Ann"}, [1, 2], True, b"\xff"])
def test_a_field_of_a_wrong_type_is_left_out_and_noted(value):
    [found] = let_in({"text": "Hello.", "by": value}, names={"author": "by"})

    assert found.metadata.author is None
    assert found.settled is None
    assert found.notes[0].reason == "left_out"
    assert found.notes[0].detail.startswith("field 'by' is ")


def test_an_id_of_a_wrong_type_is_noted_and_the_place_stands_for_it():
    [found] = let_in({"text": "Hello.", "id": {"$oid": "5f"}})

    assert found.id == "made/all.jsonl:7"
    assert "field 'id' is an object" in found.notes[0].detail


def test_a_dot_leads_into_a_nested_field_unless_a_field_is_called_so():
    nested = {"doc": {"body": {"text": "Deep."}}, "meta.url": "flat", "meta": {"url": "nested"}}

    [found] = let_in(nested, names={"text": "doc.body.text", "url": "meta.url"})

    assert (found.text, found.metadata.url) == ("Deep.", "flat")


def test_what_the_recipe_says_of_a_source_fills_what_the_file_leaves_open():
    metadata = {"license": "CC0-1.0", "language": "de"}

    [silent] = let_in({"text": "Hello."}, metadata=metadata)
    [said] = let_in({"text": "Hello.", "language": "en"}, metadata=metadata)

    assert (silent.metadata.license, silent.metadata.language) == ("CC0-1.0", "de")
    assert (said.metadata.license, said.metadata.language) == ("CC0-1.0", "en")


def test_mixed_line_ends_and_a_bom_are_mended_and_noted():
    [found] = let_in({"text": "\ufeffOne\r\ntwo\rthree\nfour"})

    assert found.text == "One\ntwo\nthree\nfour"
    assert found.notes[0].detail == "2 line ends were made \\n"


def test_a_missing_field_is_told_with_those_that_are_there():
    [found] = let_in({"body": "Hello.", "key": 1})

    assert found.settled.detail == "there is no field 'text'; there are: body, key"


def test_bytes_are_text_if_they_are_utf_8():
    [text] = let_in({"text": "Grüße.".encode()})
    [noise] = let_in({"text": b"\xff\xfe"})

    assert text.text == "Grüße."
    assert noise.settled.detail == "field 'text' is bytes that are not UTF-8, not text"


def test_a_row_that_is_a_file_of_its_own_is_called_by_its_name():
    [found] = let_in({"text": "Hello."}, name="letters/a.md")

    assert (found.id, found.place) == ("made/letters/a.md", "made/letters/a.md")


@pytest.mark.parametrize("value", [{"name": "proprietary"}, ["proprietary", 1], True])
def test_what_the_recipe_says_does_not_stand_in_for_what_cannot_be_read(value):
    [found] = let_in({"text": "Hello.", "license": value}, metadata={"license": "CC-BY-4.0"})

    assert found.metadata.license is None


def test_a_number_of_too_many_digits_is_left_out():
    [found] = let_in({"text": "Hello.", "author": 10**5000})

    assert found.metadata.author is None
