"""Comparisons, logic, bits and divisors: nothing to differentiate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import Operand, require_tensor
from minitorch.ops.support.out import into

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "allclose",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "equal",
    "gcd",
    "ge",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "lcm",
    "le",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
    "signbit",
]


def _plain(who: str, ufunc: Any, input: Operand, other: Operand, out: Any = None) -> Tensor:
    """A NumPy ufunc of two promoted operands, as a tensor outside the graph."""
    if out is not None:
        return into(who, out, _plain, who, ufunc, input, other)
    x, y = args.promote_pair(who, input, other)
    args.broadcast_shape(who, args.array_of(x).shape, args.array_of(y).shape)
    owner = x if args.is_tensor(x) else y
    return owner._wrap_any(np.asarray(ufunc(args.array_of(x), args.array_of(y))))


def _one(who: str, ufunc: Any, input: Tensor, out: Any = None) -> Tensor:
    """A NumPy ufunc of one tensor, as a tensor outside the graph."""
    if out is not None:
        return into(who, out, _one, who, ufunc, input)
    x = require_tensor(who, "input", input)
    return x._wrap_any(np.asarray(ufunc(x._array)))


def eq(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where the two are equal, as a bool tensor."""
    return _plain("eq", np.equal, require_tensor("eq", "input", input), other, out)


