"""Marks in a GPU's profile: there are none, and setting one raises as PyTorch without CUDA does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

__all__ = ["mark", "range", "range_end", "range_pop", "range_push", "range_start"]


def mark(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse to set a mark.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")


range_push = range_pop = range_start = range_end = mark


@contextmanager
def range(msg: Any, *args: Any, **kwargs: Any) -> Iterator[None]:
    """Return a context manager that is a range of the profile: entering it raises, as `mark`."""
    mark(msg)
    yield
