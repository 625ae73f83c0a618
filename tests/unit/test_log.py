"""The build's log: JSON lines, one file for each build."""

import json
from pathlib import Path

from flows.log import build_log, event
from pipeline.store import Folder


def test_two_builds_in_one_second_have_a_log_each(tmp_path):
    corpus = Folder(str(tmp_path))
    with build_log(corpus) as first:
        event("first", rows=1)
    with build_log(corpus) as second:
        event("second")

    said = [json.loads(line) for line in Path(first).read_text().splitlines()]
    assert [(line["event"], line["rows"]) for line in said] == [("first", 1)]
    assert first != second
    assert "second" in Path(second).read_text()
