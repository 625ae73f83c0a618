"""vLLM in this process: the contract of engines, and what only it can show."""

import asyncio
import shutil
from dataclasses import replace

import pytest

from pipeline.engines import Engine
from pipeline.engines.vllm_local import VllmLocal
from pipeline.plugins import load
from pipeline.recipes import read_recipe
from pipeline.reviewing import Verdict
from pipeline.screening import Screening
from pipeline.serving.vllm_arguments import _HOW
from pipeline.workshop import open_workshop
from schemas.errors import RecipeError
from schemas.exchange import Finish, Request, Role, Sampling, Turn
from tests.conftest import ROOT
from tests.contract.engines import in_turns, keeps_the_contract
from tests.contract.test_plugins import recorded_requests
from tests.e2e.engine import THINKS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


def request(text="Is it kind?", reply=Verdict, document="made/1", tokens=300):
    turns = (Turn("system", "You are kind. " * 80), Turn("user", f"A letter. {document} " * 60),
             Turn("assistant", "I have read it."), Turn("user", text))  # fmt: skip
    return Request(document, "review/x", Role.REVIEWER, turns, reply, Sampling(tokens))


def short(requests):
    """Give each answer little room: a model that knows nothing talks on for ever."""
    return [replace(r, sampling=Sampling(max_tokens=120, temperature=0.8)) for r in requests]


async def test_it_keeps_the_contract_of_engines(local, folder):
    _, seen = await recorded_requests(folder)

    answers = await keeps_the_contract(local, short(in_turns(seen)))

    assert {answer.finish for answer in answers} >= {Finish.STOP}
    by = answers[0].by
    assert (by.engine, by.model, by.dtype) == ("vllm_local", "tiny", "bfloat16")
    assert by.version.startswith("vllm 0.")
    assert by.hardware == "1 x cpu"
    assert len(by.revision) == 16


async def test_a_questions_first_turns_are_read_once_and_cached_for_the_rest(local):
    await local.answer([request(document="made/2")])

    [answer] = await local.answer([request("Is it true?", document="made/2")])

    block = local._engine.vllm_config.cache_config.block_size
    assert answer.usage.cached >= answer.usage.read - 2 * block
    assert answer.usage.cached % block == 0


async def test_seconds_add_up_to_the_time_it_took(local):
    begun = asyncio.get_running_loop().time()

    answers = await local.answer([request(f"Question {n}?") for n in range(8)])

    took = asyncio.get_running_loop().time() - begun
    assert 0.8 * took <= sum(answer.usage.seconds for answer in answers) <= took


async def test_what_does_not_fit_with_its_answer_is_not_asked(local):
    long = request("word " * 16_000)

    [too_long, fits] = await local.answer([long, request()])

    assert too_long.finish == Finish.TOO_LONG
    assert "the context is 16,384" in too_long.text
    assert fits.finish == Finish.STOP


async def test_one_that_takes_too_long_fails_and_is_taken_back_from_the_engine(local):
    hasty = local.model_copy(update={"deadline_s": 0.05})
    hasty._answered_at = float("inf")

    slow = request("Go on for long.", Screening, tokens=THINKS - 100)
    [answer] = await hasty.answer([slow])

    assert answer.finish == Finish.FAILED
    assert "within 0.05 s" in answer.text
    await asyncio.sleep(0.3)
    assert local._engine.output_processor.get_num_unfinished_requests() == 0


async def test_tags_that_are_tokens_of_the_model_are_left_in_the_text(local):
    class Remark(Verdict):
        text: str = "x"

    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    said = '{"text":"he says <AI_quoting_human>no</AI_quoting_human>"}'
    params = SamplingParams(
        max_tokens=200,
        skip_special_tokens=False,
        structured_outputs=StructuredOutputsParams(choice=[said]),
    )
    ids = local._prompt.ids(request().turns)
    from vllm.inputs.engine import tokens_input

    *_, output = [
        o
        async for o in local._engine.generate(tokens_input(ids), params, "t", reasoning_ended=True)
    ]

    answer = local._read(output, 0.0)

    assert answer.text == said
    assert answer.finish == Finish.STOP


