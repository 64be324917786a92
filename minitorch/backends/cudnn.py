"""cuDNN: not there. Its flags may be set, and change nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch._missing import missing

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""


def flags(*args: Any, **kwargs: Any) -> AbstractContextManager[None]:
    """Return a context manager that changes nothing."""
    return nullcontext()


__getattr__ = missing(__name__)
