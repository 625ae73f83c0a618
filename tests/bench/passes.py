"""The peer: one ``ray.data.llm`` processor per pass, instructions before the document.

``python -m tests.bench.passes MODEL ASKED`` prints a JSON line: for each run, the seconds in which
the engines of all passes worked. Their five starts are left out, which favours the peer.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.data.llm import build_processor, vLLMEngineProcessorConfig

from pipeline.serving.prompt_tokens import chat_template
from tests.bench.engines import AT_ONCE, CONTEXT, RUNS

ORDER = ("screen", "draft", "review", "revise", "recheck")


def config(model: str) -> Any:
    """Return how a processor holds the model: as Prealign does, and one row at a time in flight."""
    return vLLMEngineProcessorConfig(
        model_source=model,
        engine_kwargs={
            "enforce_eager": True,
            "max_model_len": CONTEXT,
            "max_num_seqs": AT_ONCE,
            "enable_prefix_caching": True,
            "disable_log_stats": False,
        },
        concurrency=1,
        batch_size=AT_ONCE,
        max_concurrent_batches=8,
        chat_template_stage={"enabled": True, "chat_template": chat_template("plain")},
        detokenize_stage={"enabled": False},
        placement_group_config={"bundle_per_worker": {"CPU": 1}},
        runtime_env={"env_vars": {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}},
        log_engine_metrics=False,
    )


def before(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the processor asks of a row."""
    return {
        "messages": [
            {"role": "system", "content": row["system"]},
            {"role": "user", "content": row["user"]},
        ],
        "sampling_params": {
            "temperature": 0,
            "max_tokens": 2000,
            "skip_special_tokens": False,
            "structured_outputs": {"choice": [row["said"]]},
        },
        **row,
    }


def after(row: dict[str, Any]) -> dict[str, Any]:
    """Return what is measured of a row."""
    assert row["generated_text"].removesuffix("</s>") == row["said"]
    return {
        "begun": row["metrics"]["arrival_time"],
        "ended": time.time(),
    }


def one_pass(model: str, rows: list[dict[str, Any]], build: Callable[..., Any]) -> float:
    """Return seconds from the first request to the last answer."""
    done = build(config(model), preprocess=before, postprocess=after)(
        ray.data.from_items(rows, override_num_blocks=8)
    ).take_all()
    sys.stderr.write(f"{rows[0]['pass']}: {len(done)} answers\n")
    return float(max(row["ended"] for row in done) - min(row["begun"] for row in done))


def main() -> None:
    """Measure and print."""
    model, path = sys.argv[1:]
    with open(path) as file:  # noqa: PTH123
        asked = json.load(file)
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    runs: list[float] = []
    for _ in range(RUNS):
        runs.append(
            sum(
                one_pass(model, rows, build_processor)
                for name in ORDER
                if (rows := [row for row in asked if row["pass"] == name])
            )
        )
        sys.stderr.write(f"{runs[-1]:.1f} s\n")
    print(json.dumps(runs))  # noqa: T201


if __name__ == "__main__":
    main()
