"""Intel's GPUs: minitorch computes on none, and this module says so, as `minitorch.cuda` does."""

from __future__ import annotations

from typing import Any

from minitorch import cuda as _cuda
from minitorch._missing import missing

_LIKE_CUDA = (
    "Event ExternalStream MemPool Stream StreamContext can_device_access_peer current_device "
    "current_stream default_generators device device_count device_of empty_cache get_arch_list "
    "get_device_capability get_device_name get_device_properties get_gencode_flags "
    "get_per_process_memory_fraction get_rng_state get_rng_state_all get_stream_from_external "
    "graph_pool_handle init initial_seed is_available is_bf16_supported "
    "is_current_stream_capturing is_initialized is_tf32_supported make_graphed_callables "
    "manual_seed manual_seed_all max_memory_allocated max_memory_reserved mem_get_info "
    "memory_allocated memory_reserved memory_stats memory_stats_as_nested_dict "
    "reset_accumulated_memory_stats reset_peak_memory_stats seed seed_all set_device "
    "set_per_process_memory_fraction set_rng_state set_rng_state_all set_stream stream "
    "synchronize use_mem_pool"
)
__all__: list[str] = _LIKE_CUDA.split()
globals().update({name: getattr(_cuda, name) for name in __all__})
globals()["__all__"] += ["memory_snapshot"]


def memory_snapshot(mempool_id: Any = None) -> list[Any]:
    """None."""
    return []


__getattr__ = missing(__name__)
