"""Write the schemas of all that is kept or crosses a border: ``python -m schemas.export``."""

import json
from pathlib import Path

from pydantic import TypeAdapter

from schemas.document import Document, Outcome, StoredSpan
from schemas.exchange import Answer
from schemas.progress import BuildLock, Progress
from schemas.recipe import Recipe
from schemas.scheme import Scheme
from schemas.tables import TABLES
from schemas.unit import Plan, StageManifest, UnitManifest
from schemas.version import ShardList, VersionManifest

FOLDER = Path(__file__).parent / "json"
MODELS: dict[str, type] = {
    "document": Document,
    "outcome": Outcome,
    "stored-span": StoredSpan,
    "answer": Answer,
    "recipe": Recipe,
    "scheme": Scheme,
    "plan": Plan,
    "progress": Progress,
    "build-lock": BuildLock,
    "unit-manifest": UnitManifest,
    "stage-manifest": StageManifest,
    "shard-list": ShardList,
    "version-manifest": VersionManifest,
}


def exported() -> dict[str, str]:
    """Return the text of every exported file, by file name."""
    models = {
        f"{name}.schema.json": json.dumps(TypeAdapter(model).json_schema(), indent=2) + "\n"
        for name, model in MODELS.items()
    }
    tables = {
        f"{name}.arrow.txt": schema.to_string(element_size_limit=10_000) + "\n"
        for name, schema in TABLES.items()
    }
    return models | tables


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in exported().items():
        (FOLDER / name).write_text(text)
