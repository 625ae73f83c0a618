"""What child processes said last, so that it can be told why one of them died."""

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_LINES = 200
_ERROR = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Exit)(?:: .*)?)$")


class LastWords:
    """Listens to the standard error of processes that are started while ``listening``."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_LINES)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Give children that are started in this block a pipe; what comes of it is passed on.

        They keep it as long as they live. This process's own standard error is the same as before
        when the block ends.
        """
        kept = os.dup(2)
        reading, writing = os.pipe()
        threading.Thread(target=self._pass_on, args=(reading, os.dup(2)), daemon=True).start()
        os.dup2(writing, 2)
        os.close(writing)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)

    def _pass_on(self, reading: int, to: int) -> None:
        with os.fdopen(reading, "rb") as pipe:
            for line in pipe:
                self._lines.append(line.decode(errors="replace").rstrip())
                os.write(to, line)
        os.close(to)

    @property
    def error(self) -> str:
        """The last line that names an error, without what a logger has put before it; else ""."""
        for line in reversed(self._lines):
            if match := _ERROR.search(line):
                return match[1]
        return ""
