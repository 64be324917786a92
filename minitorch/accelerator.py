"""Accelerators of any kind: there is none here, and this module says so."""

from __future__ import annotations

from typing import Any, NoReturn

from minitorch._dtypes import NoSuchDevice
from minitorch._missing import missing
from minitorch.cuda import device_count, is_available

_NAMES = (
    "current_device_idx current_device_index current_stream empty_cache empty_host_cache "
    "get_device_capability get_memory_info max_memory_allocated max_memory_reserved "
    "memory_allocated memory_reserved memory_stats reset_accumulated_memory_stats "
    "reset_peak_memory_stats set_device_idx set_device_index set_stream"
)
_REFUSED = _NAMES.split()
__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]
__all__ += _REFUSED


def current_accelerator(check_available: bool = False) -> None:
    """None: a program that asks falls back on the CPU."""


def synchronize(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse: it needs an accelerator.

    Raises:
        NoSuchDevice: always.
    """
    raise NoSuchDevice("Cannot access accelerator device when none is available.")


globals().update(dict.fromkeys(_REFUSED, synchronize))


class device_index:
    """A context manager that chooses an accelerator: none, which is None.

    Raises:
        NoSuchDevice: on entering, for any other.
    """

    def __init__(self, device: int | None) -> None:
        self.index = device

    def __enter__(self) -> None:
        if self.index is not None:
            synchronize()

    def __exit__(self, *exc_info: object) -> None: ...


__getattr__ = missing(__name__)
