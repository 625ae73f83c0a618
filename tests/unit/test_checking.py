"""Checking files: what is right passes, what is wrong is named by code, count and place."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.checking.files import Checker
from pipeline.checking.report import Report
from pipeline.checking.rows import row_faults
from pipeline.voices.render import store
from pipeline.voices.scheme import load_scheme, working_scheme
from schemas.document import Span, Voice
from schemas.errors import CorruptError, SourceError
from tests.texts import every_scheme

GOOD = [
    Span(Voice.HUMAN, "He took it. ", 0),
    Span(Voice.AI, "What he calls “"),
    Span(Voice.QUOTED_HUMAN, "finding"),
    Span(Voice.AI, "” is taking. "),
    Span(Voice.HUMAN, "Then he left; <AI> was there.", 12),
]


def row(spans, scheme=None, **more):
    stored = store(spans, scheme or working_scheme())
    places = [
        {"voice": s.voice.value, "start": s.start, "end": s.end, "source_start": s.source_start}
        for s in stored.spans
    ]
    return {"text": stored.text, "spans": places} | more


def checked(path, scheme=None, field="text", places=9):
    report = Report()
    Checker(scheme, field, places).check(str(path), report)
    return report


def lines(path, *rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows))
    return path


@every_scheme
def test_a_row_of_ours_has_no_fault(scheme):
    assert row_faults(row(GOOD, scheme, form="commentary"), scheme) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": None}, "no_text"),
        ({"text": 3}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": "a <AI></AI>b", "spans": None}, "empty_span"),
        ({"text": "a\x00b"}, "no_character"),
        ({"text": "a\ud800b"}, "no_character"),
        ({"text": "a <AI>b", "spans": None}, "unclosed"),
        ({"text": "a </AI>b", "spans": None}, "illegal_move"),
        ({"text": "a <ai >b", "spans": None}, "unescaped"),
        ({"spans": []}, "bad_spans"),
        ({"spans": [{"voice": "robot", "start": 0, "end": 1}]}, "bad_spans"),
        ({"spans": [{"start": 0, "end": 1}]}, "bad_spans"),
        ({"spans": "all of it"}, "bad_spans"),
        ({"spans": [{"voice": "human", "start": 5, "end": 99}]}, "bad_spans"),
        ({"spans": [{"voice": "human", "start": "0", "end": "3"}]}, "bad_spans"),
        ({"source_text": "He took them. Then he left; <AI> was there."}, "source_changed"),
    ],
)
def test_a_broken_row_is_named_by_a_code(changes, code):
    found = row_faults(row(GOOD) | changes, working_scheme())

    assert found[0].code == code


def test_a_span_in_another_voice_than_its_tags_is_found():
    bad = row(GOOD)
    bad["spans"][1]["voice"] = "human"

    assert [o.code for o in row_faults(bad, working_scheme())] == ["bad_spans"]


def test_what_a_form_asks_for_is_checked_where_the_form_is_known():
    bare = [Span(Voice.AI, "What he calls "), GOOD[2], Span(Voice.AI, " is only taking.")]

    assert row_faults(row(bare), working_scheme()) == []
    found = row_faults(row(bare, form="commentary"), working_scheme())
    assert [objection.code for objection in found] == ["quote_unmarked"]


def test_json_lines_are_checked_line_by_line_with_their_places(tmp_path):
    path = lines(
        tmp_path / "all.jsonl", row(GOOD), "no json", "[1]", "", {"text": "<AI>"}, {"other": 1}
    )

    report = checked(path)

    assert (report.files, report.texts, report.wrong) == (1, 3, 4)
    assert report.counts == {"not_json": 1, "not_an_object": 1, "unclosed": 1, "no_text": 1}
    assert report.faults["unclosed"][0].place == f"{path}:5"


def test_parquet_and_text_and_compressed_lines_are_read_from_a_folder(tmp_path):
    pq.write_table(pa.Table.from_pylist([row(GOOD), {"text": "</AI>"}]), tmp_path / "a.parquet")
    (tmp_path / "b.txt").write_text("one <AI>two</AI>")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(row(GOOD)).encode()))
    (tmp_path / "README.md").write_text("<AI>")

    report = checked(tmp_path)

    assert (report.files, report.texts, report.wrong, report.skipped_files) == (3, 4, 1, 1)
    assert report.faults["illegal_move"][0].place == f"{tmp_path}/a.parquet:2"


def test_a_file_that_is_named_json_is_read_as_lines_if_it_is_asked_for(tmp_path):
    path = lines(tmp_path / "all.json", row(GOOD), {"text": "</AI>"})
    lines(tmp_path / "other.jsonl", row(GOOD))

    assert (checked(path).texts, checked(path).wrong) == (2, 1)
    assert (checked(tmp_path).texts, checked(tmp_path).skipped_files) == (1, 1)


def test_a_damaged_file_is_an_error_of_its_own_and_the_others_are_read(tmp_path):
    table = pa.Table.from_pylist([row(GOOD, more=str(n)) for n in range(500)])
    pq.write_table(table, tmp_path / "a.parquet", write_page_checksum=True, compression="none")
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    data[data.index(b"He took it") + 3] ^= 1
    (tmp_path / "a.parquet").write_bytes(data)
    (tmp_path / "b.parquet").write_bytes(data[:200])
    whole = gzip.compress(json.dumps(row(GOOD)).encode() * 50)
    (tmp_path / "c.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "d.txt").write_bytes(b"\xff")
    lines(tmp_path / "e.jsonl", row(GOOD))

    report = checked(tmp_path)

    assert report.counts == {"unreadable": 3, "not_utf8": 1}
    assert report.texts >= 1


def test_a_column_of_another_name_is_named_with_what_there_is(tmp_path):
    pq.write_table(pa.table({"body": ["a"], "id": ["1"]}), tmp_path / "a.parquet")

    report = checked(tmp_path / "a.parquet")

    fault = report.faults["no_text"][0]
    assert "there are body, id" in fault.what
    assert fault.hint == "give --field"
    assert checked(tmp_path / "a.parquet", field="body").wrong == 0


def test_only_as_many_places_are_kept_as_are_asked_for(tmp_path):
    path = lines(tmp_path / "all.jsonl", *[{"text": "</AI>"}] * 50)

    report = checked(path, places=2)

    assert report.counts == {"illegal_move": 50}
    assert len(report.faults["illegal_move"]) == 2


def test_nothing_to_check_is_said(tmp_path):
    with pytest.raises(SourceError) as caught:
        checked(tmp_path / "missing.jsonl")

    assert "nothing to check" in str(caught.value)


def test_a_manifest_beside_a_file_names_its_scheme(tmp_path):
    scheme = load_scheme("explicit")
    lines(tmp_path / "data" / "a.jsonl", row(GOOD, scheme))
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"scheme": scheme.model_dump(mode="json")}))

    assert (checked(tmp_path).wrong, checked(tmp_path).schemes) == (0, ["explicit"])
    assert checked(tmp_path / "data" / "a.jsonl").wrong == 0
    assert checked(tmp_path, working_scheme()).wrong == 1


@pytest.mark.parametrize("manifest", ["{}", "[]", "no json", '{"name": "an extension"}'])
def test_a_manifest_of_another_program_says_nothing(tmp_path, manifest):
    lines(tmp_path / "a.jsonl", row(GOOD))
    (tmp_path / "manifest.json").write_text(manifest)

    assert (checked(tmp_path).wrong, checked(tmp_path).schemes) == (0, ["bitter-lesson"])


def test_a_manifest_with_a_broken_scheme_is_named(tmp_path):
    lines(tmp_path / "a.jsonl", row(GOOD))
    (tmp_path / "manifest.json").write_text('{"scheme": {"name": "x"}}')

    with pytest.raises(CorruptError, match="holds no scheme that can be read"):
        checked(tmp_path)


def test_a_file_without_a_text_does_not_pass_for_a_good_one(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n")

    assert checked(tmp_path).counts == {"no_text": 1}


def test_a_folder_of_one_file_is_a_folder(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\xff")

    report = checked(tmp_path)

    assert (report.files, report.skipped) == (0, [f"{tmp_path}/a.png"])


def test_endings_are_known_in_capitals_too(tmp_path):
    lines(tmp_path / "A.JSONL", row(GOOD), row(GOOD))

    assert (checked(tmp_path).texts, checked(tmp_path / "A.JSONL").texts) == (2, 2)


def test_a_fault_says_file_row_id_and_position(tmp_path):
    path = lines(tmp_path / "a.jsonl", row(GOOD), {"id": "x/1", "text": "a </AI>"})

    fault = checked(path).faults["illegal_move"][0]

    assert (fault.file, fault.row, fault.id, fault.position) == (str(path), 2, "x/1", 2)
    assert fault.place == f"{path}:2 (x/1)"
