"""Progress: a bar on a terminal, plain lines elsewhere, nothing when quiet, a file for others."""

import io
import json

import pytest
from rich.console import Console

from flows.progress import Stages, pace
from flows.quiet import _can_keep
from pipeline.corpus.status import PROGRESS
from pipeline.store import Folder
from schemas.progress import StageProgress


def told(tmp_path, *, quiet=False, terminal=False, monkeypatch=None):
    """Run two stages, and return what was said and what stands in the file."""
    stages = Stages(Folder(str(tmp_path)), quiet=quiet)
    said = io.StringIO()
    stages._console = Console(file=said, force_terminal=terminal, width=100)
    if monkeypatch:
        monkeypatch.setattr("flows.progress._LINE_EVERY_S", 0.0)
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with stages.stage("plan") as advance:
        advance(3)
    with stages.stage("rewrite", 40) as advance:
        advance(10, kept=10)
        advance(20)
        advance(10)
    return said.getvalue(), json.loads((tmp_path / PROGRESS).read_text())["stages"]


def test_what_is_no_terminal_gets_plain_lines(tmp_path, monkeypatch):
    said, _ = told(tmp_path, monkeypatch=monkeypatch)

    assert "\x1b" not in said
    assert "rewrite           10 of 40\n" in said
    assert "rewrite           30 of 40, " in said
    assert "/s, 0 s left" in said
    assert said.count("plan") == 2


def test_quiet_is_quiet(tmp_path):
    said, stages = told(tmp_path, quiet=True)

    assert said == ""
    assert len(stages) == 2


def test_the_file_holds_every_stage_to_its_end(tmp_path):
    _, stages = told(tmp_path, quiet=True)

    assert [(s["name"], s["done"], s["kept"], s["total"]) for s in stages] == [
        ("plan", 3, 0, None),
        ("rewrite", 40, 10, 40),
    ]
    assert all(s["ended"] >= s["begun"] for s in stages)


def test_an_interrupted_stage_has_no_end(tmp_path):
    stages = Stages(Folder(str(tmp_path)), quiet=True)

    with pytest.raises(KeyboardInterrupt), stages.stage("rewrite", 4):
        raise KeyboardInterrupt

    [stage] = json.loads((tmp_path / PROGRESS).read_text())["stages"]
    assert stage["ended"] is None


@pytest.mark.parametrize(
    ("done", "kept", "total", "said"),
    [
        (0, 0, None, "0"),
        (0, 0, 1200, "0 of 1,200"),
        (40, 40, 1200, "40 of 1,200"),
        (1040, 40, 4040, "1,040 of 4,040, 100/s, 30 s left"),
        (90, 0, 90_090, "90 of 90,090, 9.0/s, 2 h 46 min left"),
        (50, 0, None, "50, 5.0/s"),
    ],
)
def test_pace_says_how_far_how_fast_and_how_long_as_far_as_is_known(done, kept, total, said):
    stage = StageProgress(name="s", begun=100.0, done=done, kept=kept, total=total)

    assert pace(stage, 110.0) == said


def test_prefect_is_not_sent_where_nothing_can_be_kept(tmp_path):
    assert _can_keep(tmp_path / ".prefect")
    assert not _can_keep(tmp_path / "no-home" / ".prefect")
    assert list(tmp_path.iterdir()) == []
