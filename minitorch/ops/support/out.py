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
from minitorch.ops.support.operands import caller_stacklevel

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

R = TypeVar("R")

# What `out` may be, for `takes_out`.
KINDS, JOINED, SAME, SAME_IN_TUPLES = "kinds", "joined", "same", "same in tuples"
COMPUTED, MADE, DRAWN = "computed", "made", "drawn"
# The operations that call `into`, and take the result's own dtype only.
_NAMES = (
    "abs bitwise_not ceil clamp float_power floor frexp heaviside isneginf isposinf "
    "nan_to_num neg norm round sign signbit trunc where"
)
_SAME = frozenset(_NAMES.split())
# Those whose `out` may be no argument, not even as a whole.
_APART = frozenset(("gather", "kthvalue", "masked_select", "take"))


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
            cannot be cast to `out`'s; if elements of `out` share memory, or `out` shares some of
            its own with an argument. `out` is unchanged then.
    """
    return _write(who, out, SAME if who in _SAME else KINDS, operation, args, params)


def takes_out(who: str, casts: str = KINDS) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give an operation, whose errors call it `who`, the keyword `out` as well.

    Of an operation with several results it is a tuple of tensors. As a method of `Tensor` the
    operation has no `out`: its attribute `without_out` is the operation itself.

    Args:
        who: PyTorch's name of the operation.
        casts: which dtypes `out` may have: one that the result can be cast to (KINDS; JOINED
            raises a TypeError else); the result's own (SAME; SAME_IN_TUPLES if there are several
            results); any, since it is the argument `dtype` (COMPUTED; MADE for what makes tensors,
            and resizes without a warning), or since numbers are drawn into it (DRAWN).
    """

    def decorate(operation: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(operation)
        def called(*args: Any, **params: Any) -> R:
            if "out" not in params:
                return operation(*args, **params)
            out = params.pop("out")
            if out is None:
                return operation(*args, **params)
            result: R = _write(who, out, casts, operation, args, params)
            return result

        signature = inspect.signature(operation)
        keyword = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
        parameters = sorted([*signature.parameters.values(), keyword], key=lambda p: p.kind)
        called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        called.without_out = operation  # type: ignore[attr-defined]
        return called

    return decorate


def _write(
    who: str,
    out: Any,
    casts: str,
    operation: Callable[..., Any],
    args: tuple[Any, ...],
    params: dict[str, Any],
) -> Any:
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
    for tensor in outs:
        _check_overlap(who, tensor, (*args, *params.values()))
    if casts in (COMPUTED, MADE):
        given = from_numpy_dtype(outs[0]._numpy_dtype)
        if params.setdefault("dtype", given) not in (given, None):
            raise RuntimeError(
                f"{who}: dtype {params['dtype']} does not match dtype of out parameter ({given})"
            )
        params["dtype"] = given
    returned = operation(*args, **params)
    results = returned if isinstance(returned, tuple) else (returned,)
    if len(outs) != len(results):
        raise TypeError(f"{who}(): out must be {len(results)} tensors, got {len(outs)}")
    exact = casts is SAME or (casts is SAME_IN_TUPLES and isinstance(returned, tuple))
    for tensor, result in zip(outs, results, strict=True):
        wanted, given = result.dtype, from_numpy_dtype(tensor._numpy_dtype)
        if exact and wanted is not given:
            raise RuntimeError(
                f"{who}: Expected out tensor to have dtype {wanted}, but got {given} instead"
            )
        if casts is not DRAWN and not can_cast(wanted, given):
            raise (TypeError if casts is JOINED else RuntimeError)(
                f"{who}: result type {wanted} can't be cast to the desired output type {given}"
            )
    for tensor, result in zip(outs, results, strict=True):
        _put(tensor, result, warn=casts not in (MADE, DRAWN))
    if not isinstance(returned, tuple):
        return outs[0]
    # A named tuple of the tensors themselves, as the operation returns.
    return type(returned)(*outs) if hasattr(returned, "_fields") else tuple(outs)


def _check_overlap(who: str, out: TensorBase, values: Any) -> None:
    """Refuse an argument that shares a part of `out`'s memory; all of it may be the same."""
    target = out._any_layout
    for value in values:
        if isinstance(value, (tuple, list)):
            _check_overlap(who, out, value)
        elif isinstance(value, TensorBase) and (value is not out or who in _APART):
            array = value._any_layout
            if (
                np.may_share_memory(array, target)
                and _is_dense(array)
                and _is_dense(target)
                and (
                    who in _APART
                    or (array.nbytes, array.strides, array.ctypes.data)
                    != (target.nbytes, target.strides, target.ctypes.data)
                )
            ):
                raise RuntimeError(
                    f"{who}: unsupported operation: some elements of the input tensor and the "
                    "written-to tensor refer to a single memory location. Please clone() the "
                    "tensor before performing the operation."
                )


def _is_dense(array: Any) -> bool:
    return bool(array.flags.forc)  # contiguous, in the one order or the other


def _requires_grad(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_requires_grad(item) for item in value)
    return isinstance(value, TensorBase) and value._asks_for_grad()


def _put(target: TensorBase, result: Tensor, warn: bool) -> None:
    """Write `result` into `target`, or give `target` its shape first."""
    array = result._array
    if target._array.shape == array.shape:
        target._write(array)
    else:
        if warn and target._array.size:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(target._array.shape)}, which does not match the required output shape "
                f"{list(array.shape)}. Give an out tensor of that shape, or an empty one.",
                UserWarning,
                stacklevel=caller_stacklevel(),
            )
        target._hold(np.array(array, target._numpy_dtype))
        target._storage = target._view = None
    target._bump_version()
