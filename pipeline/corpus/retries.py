"""Which documents are to be tried again: asked for, counted, never taken back.

Each time is a numbered file of its own. A unit that holds such documents has another fingerprint,
so the next build replays it through the ledger: the other documents cost nothing, these are
asked with draws that were not made before.
"""

import json
from collections.abc import Iterable

from pipeline.store import Folder
from schemas.errors import CorruptError

Retries = dict[str, dict[str, int]]
"""How often, by unit, then by place."""


def retried(corpus: Folder) -> Retries:
    """Return how often each document was to be tried again.

    Raises:
        CorruptError: A file of them cannot be read.
    """
    folder = corpus / "retries"
    found: Retries = {}
    for name in folder.names():
        data = folder.read(name) or b"[]"
        try:
            rows = [(str(row["unit"]), str(row["place"])) for row in json.loads(data)]
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptError(
                f"{folder}/{name} is no list of documents",
                hint="delete it; what it asked for is not tried again",
            ) from error
        for unit, place in rows:
            places = found.setdefault(unit, {})
            places[place] = places.get(place, 0) + 1
    return found


def retry(corpus: Folder, documents: Iterable[tuple[str, str]]) -> None:
    """Write down that documents are to be tried again, each as (unit, place).

    Raises:
        StorageError: The corpus folder cannot be written.
    """
    rows = [{"unit": unit, "place": place} for unit, place in documents]
    data = (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode()
    folder = corpus / "retries"
    number = len(folder.names()) + 1
    while not folder.create(f"{number:06d}.json", data):
        number += 1
