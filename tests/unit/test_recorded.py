"""Answers that were written down: by place, exactly, or handed on."""

import json

import pytest
from pydantic import BaseModel

from pipeline.engines.recorded import Recorded
from pipeline.engines.rules import Rules
from schemas.errors import RecipeError
from schemas.exchange import Request, Role, Turn, answer_key
from tests.conftest import document, opened, plain_text


class Any(BaseModel):
    said: str


def asked(number=1, draw=0):
    return Request(f"made/{number}", "screen", Role.REVIEWER, (Turn("user", f"{number}?"),), Any,
                   draw=draw)  # fmt: skip


def engine(tmp_path, *rows):
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recorded = Recorded(path=path, fallback="rules")
    recorded.connect({"rules": Rules()})
    return recorded


async def test_a_folder_of_files_is_read_as_one(tmp_path):
    answers = tmp_path / "answers"
    for number in (1, 2):
        row = {"document": f"made/{number}", "question": "screen", "answer": {"said": f"{number}"}}
        (answers / f"{number}").mkdir(parents=True)
        (answers / f"{number}" / "all.jsonl").write_text(json.dumps(row))
    (answers / "notes.txt").write_text("no answer")
    recorded = Recorded(path=answers, fallback="rules")
    recorded.connect({"rules": Rules()})

    said = [answer.text for answer in await recorded.answer([asked(2), asked(1)])]

    assert said == ['{"said":"2"}', '{"said":"1"}']


async def test_an_answer_is_found_by_its_place(tmp_path):
    recorded = engine(
        tmp_path,
        {"document": "made/1", "question": "screen", "answer": {"said": "one"}},
        {"document": "made/1", "question": "screen", "draw": 1, "answer": "raw"},
    )

    answers = await recorded.answer([asked(draw=1), asked()])

    assert [a.text for a in answers] == ["raw", '{"said":"one"}']


async def test_an_exact_answer_goes_before_one_by_place(tmp_path):
    recorded = engine(
        tmp_path,
        {"document": "made/1", "question": "screen", "answer": {"said": "placed"}},
        {"request": asked().digest, "answer": {"said": "exact"}},
    )

    [answer] = await recorded.answer([asked()])

    assert answer.text == '{"said":"exact"}'


async def test_what_is_not_recorded_is_handed_to_the_fallback_and_signed_by_it(folder):
    workshop = opened(folder)
    [request] = workshop.passes[0].ask(document(plain_text(1)))
    recorded = engine(folder)

    [answer] = await recorded.answer([request])

    assert answer.by == Rules().identity(request)
    assert recorded.identity(request) == answer.by


def test_one_mended_answer_changes_the_key_of_that_question_alone(tmp_path):
    rows = [
        {"document": f"made/{n}", "question": "screen", "answer": {"said": "x"}} for n in (1, 2)
    ]
    before = engine(tmp_path, *rows)
    keys = [answer_key(asked(n), before.identity(asked(n))) for n in (1, 2)]
    rows[1]["answer"] = {"said": "y"}

    after = engine(tmp_path, *rows)

    changed = [
        answer_key(asked(n), after.identity(asked(n))) != k
        for n, k in zip((1, 2), keys, strict=True)
    ]
    assert changed == [False, True]


@pytest.mark.parametrize(
    ("text", "what"),
    [("{", "line 1: not JSON"), ('\n{"answr": {}}', "line 2: answer"), (None, "cannot be read")],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, what):
    path = tmp_path / "answers.jsonl"
    if text is not None:
        path.write_text(text)

    with pytest.raises(RecipeError) as caught:
        Recorded(path=path, fallback="rules").connect({"rules": Rules()})

    assert what in str(caught.value)
