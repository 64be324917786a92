"""Accelerators of any kind: there is none here, and this module says so."""

from __future__ import annotations

from typing import Any

from minitorch._dtypes import NoSuchDevice
from minitorch.cuda import device_count, is_available

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def current_accelerator(check_available: bool = False) -> None:
    """None: a program that asks falls back on the CPU."""


def synchronize(device: Any = None) -> None:
    """Refuse: it needs an accelerator.

    Raises:
        NoSuchDevice: always.
    """
    raise NoSuchDevice("Cannot access accelerator device when none is available.")
