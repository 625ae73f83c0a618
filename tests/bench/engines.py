"""A whole journey by vLLM, against the bare engine and against one Ray Data processor per pass.

Who is measured asks the same model the same questions about the same documents, and gets the same
words; so only the way there differs. The longer a document, the more there is to gain from reading
it once for each role: so there are two lengths. On a CPU the model is one layer, made here;
``--model FOLDER`` measures another one. ``--json`` prints the same as JSON.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.plugins import Kit
from prompts import Prompts
from schemas.exchange import Request, Turn
from tests.bench.corpus import prepared, rewritten, tokenizer_texts
from tests.bench.script import SENTENCES, answer
from tests.bench.scripted import Asked, Scripted
from tests.bench.tables import show
from tests.conftest import ROOT
from tests.texts import TAGS

DOCUMENTS = 24
# Smaller than what is in flight at once: a journey goes on from one to the next.
UNIT_ROWS = 8
AT_ONCE = 16
CONTEXT = 16_384
RUNS = 3
# Of a document: about 750 and 3,000 tokens of a large model.
LENGTHS = (SENTENCES, 4 * SENTENCES)
# One layer in Llama 3's proportions, a quarter as wide as the 8 B: reading costs more than
# looking back at what was read, as in large models, and not the other way round as in tiny ones.
LAYER = {"intermediate_size": 3584, "num_attention_heads": 8, "num_key_value_heads": 2}

Row = dict[str, Any]


def engine(model: Path) -> Scripted:
    """Return an engine that gives the script's answers, not started."""
    arguments = {"enforce_eager": True, "max_model_len": CONTEXT, "max_num_seqs": AT_ONCE}
    made = Scripted(model=str(model), chat_template="plain", arguments=arguments)
    made._kit = Kit(Prompts(), "0")
    return made


