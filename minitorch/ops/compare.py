"""Comparisons, logic and bits: nothing to differentiate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.kernels.quiet import hush, restore
from minitorch.ops import operands as args
from minitorch.ops.operands import Operand

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def _plain(who: str, ufunc: Any, input: Operand, other: Operand) -> Tensor:
    """A NumPy ufunc of two promoted operands, as a tensor outside the graph."""
    x, y = args.pair(who, input, other)
    args.broadcast_shape(who, args.array_of(x).shape, args.array_of(y).shape)
    owner = x if args.is_tensor(x) else y
    return owner._wrap(np.asarray(ufunc(args.array_of(x), args.array_of(y))))


def eq(input: Operand, other: Operand) -> Tensor:
    """Where the two are equal, as a bool tensor."""
    return _plain("eq", np.equal, input, other)


def ne(input: Operand, other: Operand) -> Tensor:
    """Where the two differ, as a bool tensor."""
    return _plain("ne", np.not_equal, input, other)


def lt(input: Operand, other: Operand) -> Tensor:
    """Where `input` is less than `other`, as a bool tensor."""
    return _plain("lt", np.less, input, other)


def le(input: Operand, other: Operand) -> Tensor:
    """Where `input` is at most `other`, as a bool tensor."""
    return _plain("le", np.less_equal, input, other)


def gt(input: Operand, other: Operand) -> Tensor:
    """Where `input` is greater than `other`, as a bool tensor."""
    return _plain("gt", np.greater, input, other)


def ge(input: Operand, other: Operand) -> Tensor:
    """Where `input` is at least `other`, as a bool tensor."""
    return _plain("ge", np.greater_equal, input, other)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Where both are nonzero, as a bool tensor."""
    return _plain("logical_and", np.logical_and, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Where either is nonzero, as a bool tensor."""
    return _plain("logical_or", np.logical_or, input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Where just one is nonzero, as a bool tensor."""
    return _plain("logical_xor", np.logical_xor, input, other)


def logical_not(input: Tensor) -> Tensor:
    """Where `input` is zero, as a bool tensor."""
    return input._wrap(np.asarray(np.logical_not(input._array)))


def _bitwise(who: str, ufunc: Any, input: Operand, other: Operand) -> Tensor:
    x, y = args.pair(who, input, other)
    if args.dtype_of(x).kind == "f":
        raise NotImplementedError(
            f'"{who}" not implemented for floating-point tensors ({args.dtype_of(x)}); '
            "compare first, or convert to an integer dtype"
        )
    return _plain(who, ufunc, x, y)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """``input & other`` of integer or bool tensors."""
    return _bitwise("bitwise_and", np.bitwise_and, input, other)


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """``input | other`` of integer or bool tensors."""
    return _bitwise("bitwise_or", np.bitwise_or, input, other)


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """``input ^ other`` of integer or bool tensors."""
    return _bitwise("bitwise_xor", np.bitwise_xor, input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """``~input`` of an integer or bool tensor."""
    if input._array.dtype.kind == "f":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, "
            f"got {input.dtype}"
        )
    return input._wrap(np.asarray(np.invert(input._array)))


def isnan(input: Tensor) -> Tensor:
    """Where an element is NaN."""
    return input._wrap(np.asarray(np.isnan(input._array)))


def isinf(input: Tensor) -> Tensor:
    """Where an element is infinite."""
    return input._wrap(np.asarray(np.isinf(input._array)))


def isfinite(input: Tensor) -> Tensor:
    """Where an element is neither NaN nor infinite."""
    return input._wrap(np.asarray(np.isfinite(input._array)))


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Where ``|input - other| <= atol + rtol * |other|``."""
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    previous = hush()
    try:
        close = np.isclose(input._array, other._array, rtol, atol, equal_nan)
    finally:
        restore(previous)
    return input._wrap(np.asarray(close))


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and elements."""
    return bool(np.array_equal(input._array, other._array))
