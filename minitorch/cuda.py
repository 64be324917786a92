"""CUDA: there is none here, and this module says so.

What asks whether there is a GPU is answered; what would only matter with one does nothing; what
needs one raises, as in a PyTorch that was built without CUDA.
"""

from __future__ import annotations

from typing import Any, NoReturn

from minitorch._dtypes import NoSuchDevice


def is_available() -> bool:
    """False."""
    return False


is_initialized = is_bf16_supported = is_available


def device_count() -> int:
    """0."""
    return 0


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def empty_cache() -> None:
    """Do nothing: there is no cache."""


def manual_seed(seed: int) -> None:
    """Do nothing: there is no GPU to seed."""


manual_seed_all = manual_seed


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse: it needs a GPU.

    Raises:
        NoSuchDevice: always.
    """
    raise NoSuchDevice("Torch not compiled with CUDA enabled: minitorch computes on the CPU only")


current_device = get_device_capability = get_device_name = get_device_properties = _refuse
set_device = synchronize = _refuse