async def replayed(engine: Scripted, asked: Sequence[Asked]) -> int:
    """Ask the bare engine the same, each document's waves one after another; return cached tokens.

    As many documents at once as there are sequences; no more is known of who asked.
    """
    from vllm.inputs.engine import tokens_input

    waves: dict[str, dict[int, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    for one in asked:
        waves[one.request.document][one.wave].append(one)
    seats, cached = asyncio.Semaphore(AT_ONCE), 0

    async def one(name: str, asked: Asked) -> None:
        nonlocal cached
        outputs = engine._engine.generate(
            tokens_input(asked.ids), asked.params, name, reasoning_ended=True
        )
        output = [output async for output in outputs][-1]
        assert list(output.outputs[0].token_ids) == asked.said
        cached += output.num_cached_tokens or 0

    async def document(name: str) -> None:
        async with seats:
            for number, wave in sorted(waves[name].items()):
                names = [f"{name}-{number}-{place}" for place in range(len(wave))]
                await asyncio.gather(*map(one, names, wave))

    await asyncio.gather(*(document(name) for name in waves))
    return cached


def could_be_cached(asked: Sequence[Asked], block: int) -> int:
    """Return how many prompt tokens an earlier request had in whole blocks, prompt or answer."""
    known: set[int] = set()
    found = 0
    for one in asked:
        # The last token of a prompt is always read: without it there is nothing to go on from.
        prompt = _blocks(one.ids[:-1], block)
        shared = next((n for n, key in enumerate(prompt) if key not in known), len(prompt))
        found += shared * block
        known.update(_blocks([*one.ids, *one.said], block))
    return found


def _blocks(ids: Sequence[int], block: int) -> list[int]:
    """Return a hash for each whole block, of it and all before it."""
    keys, key = [], 0
    for start in range(0, len(ids) - block + 1, block):
        key = hash((key, *ids[start : start + block]))
        keys.append(key)
    return keys


async def compared(model: Path, folder: Path) -> list[tuple[list[Row], list[Asked], int]]:
    """Alternate the full journey and the bare engine.

    Return for each length of document the rows, what was asked, and how many prompt tokens the
    same questions leave to compute with instructions first.
    """
    measured = engine(model)
    await measured.start()
    # What is compiled and loaded once is neither's.
    await rewritten(prepared(folder / "warm", 8, UNIT_ROWS), measured)
    found = []
    for length in LENGTHS:
        rows = [
            await _compared(measured, folder / f"{length}-{run}", length) for run in range(RUNS)
        ]
        found.append((rows, measured.asked, least_read(measured, measured.asked)))
    measured._engine.shutdown()
    return found


async def _compared(measured: Scripted, folder: Path, sentences: int) -> Row:
    """Run the full journey, then the bare engine."""
    await measured.afresh()
    recipe = prepared(folder, DOCUMENTS, UNIT_ROWS, sentences)
    begun = time.perf_counter()
    outcomes = await rewritten(recipe, measured)
    journey = time.perf_counter() - begun
    assert sum(outcomes.values()) == DOCUMENTS, outcomes
    asked = measured.asked
    await measured._engine.reset_prefix_cache()
    begun = time.perf_counter()
    replay_cached = await replayed(measured, asked)
    bare = time.perf_counter() - begun
    size = measured._engine.vllm_config.cache_config.block_size
    possible = could_be_cached(asked, size)
    cached = sum(one.cached for one in asked)
    row = {
        "documents": DOCUMENTS,
        "sentences of each": sentences,
        "revised": outcomes.get("revised", 0),
        "requests": len(asked),
        "tokens read": sum(len(one.ids) for one in asked),
        "written": sum(len(one.said) for one in asked),
        "journey, s": round(journey, 2),
        "bare engine, s": round(bare, 2),
        "journey / bare, documents per s": round(bare / journey, 3),
        "cached of possible": round(cached / possible, 4),
        "in the replay": round(replay_cached / possible, 4),
        "cached of all read": round(cached / sum(len(one.ids) for one in asked), 3),
        "tokens computed": sum(len(one.ids) for one in asked) - cached,
    }
    sys.stderr.write(f"{row}\n")
    return row


def instructions_first(request: Request) -> tuple[Turn, Turn]:
    """Return the usual layout: instructions and question, then what they are about."""
    first, *about, last = (turn.text for turn in request.turns)
    return Turn("system", f"{first}\n\n{last}"), Turn("user", "\n\n".join(about))


def least_read(measured: Scripted, asked: Sequence[Asked]) -> int:
    """Return how many prompt tokens instructions first leave to compute, one engine per pass."""
    passes = defaultdict(list)
    for one in asked:
        ids = measured._prompt.ids(instructions_first(one.request))
        passes[one.request.question.partition("/")[0]].append(replace(one, ids=ids))
    size = measured._engine.vllm_config.cache_config.block_size
    return sum(
        sum(len(one.ids) for one in of_pass) - could_be_cached(of_pass, size)
        for of_pass in passes.values()
    )


def by_passes(model: Path, folder: Path, asked: Sequence[Asked]) -> list[float]:
    """Return how long Ray Data takes for the same questions, in a process of its own."""
    rows = [
        {
            "pass": one.request.question.partition("/")[0],
            "system": system.text,
            "user": user.text,
            "said": answer(one.request),
        }
        for one in asked
        for system, user in [instructions_first(one.request)]
    ]
    (folder / "asked.json").write_text(json.dumps(rows))
    command = [sys.executable, "-m", "tests.bench.passes", str(model), str(folder / "asked.json")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def medians(rows: Sequence[Row]) -> Row:
    """Return the median of every column."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def against(peer: Sequence[float], computed: int, journey: Row) -> Row:
    """Return the peer's medians beside the journey's; and what one could hope for."""
    seconds = statistics.median(peer)
    return {
        "sentences of each": journey["sentences of each"],
        "journey, s (median)": journey["journey, s"],
        "one processor per pass, s (median)": round(seconds, 2),
        "times as fast": round(seconds / journey["journey, s"], 2),
        "prompt tokens computed": journey["tokens computed"],
        "by the passes, at least": computed,
        "times as few": round(computed / journey["tokens computed"], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ |= {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = given.model or folder / "model"
        if not given.model:
            from tests.e2e.engine import make_model

            model.mkdir()
            make_model(model, tokenizer_texts(ROOT), TAGS, layers=1, width=1024, **LAYER)
        tables: dict[str, list[Row]] = {"journey and bare engine": [], "against Ray Data": []}
        for rows, asked, computed in asyncio.run(compared(model, folder)):
            median = medians(rows)
            tables["journey and bare engine"] += [*rows, median]
            peer = by_passes(model, folder, asked)
            tables["against Ray Data"].append(against(peer, computed, median))
    show(tables)


if __name__ == "__main__":
    main()
