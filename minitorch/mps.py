"""Apple's GPUs: minitorch computes on none, and this module says so."""

from __future__ import annotations

from typing import Any, NoReturn

from minitorch._dtypes import NoSuchDevice
from minitorch._missing import missing
from minitorch.cuda import device_count, empty_cache, is_available, manual_seed

__all__ = [
    "current_allocated_memory",
    "device_count",
    "driver_allocated_memory",
    "empty_cache",
    "get_rng_state",
    "is_available",
    "manual_seed",
    "recommended_max_memory",
    "seed",
    "set_per_process_memory_fraction",
    "set_rng_state",
    "synchronize",
]


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse: it needs such a GPU.

    Raises:
        NoSuchDevice: always.
    """
    raise NoSuchDevice("Cannot execute without MPS backend: minitorch computes on the CPU only")


current_allocated_memory = driver_allocated_memory = recommended_max_memory = _refuse
get_rng_state = set_rng_state = seed = synchronize = set_per_process_memory_fraction = _refuse

__getattr__ = missing(__name__)
