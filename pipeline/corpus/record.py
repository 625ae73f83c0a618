"""The build record: how a version was made, down to the digests."""

import hashlib
import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.corpus.costs import summed
from pipeline.plugins import code_digest
from pipeline.workshop import Workshop
from schemas.exchange import sha256
from schemas.unit import UnitManifest

_SOFTWARE = ("prealign", "datasketch", "prefect", "pyarrow", "pydantic", "ray", "sentencex")
_ROOT = Path(__file__).parents[2]


def build_record(
    workshop: Workshop, order: dict[str, Any], manifests: Sequence[UnitManifest]
) -> dict[str, Any]:
    """Return everything that made a version, as plain JSON.

    ``order`` is what was asked for: the recipe's text, and what was set on the command line.
    Paths are as the recipe has them; nothing of the machine is recorded but its kind.
    """
    return {
        **order,
        "code": {
            "commit": _commit(),
            "digest": code_digest("pipeline", "schemas"),
            "lock": _lock_digest(),
        },
        "software": _software(workshop)
        | {"python": platform.python_version(), "machine": platform.machine()},
        "prompts": workshop.kit.prompts.digests,
        "engines": {
            role.value + (f".{number}" if number else ""): {
                "engine": engine.name(),
                "fingerprint": engine.fingerprint(),
            }
            for role, engines in workshop.engines.items()
            for number, engine in enumerate(engines)
        },
        "units": len(manifests),
        "answers": sha256(*(manifest.answers for manifest in manifests)),
        "cost": {
            question: {
                k: v for k, v in cost.model_dump().items() if k not in ("asked", "remembered")
            }
            | {"answers": cost.asked + cost.remembered}
            for question, cost in summed(manifest.questions for manifest in manifests).items()
        },
    }


def _software(workshop: Workshop) -> dict[str, str]:
    """Return versions of what the build and its engines are made of, by package."""
    used = [name for engine in workshop.opened.values() for name in engine.software]
    found = {name: version(name) for name in _SOFTWARE}
    for name in used:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return dict(sorted(found.items()))


def _commit() -> str | None:
    """Return the commit of the checkout the code runs from, marked if it was changed, or None."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(_ROOT), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    if not (_ROOT / ".git").exists():
        return None
    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _lock_digest() -> str | None:
    """Return the sha256 of the file that pins every dependency, or None outside a checkout."""
    lock = _ROOT / "infra" / "constraints.txt"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else None
