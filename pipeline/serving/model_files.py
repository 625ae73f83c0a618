"""Which model it is: a commit of the hub, or a digest that another folder would not have."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from schemas.errors import RecipeError
from schemas.exchange import sha256

_WHOLE = 4_000_000
_STRETCH = 65_536
_STRETCHES = 32


_COMMIT = re.compile("[0-9a-f]{40}")


def model_revision(model: str, commit: str | None) -> str:
    """Return what tells this model from any other of its name.

    Args:
        model: A folder or file, if it begins with ``/``; else a name on the hub.
        commit: The commit of a model on the hub.

    Raises:
        RecipeError: The folder is not there, or the name is not pinned to a commit.
    """
    if model.startswith("/"):
        if not Path(model).exists():
            raise RecipeError(
                f"there is no model at {model}",
                hint="mend `model`; a path that begins with ./ starts at the recipe's folder",
            )
        return model_digest(Path(model))[:16]
    if not commit or not _COMMIT.fullmatch(commit):
        raise RecipeError(
            f"the model {model} is not pinned",
            hint="set `revision` to the full hash of a commit on the hub, 40 digits; or give the "
            "path of a folder, beginning with / or ./",
        )
    return commit


@cache
def model_digest(path: Path) -> str:
    """Return a hex digest of a model's files, read once for each process.

    Files of up to four megabytes are read whole; weights are told by their size, by their
    beginning, which in safetensors names every tensor, and by 32 stretches spread over the rest:
    whoever trains a model changes them all, and whole they would take a minute to read.
    """
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    parts: list[str | bytes] = []
    for file in files:
        name = file.name if path.is_file() else file.relative_to(path).as_posix()
        if any(part.startswith(".") for part in Path(name).parts):
            # What a download or a version control keeps beside the model.
            continue
        parts += [name, str(file.stat().st_size), *_sampled(file)]
    return sha256(*parts)


def _sampled(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb") as opened:
        if size <= _WHOLE:
            yield opened.read()
            return
        yield opened.read(_STRETCH)
        for number in range(1, _STRETCHES + 1):
            opened.seek((size - _STRETCH) * number // _STRETCHES)
            yield opened.read(_STRETCH)
