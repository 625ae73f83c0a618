"""The build's log: one JSON object a line, in the corpus folder."""

import json
import logging
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pipeline.store import Folder


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def event(name: str, **fields: object) -> None:
    """Log an event with its fields."""
    logging.getLogger("flows").info(name, extra={"fields": fields})


@contextmanager
def build_log(corpus: Folder) -> Iterator[str]:
    """Yield the path of this build's log, written while the block runs.

    On an object store, which cannot append, the log is put there when the block ends.

    Raises:
        StorageError: The corpus folder cannot be written.
    """
    folder = corpus / "logs"
    begun = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    # Two builds may begin within one second.
    names = (f"{begun}{f'-{n}' if n else ''}.jsonl" for n in count())
    name = next(name for name in names if folder.create(name, b""))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(f"{folder}/{name}") if folder.is_local else Path(scratch) / name
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(_JsonLines())
        loggers = [logging.getLogger(package) for package in ("flows", "pipeline")]
        for logger in loggers:
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(handler)
        try:
            yield f"{folder}/{name}"
        finally:
            for logger in loggers:
                logger.removeHandler(handler)
            handler.close()
            if not folder.is_local:
                folder.write(name, path.read_bytes())
