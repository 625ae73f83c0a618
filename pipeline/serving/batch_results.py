"""What came back from outside: result files in OpenAI's batch format, or answers made by hand.

A line is a service's result, with ``custom_id``, ``response`` and ``error``, or by hand
``{"custom_id": …, "answer": …}`` with the answer as JSON or as text. Files are looked through once
and lines read when they are wanted, so that millions of results take little memory.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.store import Folder

_ID = re.compile(rb'"custom_id"\s*:\s*"([0-9a-f]{64})"')
_EXPIRED = "batch_expired"


class _Place(NamedTuple):
    file: str
    start: int
    length: int


class Results:
    """The result files in a folder, as they were when they were looked through."""

    def __init__(self, folder: Folder) -> None:
        """Look through all files whose names end in ``.jsonl``.

        Raises:
            StorageError: The folder cannot be read.
        """
        self._folder = folder
        self._places: dict[str, _Place] = {}
        self._expired: Counter[str] = Counter()
        self.lines = 0
        self.unreadable: list[str] = []
        for name in folder.names():
            if name.endswith(".jsonl"):
                self._look_through(name)

    def _look_through(self, name: str) -> None:
        start = 0
        for number, line in enumerate(self._lines(name), start=1):
            self.lines += bool(line.strip())
            found = _ID.search(line)
            result = _parsed(line)
            if line.strip() and (found is None or result is None):
                self.unreadable.append(f"{self._folder}/{name}, line {number}")
            elif found and result is not None:
                self._note(found[1].decode(), result, _Place(name, start, len(line)))
            start += len(line)

    def _note(self, key: str, result: Mapping[str, Any], place: _Place) -> None:
        if _error_code(result) == _EXPIRED:
            self._expired[key] += 1
        elif key not in self._places or _is_success(result):
            # Of several lines for one request a good one counts, wherever it stands.
            self._places[key] = place

    def expired(self, key: str) -> int:
        """Return how often a request came back without having been looked at."""
        return self._expired[key]

    def find(self, key: str) -> Mapping[str, Any] | None:
        """Return a request's result line, or None if there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        data = self._folder.part(place.file, place.start, place.length)
        return _parsed(data)

    def _lines(self, name: str) -> Iterator[bytes]:
        with self._folder.opened(name) as file:
            yield from file


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        result = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return result if isinstance(result, dict) else None


def _is_success(result: Mapping[str, Any]) -> bool:
    response = result.get("response")
    good = isinstance(response, dict) and response.get("status_code") in (200, None)
    return "answer" in result or (good and not result.get("error"))


def _error_code(result: Mapping[str, Any]) -> str:
    error = result.get("error")
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def what_failed(result: Mapping[str, Any]) -> str:
    """Return what a result says of why there is no answer, or "" if there is one."""
    if _is_success(result):
        return ""
    response = result.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    found = result.get("error") or (body.get("error") if isinstance(body, dict) else None) or body
    said = found.get("message") if isinstance(found, dict) else found
    status = response.get("status_code") if isinstance(response, dict) else None
    parts = [str(part) for part in (status, _error_code(result), said) if part]
    return ": ".join(parts)[:400] or "the result holds neither a response nor an error"
