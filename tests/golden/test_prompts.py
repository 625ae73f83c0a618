"""Prompts as they are read, for one document, so that every change to one is seen.

To accept a change: ``UPDATE_GOLDEN=1 pytest tests/golden``, and read the diff.
"""

import os
from pathlib import Path

import pytest

from prompts import Prompts
from schemas.errors import PromptError
from tests.conftest import BAD_DEED
from tests.contract.test_plugins import recorded_requests

FOLDER = Path(__file__).parent / "prompts"


async def test_every_question_reads_as_it_did(folder):
    _, seen = await recorded_requests(folder, BAD_DEED + "\n\nThe tag <AI> was on the page.")
    FOLDER.mkdir(exist_ok=True)
    read = {
        f"{r.question.replace('/', '-')}.txt": "\n".join(
            f"##### {turn.speaker}\n{turn.text}\n" for turn in r.turns[1:]
        )
        for r in seen
    } | {"constitution.txt": seen[0].turns[0].text + "\n"}
    if os.environ.get("UPDATE_GOLDEN"):
        for name, text in read.items():
            (FOLDER / name).write_text(text)

    kept = {path.name: path.read_text() for path in FOLDER.iterdir()}

    assert read == kept


def test_a_prompt_that_wants_what_it_is_not_given_is_named(tmp_path):
    (tmp_path / "screen.md").write_text("Hello {{ nobody }}")

    with pytest.raises(PromptError) as caught:
        Prompts(tmp_path).render("screen.md")

    assert "prompt screen.md cannot be rendered: 'nobody' is undefined" in str(caught.value)
    assert str(tmp_path / "screen.md") in caught.value.hint


def test_a_prompt_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(PromptError) as caught:
        Prompts().render("review/charakter.md")

    assert "did you mean 'review/character.md'" in caught.value.hint


def test_an_own_prompt_stands_for_the_shipped_one_and_changes_its_digest_alone(tmp_path):
    (tmp_path / "read.md").write_text("Read.")

    own, shipped = Prompts(tmp_path), Prompts()

    assert own.render("read.md") == "Read."
    changed = {n for n in shipped.digests if own.digests[n] != shipped.digests[n]}
    assert changed == {"read.md"}


def test_templates_cannot_reach_into_python(tmp_path):
    (tmp_path / "read.md").write_text("{{ ''.__class__.__mro__ }}")

    with pytest.raises(PromptError):
        Prompts(tmp_path).render("read.md")
