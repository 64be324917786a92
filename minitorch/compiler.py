"""`torch.compile`'s names: nothing is compiled here, and what asks is told so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch._config import compile as compile
from minitorch._missing import missing
from minitorch._not_covered import given_callable

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
    if fn is None:
        return lambda function: function
    return given_callable("torch.compiler.disable", fn, AssertionError)


def allow_in_graph(fn: Any) -> Any:
    """`fn`, a function or a list of some, as it is; AssertionError for anything else."""
    if isinstance(fn, (list, tuple)):
        return [allow_in_graph(each) for each in fn]
    return given_callable("torch.compiler.allow_in_graph", fn, AssertionError)


def assume_constant_result(fn: Any) -> Any:
    """`fn`, a function, as it is; AttributeError for anything else."""
    return given_callable("torch.compiler.assume_constant_result", fn, AttributeError)


def substitute_in_graph(original_fn: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Return a decorator that changes nothing; TypeError for what is no function."""
    given_callable("torch.compiler.substitute_in_graph", original_fn)
    return allow_in_graph


def list_backends(exclude_tags: Any = ()) -> list[str]:
    """Return those that there are beside the tags: none."""
    set(exclude_tags or ())  # as PyTorch, which refuses what has no elements
    return []


def reset() -> None:
    """Do nothing: nothing is cached."""


cudagraph_mark_step_begin = reset


def set_stance(stance: str = "default", **kwargs: Any) -> AbstractContextManager[None]:
    """Change nothing. Also a context manager."""
    return nullcontext()


__getattr__ = missing(__name__)
