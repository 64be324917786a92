"""The CPU, asked as PyTorch programs ask about any device."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch._missing import missing
from minitorch.cpu import amp as amp


def is_available() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """``cpu``."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Do nothing: every operation is done when it returns."""


def is_initialized() -> bool:
    """True."""
    return True


def set_device(device: Any) -> None:
    """Do nothing: there is one."""


class Stream:
    """A queue of work: none, as every operation is done when it returns."""

    def __init__(self, priority: int = -1) -> None: ...

    def wait_stream(self, stream: Any) -> None:
        """Do nothing: there is nothing to wait for."""

    def record_event(self) -> None:
        """Do nothing: there is nothing to mark."""

    def wait_event(self, event: Any) -> None:
        """Do nothing: there is nothing to wait for."""


class Event:
    """A mark in such a queue, which has always been reached."""

    def __init__(self, enable_timing: bool = False) -> None: ...

    def query(self) -> bool:
        """True."""
        return True

    def record(self, stream: Any = None) -> None:
        """Do nothing."""

    wait = record

    def synchronize(self) -> None:
        """Do nothing: there is nothing to wait for."""


_stream = Stream()


def current_stream(device: Any = None) -> Stream:
    """The one there is."""
    return _stream


def stream(stream: Any) -> AbstractContextManager[None]:
    """Return a context manager that changes nothing."""
    return nullcontext()


__getattr__ = missing(__name__)