async def test_thinking_is_cut_off_and_counted_apart(local):
    from vllm.reasoning import ReasoningParserManager

    thinking = local.model_copy(update={"thinking": "strip", "thinking_tokens": THINKS})
    parser = ReasoningParserManager.get_reasoning_parser("deepseek_r1")
    thinking._reasoning = parser(local._engine.renderer.get_tokenizer())

    [answer] = await thinking.answer([request(tokens=200)])

    assert answer.finish == Finish.STOP
    Verdict.model_validate_json(answer.text)
    assert answer.usage.thought == 6
    assert 0 < answer.usage.written < 200


def loaded(**settings):
    return load(Engine, "vllm_local", settings, where="a test", kit=None)


async def test_arguments_are_checked_against_the_vllm_that_is_installed(model):
    def checked(**arguments):
        loaded(model=str(model), chat_template="plain", arguments=arguments).check()

    checked(
        max_num_seqs=8, kv_cache_dtype="auto", structured_outputs_config={"backend": "guidance"}
    )
    with pytest.raises(RecipeError, match="max_num_sequences") as caught:
        checked(max_num_sequences=8)
    assert "max_num_seqs" in caught.value.hint
    with pytest.raises(RecipeError, match=r"arguments\.model.*setting of its own"):
        checked(model="other")
    with pytest.raises(RecipeError, match="does not take these settings"):
        checked(structured_outputs_config={"backend": "by-hand"})


@pytest.mark.parametrize("name", ["vllm", "two-models"])
async def test_vllm_takes_what_the_examples_say(name, model, tmp_path):
    text = (ROOT / "examples" / f"{name}.toml").read_text()
    for path in ("/models/my-model", "/models/large", "/models/small"):
        text = text.replace(path, str(model))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text)

    for engine in open_workshop(read_recipe(recipe)).opened.values():
        engine.check()


async def test_thinking_without_a_parser_is_refused(model):
    with pytest.raises(RecipeError, match="where thinking ends"):
        loaded(model=str(model), thinking="strip").check()


async def test_every_argument_that_is_said_to_decide_nothing_is_one_of_vllms():
    from vllm.engine.arg_utils import AsyncEngineArgs

    assert _HOW - set(AsyncEngineArgs.__dataclass_fields__) == set()


async def test_what_answers_is_the_model_and_not_how_it_runs(model, tmp_path):
    def identity(folder=model, **settings):
        return loaded(model=str(folder), **settings).identity(request())

    usual = identity()
    shutil.copytree(model, tmp_path / "tiny")

    assert identity(tmp_path / "tiny") == usual
    assert identity(arguments={"max_num_seqs": 4, "tensor_parallel_size": 2}) == usual
    for other in (
        {"chat_template": "plain"},
        {"arguments": {"quantization": "fp8"}},
        {"arguments": {"dtype": "float32"}},
        {"chat_template_kwargs": {"mood": "calm"}},
        {"thinking": "strip"},
    ):
        assert identity(**other).keyed != usual.keyed
    (tmp_path / "tiny" / "config.json").write_text("{}")
    from pipeline.serving.model_files import model_digest

    model_digest.cache_clear()
    assert identity(tmp_path / "tiny").keyed != usual.keyed


async def test_a_context_of_another_length_replays_units(model):
    prints = {
        loaded(model=str(model), arguments={"max_model_len": n}).fingerprint() for n in (1000, 2000)
    }

    assert len(prints) == 2


async def test_the_class_says_what_it_wants_of_a_pool(model):
    two = VllmLocal(model=str(model), arguments={"tensor_parallel_size": 2})
    spread = VllmLocal(model=str(model), arguments={"distributed_executor_backend": "ray"})

    assert (two.loads_model, two.gpus, two.spread) == (True, 2, False)
    assert (spread.gpus, spread.spread) == (1, True)
