"""A corpus for benchmarks, and the work of one worker on it without Ray or Prefect."""

import asyncio
import json
from pathlib import Path

from pipeline.engines import Engine
from pipeline.recipes import read_recipe
from pipeline.units import planned_units
from pipeline.worker import Job, Worker
from pipeline.workshop import open_workshop
from schemas.recipe import Recipe
from tests.bench.script import SENTENCES, texts
from tests.conftest import write_documents, write_recipe


def prepared(
    folder: Path, documents: int, unit_rows: int = 64, sentences: int = SENTENCES
) -> Recipe:
    """Write so many documents and a recipe into an empty folder, to be commented on, every one."""
    (folder / "documents").mkdir(parents=True)
    rows = [{"id": name, "text": text} for name, text in texts(documents, sentences)]
    write_documents(folder, rows)
    path = write_recipe(folder, unit_rows=unit_rows)
    path.write_text(path.read_text().replace("verbatim = 2\n", ""))
    return read_recipe(path)


async def rewritten(recipe: Recipe, engine: Engine) -> dict[str, int]:
    """Rewrite all documents, as many units at a time as a pool would; return outcomes' reasons."""
    worker = Worker(recipe, lambda _: {"rules": engine})
    jobs = [Job(unit, {}) for unit in planned_units(open_workshop(recipe))]
    waiting = iter(jobs)
    under_way: set[asyncio.Task] = set()
    # Two until the worker says, as in the pool; its engine starts with the first.
    room = 2
    asked = asyncio.create_task(worker.room())
    found: dict[str, int] = {}
    while True:
        room = asked.result() if asked.done() else room
        while len(under_way) < room and (job := next(waiting, None)):
            under_way.add(asyncio.create_task(worker.rewrite(job)))
        if not under_way:
            break
        ended, _ = await asyncio.wait(
            under_way | ({asked} if not asked.done() else set()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in ended - {asked}:
            under_way.remove(task)
            for reasons in task.result().documents.values():
                for reason, count in reasons.items():
                    found[reason] = found.get(reason, 0) + count
    return found


def tokenizer_texts(root: Path) -> list[str]:
    """Return what a small model's tokenizer is trained on: the prompts, and what is rewritten."""
    prompts = [path.read_text() for path in sorted((root / "prompts").rglob("*.md"))]
    examples = (root / "examples/documents/everyday.jsonl").read_text().splitlines()
    return [*prompts, *(json.loads(line)["text"] for line in examples), *(t for _, t in texts(20))]
