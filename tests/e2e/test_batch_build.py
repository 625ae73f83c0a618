"""A build by batch files: it asks, stops as waiting, and goes on when answers are put beside."""

import json
import random

import pytest
from pydantic import BaseModel

from pipeline.rulebook import respond
from schemas.exchange import Request, Role, Turn
from tests.e2e.builds import prepared, published
from tests.unit.test_chat_completions import completion

pytestmark = pytest.mark.e2e

SETTINGS = 'folder = "batch"\nmodel = "somebodys-model"'


def asked(folder):
    """Return (key, question, request as posted) of all that was ever asked."""
    requests = folder / "batch" / "requests"
    found = []
    for path in sorted(requests.glob("*.jsonl")):
        rows = [row.split("\t") for row in path.with_suffix(".tsv").read_text().splitlines()]
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [row[0] for row in rows] == [line["custom_id"] for line in lines]
        found += [(row[2], row[3], line) for row, line in zip(rows, lines, strict=True)]
    return found


def answer(question, document, line):
    """Return what a batch service that runs the rule book would return."""
    turns = tuple(Turn(m["role"], m["content"]) for m in line["body"]["messages"])
    said = respond(Request(document, question, Role.WRITER, turns, BaseModel))
    usage = {"prompt_tokens": 3000, "completion_tokens": 60}
    response = {"status_code": 200, "body": completion(said, usage)}
    return {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}


def test_a_build_waits_for_answers_and_comes_to_the_same(folder, prealign, calm):
    recipe = prepared(folder, engine="batch_files", settings=SETTINGS)
    results = folder / "batch" / "results"
    draw = random.Random(1)
    built = prealign("build", recipe)
    assert built.returncode == 2
    assert "40 requests wait for results" in built.stdout
    assert "batch/requests/batch-*.jsonl" in built.stdout
    assert len(asked(folder)) == 40

    answered = set()
    for turn in range(20):
        results.mkdir(exist_ok=True)
        new = [one for one in asked(folder) if one[2]["custom_id"] not in answered]
        # Services return lines in any order; the first time, half of them have not ended yet.
        draw.shuffle(new)
        new = new[: len(new) // 2] if turn == 0 else new
        answered |= {one[2]["custom_id"] for one in new}
        text = "".join(json.dumps(answer(*one)) + "\n" for one in new)
        (results / f"returned-{turn}.jsonl").write_text(text)
        built = prealign("build", recipe, "--json")
        if built.returncode == 0:
            break

    assert json.loads(built.stdout)["documents"] == {"accepted": {"as_drafted": 8, "verbatim": 32}}
    assert published(folder) == published(calm)
    keys = [line["custom_id"] for _, _, line in asked(folder)]
    assert len(keys) == len(set(keys))


def test_a_line_that_failed_concerns_its_document_alone(folder, prealign):
    recipe = prepared(folder, engine="batch_files", settings=SETTINGS)
    assert prealign("build", recipe).returncode == 2
    rows = [answer(*one) for one in asked(folder)]
    rows[3] |= {"response": None, "error": {"code": "server_error", "message": "it broke"}}
    (folder / "batch" / "results").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows) + "this is no result\n"
    (folder / "batch" / "results" / "any.jsonl").write_text(text)

    built = prealign("build", recipe)

    standing = json.loads(prealign("status", recipe, "--json").stdout)
    assert "is no result, and was passed over" in built.stdout
    assert "any.jsonl" in built.stdout
    assert standing["documents"]["pending"]
