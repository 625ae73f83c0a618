"""A Ray cluster in a process of its own: says its address, and ends when its input is closed."""

import sys

import ray

if __name__ == "__main__":
    ray.init("local", num_cpus=16, include_dashboard=False, logging_level="ERROR")
    sys.stdout.write(f"{ray.get_runtime_context().gcs_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    ray.shutdown()
