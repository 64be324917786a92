"""Checkpoints: what PyTorch computes again to save memory is kept here, for the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.ops.support.operands import warn_caller

__all__ = [
    "CheckpointError",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_early_stop",
    "set_device_states",
]


class CheckpointError(RuntimeError):
    """The error of what was computed again and came out otherwise: never raised."""


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
    if use_reentrant is None:
        _warn_of_default("checkpoint")
    if use_reentrant is not False:
        check_backward_validity(args)
    return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Return what `functions`, a Sequential or a list, make of `input` one after the other."""
    if use_reentrant is None:
        _warn_of_default("checkpoint.checkpoint_sequential")
    for function in functions.children() if hasattr(functions, "children") else functions:
        input = function(input)
    return input


def _warn_of_default(name: str) -> None:
    warn_caller(
        f"torch.utils.{name}: the use_reentrant parameter should be passed explicitly. "
        "use_reentrant=False is recommended."
    )


def noop_context_fn() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Two context managers that change nothing."""
    return nullcontext(), nullcontext()


def set_checkpoint_early_stop(enable: bool) -> AbstractContextManager[None]:
    """Return a context manager that changes nothing: nothing is computed again."""
    return nullcontext()


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """`inputs`, their tensors as leaves of their own.

    Raises:
        RuntimeError: unless it is a tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
    return tuple(
        x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if none of `inputs` requires a gradient."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warn_caller("None of the inputs have requires_grad=True. Gradients will be None")


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The GPUs of `args`, and the states of their generators: none."""
    return [], []


def set_device_states(devices: Any, states: Any, *, device_type: str | None = None) -> None:
    """Do nothing: there is no GPU."""


__getattr__ = missing(__name__)