def ne(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where the two differ, as a bool tensor."""
    return _plain("ne", np.not_equal, require_tensor("ne", "input", input), other, out)


def lt(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is less than `other`, as a bool tensor."""
    return _plain("lt", np.less, require_tensor("lt", "input", input), other, out)


def le(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is at most `other`, as a bool tensor."""
    return _plain("le", np.less_equal, require_tensor("le", "input", input), other, out)


def gt(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is greater than `other`, as a bool tensor."""
    return _plain("gt", np.greater, require_tensor("gt", "input", input), other, out)


def ge(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is at least `other`, as a bool tensor."""
    return _plain("ge", np.greater_equal, require_tensor("ge", "input", input), other, out)


# ---- logic --------------------------------------------------------------------------------------
def _logical(who: str, ufunc: Any, input: Tensor, other: Tensor, out: Any) -> Tensor:
    x, y = require_tensor(who, "input", input), require_tensor(who, "other", other)
    return _plain(who, ufunc, x, y, out)


def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where both are nonzero, as a bool tensor."""
    return _logical("logical_and", np.logical_and, input, other, out)


def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where either is nonzero, as a bool tensor."""
    return _logical("logical_or", np.logical_or, input, other, out)


def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where just one is nonzero, as a bool tensor."""
    return _logical("logical_xor", np.logical_xor, input, other, out)


def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is zero, as a bool tensor."""
    return _one("logical_not", np.logical_not, input, out)


# ---- bits ---------------------------------------------------------------------------------------
def _bits(who: str, ufunc: Any, input: Operand, other: Operand, out: Any) -> Tensor:
    if (dtype := args.result_dtype(who, input, other)).kind == "f":
        raise NotImplementedError(
            f'"{who}" not implemented for floating-point tensors ({dtype}); compare first, or '
            "convert to an integer dtype"
        )
    return _plain(who, ufunc, input, other, out)


def bitwise_and(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input & other`` of integer or bool tensors."""
    return _bits("bitwise_and", np.bitwise_and, input, other, out)


def bitwise_or(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input | other`` of integer or bool tensors."""
    return _bits("bitwise_or", np.bitwise_or, input, other, out)


def bitwise_xor(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input ^ other`` of integer or bool tensors."""
    return _bits("bitwise_xor", np.bitwise_xor, input, other, out)


def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``~input`` of an integer or bool tensor.

    Raises:
        NotImplementedError: for a floating dtype.
    """
    if args.dtype_of(require_tensor("bitwise_not", "input", input)).kind == "f":
        raise NotImplementedError(
            f'"bitwise_not" not implemented for {input.dtype}; compare first, or convert to an '
            "integer dtype"
        )
    return _one("bitwise_not", np.invert, input, out)


def invert(input: Tensor) -> Tensor:
    """``~input``, the operator: as `bitwise_not`.

    Raises:
        TypeError: for a floating dtype.
    """
    if args.dtype_of(input).kind == "f":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, "
            f"got {input.dtype}"
        )
    return bitwise_not(input)


def bitwise_left_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input << other`` of integers; 0 where `other` is negative, or as many bits as there are."""
    return _shift("bitwise_left_shift", _shifted_left, input, other, out)


def bitwise_right_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input >> other`` of integers, keeping the sign.

    Where `other` is negative, or as many bits as there are, only the sign is left: 0 or -1.
    """
    return _shift("bitwise_right_shift", _shifted_right, input, other, out)


def _shift(who: str, function: Any, input: Operand, other: Operand, out: Any) -> Tensor:
    if args.result_dtype(who, input, other).kind == "b":
        raise NotImplementedError(f"\"{who}\" not implemented for 'Bool'; convert with .int()")
    return _bits(who, function, input, other, out)


def _shifted_left(x: Array, y: Array) -> Array:
    bits = 8 * x.dtype.itemsize
    fits = (y >= 0) & (y < bits)
    return np.where(fits, np.left_shift(x, np.where(fits, y, 0)), 0).astype(x.dtype)


def _shifted_right(x: Array, y: Array) -> Array:
    most = 8 * x.dtype.itemsize - (x.dtype.kind == "i")
    return np.right_shift(x, np.where((y >= 0) & (y < most), y, most).astype(x.dtype))


def _gcd_or_lcm(who: str, ufunc: Any, input: Tensor, other: Tensor, out: Any) -> Tensor:
    x, y = require_tensor(who, "input", input), require_tensor(who, "other", other)
    if (dtype := args.result_dtype(who, x, y)).kind not in "iu":
        raise NotImplementedError(f'"{who}" not implemented for {dtype}, only for integers')
    return _plain(who, ufunc, x, y, out)


def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor of integers, never negative."""
    return _gcd_or_lcm("gcd", np.gcd, input, other, out)


def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple of integers, never negative."""
    return _gcd_or_lcm("lcm", np.lcm, input, other, out)


# ---- what an element is, and closeness ----------------------------------------------------------
def isnan(input: Tensor) -> Tensor:
    """Where an element is NaN."""
    return _one("isnan", np.isnan, input)


def isinf(input: Tensor) -> Tensor:
    """Where an element is infinite."""
    return _one("isinf", np.isinf, input)


def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where an element is inf."""
    return _one("isposinf", lambda x: np.equal(x, np.inf), input, out)


def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where an element is -inf."""
    return _one("isneginf", lambda x: np.equal(x, -np.inf), input, out)


def isfinite(input: Tensor) -> Tensor:
    """Where an element is neither NaN nor infinite."""
    return _one("isfinite", np.isfinite, input)


def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where an element is negative, -0.0 included."""
    return _one("signbit", lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0, input, out)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Where ``|input - other| <= atol + rtol * |other|``.

    Raises:
        RuntimeError: if the dtypes differ, or a tolerance is negative.
    """
    x, y = require_tensor("isclose", "self", input), require_tensor("isclose", "other", other)
    if x.dtype != y.dtype:
        raise RuntimeError(f"{x.dtype} did not match {y.dtype}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    args.broadcast_shape("isclose", x._array.shape, y._array.shape)
    with np.errstate(all="ignore"):
        close = np.isclose(x._array, y._array, rtol, atol, equal_nan)
    return x._wrap_any(np.asarray(close))


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and elements, whatever their dtypes."""
    x, y = require_tensor("equal", "input", input), require_tensor("equal", "other", other)
    return bool(np.array_equal(x._array, y._array))
