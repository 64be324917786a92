"""`torch.compile`'s names: nothing is compiled here, and what asks is told so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch._config import compile as compile
from minitorch._missing import missing

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
    "set_stance",
    "substitute_in_graph",
]


def is_compiling() -> bool:
    """False."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """`fn`, as it is. Also a decorator with brackets."""
    return fn if fn is not None else lambda function: function


def allow_in_graph(fn: Any) -> Any:
    """`fn`, as it is."""
    return fn


assume_constant_result = allow_in_graph


def substitute_in_graph(original_fn: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Return a decorator that changes nothing."""
    return allow_in_graph


def list_backends(exclude_tags: Any = ()) -> list[str]:
    """None."""
    return []


def reset() -> None:
    """Do nothing: nothing is cached."""


cudagraph_mark_step_begin = reset


def set_stance(stance: str = "default", **kwargs: Any) -> AbstractContextManager[None]:
    """Change nothing. Also a context manager."""
    return nullcontext()


__getattr__ = missing(__name__)
