"""Rows become documents, whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.door import Row, documents_of, split_at
from schemas.unit import SourceFile

FILE = SourceFile("made", "all.jsonl", "file:///all.jsonl", 1, "1")


def let_in(fields, *, names=None, reason="", max_tokens=6000):
    row = Row(6, fields, reason, "what was wrong")
    return list(documents_of(row, FILE, names or {}, max_tokens))


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
