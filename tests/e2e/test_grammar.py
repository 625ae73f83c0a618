"""Under our grammar and our table even a model that knows nothing writes legal tagged text."""

import asyncio
import random
import string
from dataclasses import asdict

import numpy as np
import pytest

from pipeline.voices.grammar import ebnf, transitions
from pipeline.voices.parse import parse
from pipeline.voices.scheme import load_scheme, working_scheme
from schemas.document import Voice
from tests.texts import PIECES, TAGS, every_scheme

pytestmark = pytest.mark.e2e
in_session = pytest.mark.asyncio(loop_scope="session")

BOUNDED = {"max_tags": 8, "max_chars": 40}


async def answers(local, **params):
    """Return what sixteen prompts are answered with."""
    from vllm import SamplingParams
    from vllm.inputs.engine import tokens_input
    from vllm.sampling_params import RequestOutputKind

    params = {"temperature": 1.0, "max_tokens": 900, "skip_special_tokens": False} | params
    params |= {"output_kind": RequestOutputKind.FINAL_ONLY}

    async def answer(number, prompt):
        ids = tokens_input(tokenizer_of(local).encode(prompt))
        [found] = [
            output
            async for output in local._engine.generate(
                ids, SamplingParams(**params), f"{prompt}-{number}", reasoning_ended=True
            )
        ]
        return found.outputs[0]

    prompts = ["The harbour", "She said that", "Wait.", "1"] * 4
    return await asyncio.gather(*(answer(n, prompt) for n, prompt in enumerate(prompts)))


def tokenizer_of(local):
    return local._engine.renderer.get_tokenizer()


@every_scheme
@in_session
async def test_a_random_model_writes_only_legal_text_under_the_grammar(local, scheme):
    from vllm.sampling_params import StructuredOutputsParams

    grammar = StructuredOutputsParams(grammar=ebnf(scheme, **BOUNDED))

    written = await answers(local, structured_outputs=grammar, logit_bias=_biased(local))

    assert {answer.finish_reason for answer in written} == {"stop"}
    texts = [answer.text.removesuffix("</s>") for answer in written]
    spans = [span for text in texts for span in parse(text, scheme)]
    assert len({span.voice for span in spans}) > 1


def _biased(local):
    """Return a bias that makes a random model speak of nothing but tags, and lets it end."""
    tokenizer = tokenizer_of(local)
    ids = [tokenizer.convert_tokens_to_ids(tag) for tag in TAGS]
    return dict.fromkeys((*ids, tokenizer.eos_token_id), 3.0)


@in_session
async def test_a_remark_stays_in_the_ais_voice(local):
    from vllm.sampling_params import StructuredOutputsParams

    voices = [Voice.AI, Voice.QUOTED_HUMAN]
    grammar = ebnf(working_scheme(), start=Voice.AI, voices=voices, **BOUNDED)
    bias = _biased(local)

    written = await answers(
        local, structured_outputs=StructuredOutputsParams(grammar=grammar), logit_bias=bias
    )

    for answer in written:
        spans = parse(answer.text.removesuffix("</s>"), working_scheme(), start=Voice.AI)
        assert {span.voice for span in spans} <= set(voices)


@pytest.mark.parametrize("name", ["bitter-lesson", "explicit", "segment-prefix"])
@in_session
async def test_a_random_model_makes_only_legal_moves_under_the_table(local, name):
    table = transitions(load_scheme(name))
    tokenizer = tokenizer_of(local)
    ids = [tokenizer.convert_tokens_to_ids(tag) for tag in table.tags]
    guard = asdict(table) | {"ids": ids, "end_id": tokenizer.eos_token_id}
    bias = dict.fromkeys(ids, 4.0) | {tokenizer.eos_token_id: 1.0}

    written = await answers(local, extra_args={"guard": guard}, logit_bias=bias, max_tokens=300)

    moves = 0
    for answer in written:
        state = table.start
        for token in answer.token_ids:
            if token in ids:
                state = table.table[state][ids.index(token)]
                moves += 1
            assert state >= 0
        assert answer.finish_reason == "length" or state in table.ends
    assert moves > 50


@in_session
async def test_without_the_table_the_same_model_breaks_the_scheme(local):
    table = transitions(working_scheme())
    ids = [tokenizer_of(local).convert_tokens_to_ids(tag) for tag in table.tags]

    written = await answers(local, logit_bias=dict.fromkeys(ids, 4.0), max_tokens=300)

    paths = [[ids.index(token) for token in answer.token_ids if token in ids] for answer in written]
    assert any(not _is_legal(path, table) for path in paths)


def _is_legal(path, table):
    state = table.start
    for tag in path:
        state = table.table[state][tag] if state >= 0 else -1
    return state >= 0


@every_scheme
@pytest.mark.parametrize("bounds", [{}, {"max_tags": 6, "max_chars": 12}], ids=["free", "bounded"])
def test_a_writer_who_tries_every_trick_writes_only_legal_text(scheme, bounds):
    import xgrammar

    letters = set("".join(PIECES)) | set(string.printable)
    vocabulary = ["</s>", *dict.fromkeys([*PIECES, *sorted(letters)])]
    info = xgrammar.TokenizerInfo(vocabulary, stop_token_ids=[0])
    grammar = xgrammar.GrammarCompiler(info).compile_grammar(ebnf(scheme, **bounds))
    luck = random.Random(scheme.name)
    ended = 0
    for _ in range(300):
        text, has_ended = _walk(xgrammar, grammar, vocabulary, luck)
        if has_ended:
            parse(text, scheme)
            ended += 1
    assert ended > 100


def _walk(xgrammar, grammar, vocabulary, luck, steps=200):
    """Return what is written by taking any token that is allowed, and whether it came to an end."""
    matcher = xgrammar.GrammarMatcher(grammar)
    mask = xgrammar.allocate_token_bitmask(1, len(vocabulary))
    written = ""
    for _ in range(steps):
        matcher.fill_next_token_bitmask(mask)
        bits = np.unpackbits(mask.numpy().view(np.uint8), bitorder="little")[: len(vocabulary)]
        token = int(luck.choice(np.flatnonzero(bits)))
        if bits[0] and luck.random() < 0.05:
            token = 0
        assert matcher.accept_token(token)
        if token == 0:
            return written, True
        written += vocabulary[token]
    return written, False


@pytest.mark.parametrize(
    "text",
    ["x < 3 and y>4", "Q&A, R&D, AT&T", "if a<b: List<String>", "<b>bold</b>", "a <\\AI> b",
     "漢字&c.", "One <AI>Two “<AI_quoting_human>three</AI_quoting_human>” four</AI> five"],
)  # fmt: skip
def test_the_grammar_is_wide_enough_for_what_people_write(text):
    import xgrammar

    info = xgrammar.TokenizerInfo(["</s>"], stop_token_ids=[0])
    grammar = xgrammar.GrammarCompiler(info).compile_grammar(ebnf(working_scheme()))
    matcher = xgrammar.GrammarMatcher(grammar)

    assert matcher.accept_string(text)
    assert matcher.accept_token(0)


def test_a_grammar_that_no_text_can_end_is_refused():
    with pytest.raises(ValueError, match="no text that begins in 'human' can end"):
        ebnf(working_scheme(), voices=[Voice.AI])
