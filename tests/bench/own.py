"""What Prealign itself costs: CPU time and memory per document, with an engine that is instant.

Everything else is as in a build: prompts, keys, ledger, passes, rows, files. Each size runs in a
process of its own. ``--json`` prints the same as JSON.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline.engines import Capacity, Engine
from schemas.exchange import Answer, Identity, Request, Usage
from tests.bench.corpus import prepared, rewritten
from tests.bench.script import answer

SIZES = (100, 1_000, 10_000)
RUNS = 3
BY = Identity("script", "script")


class Instant(Engine):
    """Gives the script's answers as soon as it is asked; the time for that is not ours."""

    _spent: float = 0.0

    def identity(self, request: Request) -> Identity:
        """Return the script."""
        return BY

    def capacity(self) -> Capacity:
        """Return what a large GPU can do at once."""
        return Capacity(256)

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the script's answers, after a turn of the event loop."""
        await asyncio.sleep(0)
        begun = time.process_time()
        answers = [Answer(answer(r), BY, usage=Usage(read=1000, written=50)) for r in requests]
        self._spent += time.process_time() - begun
        return answers


def measured(documents: int) -> dict[str, float]:
    """Return CPU milliseconds per document, in this process, and its memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        # What is loaded once per process is none of the documents'.
        asyncio.run(rewritten(prepared(Path(folder) / "warm", 8), Instant()))
        engine = Instant()
        # In another process: what making a corpus takes would hide what rewriting it takes.
        with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
            made = elsewhere.submit(prepared, Path(folder) / "corpus", documents)
            recipe = made.result()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.process_time()
        found = asyncio.run(rewritten(recipe, engine))
        spent = time.process_time() - begun - engine._spent
    assert sum(found.values()) == documents, found
    return {
        "documents": documents,
        "revised": found["revised"],
        "CPU ms": spent / documents * 1e3,
        "memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "of it before MB": before / 1024,
    }


def rows() -> list[dict[str, object]]:
    """Return medians for each size, and the exponent with which CPU time grows."""
    runs: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    for _ in range(RUNS):
        for size in SIZES:
            command = [sys.executable, "-m", __spec__.name, "--one", str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            runs[size].append(json.loads(done.stdout))
    found: list[dict[str, object]] = []
    for size in SIZES:
        row = {
            key: round(statistics.median(r[key] for r in runs[size]), 2) for key in runs[size][0]
        }
        found.append(row | {"least CPU ms": round(min(r["CPU ms"] for r in runs[size]), 2)})
    times = [float(str(row["CPU ms"])) * size for row, size in zip(found, SIZES, strict=True)]
    exponent = round(float(np.polyfit(np.log(SIZES), np.log(times), 1)[0]), 3)
    return [row | {"exponent": exponent} for row in found]


if __name__ == "__main__":
    from tests.bench.tables import show

    if "--one" in sys.argv:
        sys.stdout.write(json.dumps(measured(int(sys.argv[-1]))))
    else:
        show({"own": rows()})
