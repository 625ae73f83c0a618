"""What would be asked about a document is what a build asks, and looking at it changes nothing."""

import asyncio
import json

import pytest

from pipeline.engines.rules import Rules
from pipeline.journey import travel
from pipeline.recipes import read_recipe
from pipeline.rehearsal import find_document, rehearsed
from pipeline.units import planned_units
from pipeline.worker import Job, Worker
from pipeline.workshop import open_workshop
from schemas.errors import RecipeError, VersionError
from tests.command import prealign
from tests.conftest import BAD_DEED, plain_text, write_documents, write_recipe


@pytest.fixture
def recipe(folder):
    write_documents(
        folder, [{"id": "deed", "text": BAD_DEED}, {"id": "birds", "text": plain_text(1)}]
    )
    return write_recipe(folder)


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def run(*arguments):
    return prealign("prompt", *arguments)


async def test_it_is_what_a_build_asks(recipe):
    shop = open_workshop(read_recipe(recipe))
    unit, document = find_document(shop, "made/deed")
    engine, seen = Rules(), []

    async def answer(requests):
        seen.extend(requests)
        return await engine.answer(requests)

    await travel(document, shop.passes, answer, shop.kit)
    asked = await rehearsed(shop, unit, document)

    assert [request for one in asked for request in one.requests] == seen
    assert [one.name for one in asked] == [step.name() for step in shop.passes]


def test_every_turn_is_printed_as_it_is(recipe):
    data = json.loads(run(recipe, "made/deed", "--pass", "review", "--json").stdout)
    said = run(recipe, "made/deed", "--pass", "review/motive").stdout

    assert [one["question"] for one in data][:2] == ["review/coverage", "review/hazard"]
    motive = next(one for one in data if one["question"] == "review/motive")
    assert all(f"##### {t['role']}\n{t['content']}\n" in said for t in motive["turns"])
    assert said.count("===== ") == 1
    assert len(motive["key"]) == 64


def test_without_a_pass_it_lists_what_each_asks(recipe):
    listed = run(recipe, "made/all.jsonl:2").stdout

    assert listed.startswith("screen: screen\ndraft: asks nothing\n")


@pytest.mark.parametrize("arguments", [[], ["--pass", "screen", "--schema"], ["--json"]])
def test_nothing_is_written(recipe, arguments):
    before = files(recipe.parent)

    assert run(recipe, "made/deed", *arguments).exit_code == 0

    assert files(recipe.parent) == before


def test_a_pass_that_asks_nothing_says_what_is_asked(recipe):
    done = run(recipe, "made/birds", "--pass", "review")

    assert done.exit_code == 2
    assert "'review' asks nothing of this document; it is asked screen" in done.stderr


def test_names_that_are_none_are_named_with_the_nearest(recipe):
    with pytest.raises(RecipeError) as step:
        run(recipe, "made/deed", "--pass", "reveiw/motive")
    with pytest.raises(VersionError) as document:
        run(recipe, "mdae/deed")

    assert "did you mean 'review'" in step.value.hint
    assert "did you mean 'made'" in document.value.hint


def test_a_text_that_is_split_names_its_parts(folder):
    write_documents(folder, [{"id": "long", "text": "\n\n".join(map(plain_text, range(12)))}])

    with pytest.raises(VersionError) as caught:
        run(write_recipe(folder), "made/long", "--set", "corpus.max_document_tokens=300")

    assert "is split into" in str(caught.value)
    assert "made/long#0" in caught.value.hint


async def built(folder):
    recipe = write_recipe(folder)
    shop = open_workshop(read_recipe(recipe))
    worker = Worker(shop.recipe)
    for unit in planned_units(shop):
        await worker.rewrite(Job(unit, {}))


SERVER = """
[engines.far]
use = "openai_http"
urls = ["http://127.0.0.1:9/v1"]
model = "m"
"""


def test_what_only_a_model_could_answer_ends_it_with_what_to_do(recipe):
    recipe.write_text(recipe.read_text().replace('reviewer = "rules"', 'reviewer = "far"') + SERVER)

    listed = run(recipe, "made/deed")
    later = run(recipe, "made/deed", "--pass", "draft")

    assert listed.stdout.startswith("screen: screen\nscreen has no answer yet")
    assert later.exit_code == 2
    assert "`prealign build" in later.stderr


def test_the_ledgers_answers_are_used(recipe, monkeypatch):
    asyncio.run(built(recipe.parent))
    monkeypatch.setattr(Rules, "is_free", lambda self, request: False)

    listed = run(recipe, "made/deed").stdout

    assert "recheck: asks nothing" in listed
    assert "no answer yet" not in listed
