"""Parquet as the pipeline reads it."""

import subprocess
import sys

_READ = """
from pathlib import Path
import pyarrow as pa
from pipeline.parquet import decoded, encoded
data = encoded(pa.table({"a": list(range(9000)), "b": ["text"] * 9000}))
before = sum(1 for _ in Path("/proc/self/task").iterdir())
rows = decoded(data, ["b"]).num_rows
print(rows, sum(1 for _ in Path("/proc/self/task").iterdir()) - before)
"""


def test_reading_leaves_no_thread_behind_that_could_abort_the_end_of_the_program():
    done = subprocess.run([sys.executable, "-c", _READ], capture_output=True, text=True, check=True)

    assert done.stdout == "9000 0\n"
