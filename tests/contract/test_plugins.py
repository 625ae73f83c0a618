"""What every plugin promises; plugins are found by themselves."""

import json

import pytest

from pipeline.conversation import about_document
from pipeline.engines import Engine, Waiting
from pipeline.engines.rules import Rules
from pipeline.forms import Form
from pipeline.journey import outcome, travel
from pipeline.passes import Pass
from pipeline.plugins import load, plugin_class, plugin_names
from pipeline.rulebook import respond
from pipeline.sources import Source
from schemas.document import OutcomeKind, Voice
from schemas.exchange import Answer, Finish, Identity, answer_key
from tests.conftest import BAD_DEED, ROOT, document, opened
from tests.contract.engines import in_turns, keeps_the_contract

KINDS = {Engine: "engine", Form: "form", Pass: "pass", Source: "source"}
EVERY = [(kind, name) for kind in KINDS for name in plugin_names(kind)]
BROKEN = [
    "",
    "null",
    "[]",
    "not JSON at all",
    '{"decision": "approve"',
    '{"edits": [{"place": "before", "first": -1, "last": 0, "text": ""}], "decision": "maybe"}',
]


@pytest.mark.parametrize(
    ("kind", "name"), EVERY, ids=lambda x: x if isinstance(x, str) else KINDS[x]
)
def test_a_plugin_is_one_file_with_one_class_that_says_what_it_does(kind, name):
    cls = plugin_class(kind, name, "a test")

    assert cls.name() == name
    assert cls.__doc__
    assert cls.model_config["extra"] == "forbid"


@pytest.mark.parametrize("name", plugin_names(Form))
def test_a_form_has_its_prompt_if_it_writes(folder, name):
    workshop = opened(folder)
    form = load(Form, name, {}, where="a test", kit=workshop.kit)

    assert (form.reply is None) == (name not in workshop.kit.prompts.names("draft"))


async def recorded_requests(folder, text=BAD_DEED):
    """Return every request of a whole journey, revision and all."""
    workshop = opened(folder)
    engine, seen = Rules(), []

    async def answer(requests):
        seen.extend(requests)
        bare = {"edits": [{"place": "before", "first": 2, "last": 2,
                           "text": "That was wrong of him."}]}  # fmt: skip
        return [
            Answer(json.dumps(bare), Identity("test", "test"))
            if r.question == "draft/commentary"
            else (await engine.answer([r]))[0]
            for r in requests
        ]

    await travel(document(text), workshop.passes, answer, workshop.kit)
    return workshop, seen


async def test_all_requests_about_one_document_share_their_first_turns_exactly(folder):
    workshop, seen = await recorded_requests(folder)

    opening = about_document(document(BAD_DEED), "", workshop.kit)[:-1]

    questions = {r.question.partition("/")[0] for r in seen}
    assert questions == {"screen", "draft", "review", "revise", "recheck"}
    assert all(r.turns[: len(opening)] == opening for r in seen)


async def test_rubrics_of_one_rewrite_differ_in_their_last_turn_alone(folder):
    _, seen = await recorded_requests(folder)

    reviews = [r for r in seen if r.question.startswith("review/")]

    assert len(reviews) == 6
    assert len({r.turns[:-1] for r in reviews}) == 1
    assert len({r.turns[-1] for r in reviews}) == 6


async def test_turns_alternate_and_end_with_the_question(folder):
    _, seen = await recorded_requests(folder)

    for request in seen:
        speakers = [turn.speaker for turn in request.turns]
        assert speakers == ["system", *["user", "assistant"] * (len(speakers) // 2 - 1), "user"]


async def test_the_document_stands_inside_its_fence_and_nowhere_else(folder):
    mark = "zyxomma-4417"
    text = BAD_DEED.replace("soup", f"soup {mark}")

    _, seen = await recorded_requests(folder, text)

    for request in seen:
        assert request.turns[1].text.count(mark) == 1
        assert all(mark not in turn.text for turn in (request.turns[0], request.turns[-1]))


@pytest.mark.parametrize("broken", BROKEN)
async def test_no_broken_answer_stops_a_journey(folder, broken):
    workshop, seen = await recorded_requests(folder)

    for question in {r.question for r in seen}:
        engine = Rules()

        async def answer(requests, question=question, engine=engine):
            return [
                Answer(broken, Identity("test", "test"))
                if r.question == question
                else (await engine.answer([r]))[0]
                for r in requests
            ]

        done = await travel(document(BAD_DEED), workshop.passes, answer, workshop.kit)

        stands = outcome(done)
        expected = (
            OutcomeKind.ACCEPTED
            if question[:2] == "re" and question[:6] != "review"
            else OutcomeKind.REJECTED
        )
        assert stands.kind == expected, (question, stands)


@pytest.fixture
def engine(folder):
    """Open an engine by its name and settings."""
    kit = opened(folder).kit

    async def open_engine(name, **settings):
        engine = load(Engine, name, settings, where="a test", kit=kit)
        engine.connect({"rules": Rules()})
        engine.check()
        await engine.start()
        return engine

    return open_engine


# The others are held to the same contract in tests/e2e, with the model or server they need.
async def test_the_rule_book_keeps_the_contract_of_engines(folder, engine):
    _, seen = await recorded_requests(folder)

    answers = await keeps_the_contract(await engine("rules"), in_turns(seen))

    assert {answer.finish for answer in answers} == {Finish.STOP}


async def test_recorded_answers_keep_the_contract_of_engines(folder, engine):
    _, seen = await recorded_requests(folder)
    verdict = {"document": "made/one", "question": "review/motive", "by": "somebody",
               "answer": {"decision": "approve", "score": 5}}  # fmt: skip
    (folder / "a.jsonl").write_text(json.dumps(verdict))

    recorded = await engine("recorded", path=str(folder / "a.jsonl"), fallback="rules")
    answers = await keeps_the_contract(recorded, in_turns(seen))

    assert {answer.by.engine for answer in answers} == {"recorded", "rules"}


async def test_batch_files_keep_the_contract_of_engines(folder, engine):
    _, seen = await recorded_requests(folder)
    settings = {"folder": str(folder / "batch"), "model": "some-model"}
    first = await engine("batch_files", **settings)
    with pytest.raises(Waiting):
        await first.answer(seen)
    await first.settle()
    assert first.waiting_for()
    (folder / "batch/results").mkdir()
    with (folder / "batch/results/by-hand.jsonl").open("w") as file:
        for request in reversed(seen):
            result = {"custom_id": answer_key(request, first.identity(request)),
                      "answer": respond(request)}  # fmt: skip
            file.write(json.dumps(result) + "\n")

    second = await engine("batch_files", **settings)
    await keeps_the_contract(second, in_turns(seen))

    assert second.waiting_for() == ""


def test_every_engine_is_held_to_the_contract():
    tested = {"rules", "recorded", "batch_files", "openai_http", "vllm_local"}

    assert set(plugin_names(Engine)) == tested


async def test_human_words_stay_word_for_word_in_the_examples(folder):
    workshop = opened(folder)
    rows = (ROOT / "examples/documents/everyday.jsonl").read_text().split("\n")

    for row in filter(None, rows):
        text = json.loads(row)["text"]
        done = await travel(document(text), workshop.passes, Rules().answer, workshop.kit)

        human = [s for s in done.spans if s.voice == Voice.HUMAN]
        assert "".join(s.text for s in human) == text
