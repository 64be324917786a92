"""The ``out=`` keyword: one line in an operation hands its result to `into`.

def add(input, other, *, out=None):
    if out is not None:
        return into("add", out, add, input, other)
    ...
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minitorch._dtypes import can_cast, from_numpy_dtype
from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import mode
from minitorch.ops.support.inplace import check_writable

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

R = TypeVar("R")


def into(who: str, out: Any, operation: Callable[..., Any], *args: Any, **params: Any) -> Any:
    """Write ``operation(*args, **params)`` into `out`, outside the graph; returns `out`.

    Args:
        who: the public function's name, for errors.
        out: a tensor, or a tuple of them for an operation with several results. A tensor of
            another shape is resized, with a warning if it had elements.
        operation: what computes the result (the public function itself, without its `out`).
        args, params: what it is called with.

    Raises:
        TypeError: if `out` is no tensor.
        RuntimeError: while recording, if an argument or `out` requires grad; if the result's dtype
            cannot be cast to `out`'s; if elements of `out` share memory. `out` is unchanged then.
    """
    outs = out if isinstance(out, (tuple, list)) else (out,)
    for tensor in outs:
        if not isinstance(tensor, TensorBase):
            raise TypeError(f"{who}(): argument 'out' must be Tensor, not {type(tensor).__name__}")
        check_writable(tensor, leaves=True)
    if mode.grad and any(_requires_grad(value) for value in (*outs, *args, *params.values())):
        raise RuntimeError(
            f"{who}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    returned = operation(*args, **params)
    results = returned if isinstance(returned, tuple) else (returned,)
    if len(outs) != len(results):
        raise TypeError(f"{who}(): out must be {len(results)} tensors, got {len(outs)}")
    for tensor, result in zip(outs, results, strict=True):
        wanted, given = result.dtype, from_numpy_dtype(tensor._numpy_dtype)
        if not can_cast(wanted, given):
            raise RuntimeError(
                f"{who}: result type {wanted} can't be cast to the desired output type {given}"
            )
    for tensor, result in zip(outs, results, strict=True):
        _put(tensor, result)
    return out


def takes_out(who: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give an operation, whose errors call it `who`, the keyword `out` as well.

    Of an operation with several results it is a tuple of tensors.
    """

    def decorate(operation: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(operation)
        def called(*args: Any, out: Any = None, **params: Any) -> R:
            if out is None:
                return operation(*args, **params)
            result: R = into(who, out, operation, *args, **params)
            return result

        signature = inspect.signature(operation)
        keyword = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
        signature = signature.replace(parameters=[*signature.parameters.values(), keyword])
        called.__signature__ = signature  # type: ignore[attr-defined]
        return called

    return decorate


def _requires_grad(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_requires_grad(item) for item in value)
    return isinstance(value, TensorBase) and value._asks_for_grad()


def _put(target: TensorBase, result: Tensor) -> None:
    """Write `result` into `target`, or give `target` its shape first."""
    array = result._array
    if target._array.shape == array.shape:
        target._write(array)
    else:
        if target._array.size:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(target._array.shape)}, which does not match the required output shape "
                f"{list(array.shape)}. Give an out tensor of that shape, or an empty one.",
                UserWarning,
                stacklevel=4,
            )
        target._hold(np.array(array, target._numpy_dtype))
        target._storage = target._view = None
    target._bump_version()
