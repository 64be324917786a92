"""Checkpoints: what PyTorch computes again to save memory is kept here, for the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch._missing import missing

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    preserve_rng_state: bool = True,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Return ``function(*args, **kwargs)``, with its graph: no memory is saved.

    The other arguments say how PyTorch computes it again in backward.
    """
    return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Return what `functions`, a Sequential or a list, make of `input` one after the other."""
    for function in functions.children() if hasattr(functions, "children") else functions:
        input = function(input)
    return input


__getattr__ = missing(__name__)
