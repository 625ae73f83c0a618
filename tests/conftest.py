"""What tests share: a recipe in a folder of its own, and documents to put into it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipes import read_recipe
from pipeline.workshop import Workshop, open_workshop
from schemas.document import Document, Metadata
from schemas.exchange import sha256

ROOT = Path(__file__).parents[1]

RECIPE = """
[corpus]
name = "test"
folder = "corpus"
unit_rows = {unit_rows}

[[source]]
name = "made"
use = "jsonl"
url = "documents/*.jsonl*"

[engines.rules]
use = "{engine}"
{engine_settings}

[roles]
writer = "rules"
reviewer = "rules"

[[pass]]
use = "screen"
[[pass]]
use = "draft"
[[pass]]
use = "lint"
[[pass]]
use = "review"
[[pass]]
use = "revise"
[[pass]]
use = "lint"
[[pass]]
use = "recheck"

[forms]
commentary = 1
verbatim = 2

[publish]
dataset = "dataset"
{publish}
"""

BAD_DEED = (
    "The rain had stopped by noon.\n\nHe lied to his sister about the letter, and kept it in the "
    "drawer under the bread. She asked him twice. He said that nothing had come.\n\nIn the "
    "evening they ate soup and talked about the harvest, the neighbours and the price of coal."
)


def plain_text(number: int) -> str:
    """Return an ordinary text of about eighty words that shares few runs with any other."""
    words = [f"{stem}{number}" for stem in ("meadow", "lantern", "ferry", "kettle", "garden")]
    return " ".join(
        f"On day {number * 31 + i} we carried the {words[i % 5]} past the {words[(i + 2) % 5]} "
        f"and counted {number + i} birds."
        for i in range(6)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with room for documents."""
    (tmp_path / "documents").mkdir()
    return tmp_path


def write_documents(folder: Path, rows: list[dict[str, Any]], name: str = "all.jsonl") -> None:
    """Write rows as JSON Lines under ``documents/``."""
    path = folder / "documents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def swap(path: Path, old: str, new: str) -> None:
    """Put another file in a file's place, with other words but of the same size and date."""
    before, other = path.stat(), path.with_suffix(".new")
    other.write_text(path.read_text().replace(old, new))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert other.stat().st_size == before.st_size
    other.replace(path)


def write_recipe(folder: Path, *, extra: str = "", **settings: Any) -> Path:
    """Write the test recipe into a folder and return its path."""
    filled = {
        "unit_rows": 4,
        "engine": "rules",
        "engine_settings": "",
        "publish": "",
    } | settings
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(**filled) + extra)
    return path


def opened(folder: Path, **settings: Any) -> Workshop:
    """Write the test recipe and return its parts, ready to work."""
    return open_workshop(read_recipe(write_recipe(folder, **settings)))


def screened(**found: Any) -> str:
    """Return a reviewer's answer to the screening, with these things found."""
    guess = {"value": "unknown", "sure": 0}
    guesses = {"media_type": guess, "topic": guess, "author_type": guess}
    return json.dumps({"language": "en", "quality": 0.5, "suits": []} | guesses | found)


def act(first: int, last: int | None = None, **other: Any) -> dict[str, Any]:
    """Return an act that a reviewer has found; a grave lie unless told otherwise."""
    kind = {"label": "deceit", "motive": "fear", "harm": "truth", "whom": "one person"}
    return {"first": first, "last": last or first, "severity": 3} | kind | other


def document(text: str, **metadata: str) -> Document:
    """Return a document that came through the door."""
    return Document(
        id="made/one",
        source_id="made/one",
        source_sha256=sha256(text),
        text=text,
        place="made/all.jsonl:1",
        metadata=Metadata(**metadata),
    )
