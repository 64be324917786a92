"""Choosing between operands: where, the larger or smaller, clamping, filling by a mask."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, result_dtype
from minitorch.autograd.function import Function
from minitorch.kernels.mask import at_least, at_most, choose, keep
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import Operand, require_tensor
from minitorch.ops.support.out import into

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "fmax",
    "fmin",
    "masked_fill",
    "maximum",
    "minimum",
    "where",
]


def _is_zero(x: Array) -> bool:
    return x.ndim == 0 and not x and not np.signbit(x)


class Where(Function):
    """z = x where the condition holds, else y; each gets the gradient of what was taken."""

    broadcasts = elementwise = True
    differentiable_inputs = slice(1, None)

    def forward(self, condition: Array, x: Array, y: Array) -> Array:
        self.save(condition)
        if x.shape == condition.shape and _is_zero(y) and x.dtype.kind == "f":
            return keep(x, condition)
        if y.shape == condition.shape and _is_zero(x) and y.dtype.kind == "f":
            return keep(y, ~condition)
        if x.dtype.kind == "f":
            return choose(condition, x, y)
        return np.where(condition, x, y)

    def backward(self, grad: Tensor) -> Any:
        (condition,) = self.saved
        return (
            None,
            where(condition, grad, 0.0) if self.needs(1) else None,
            where(condition, 0.0, grad) if self.needs(2) else None,
        )


def where(
    condition: Tensor, input: Operand = None, other: Operand = None, *, out: Tensor | None = None
) -> Any:
    """`input` where `condition` holds, else `other`; alone, the indices where it holds.

    Shape: three that broadcast together.

    Raises:
        RuntimeError: for a condition that is not bool.

    >>> import minitorch
    >>> x = minitorch.tensor([-1.0, 2.0])
    >>> minitorch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if out is not None:
        return into("where", out, where, condition, input, other)
    require_tensor("where", "condition", condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition._array.dtype.kind != "b":
        if condition._array.dtype != np.uint8:
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{condition.dtype}"
            )
        args.warn_caller(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead."
        )
        condition = condition != 0
    if args.is_tensor(input) or args.is_tensor(other):
        x, y = args.promote_pair("where", input, other)
    else:  # of two numbers
        x, y = (args.as_dtype(v, result_dtype([input, other])) for v in (input, other))
    args.check_representable(input, args.dtype_of(x), filling=True)
    args.check_representable(other, args.dtype_of(x), filling=True)
    shapes = [condition._array.shape, args.array_of(x).shape, args.array_of(y).shape]
    if len(set(shapes)) > 1:
        args.broadcast_shape("where", *shapes)
    return Where.apply(condition, x, y)


class OfTwo(Function):
    """z = ufunc(x, y), with a gradient written in x and y."""

    broadcasts = elementwise = True
    ufunc: Any

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return self.ufunc(x, y)


class Maximum(OfTwo):
    """z = the larger of x and y; a tie shares the gradient evenly, NaN gives all to both."""

    ufunc: Any = np.maximum
    loses: Any = operator.lt

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return self.ufunc(y, x)  # in this order: of 0.0 and -0.0 it is x

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        shared = where(x == y, grad * 0.5, grad)
        return where(self.loses(x, y), 0.0, shared), where(self.loses(y, x), 0.0, shared)


def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of the two, element by element; NaN if either is NaN."""
    return _of_two(Maximum, "maximum", input, other, out)


class Minimum(Maximum):
    """z = the smaller of x and y; a tie shares the gradient evenly, NaN gives all to both."""

    ufunc, loses = np.minimum, operator.gt


def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the two, element by element; NaN if either is NaN."""
    return _of_two(Minimum, "minimum", input, other, out)


class Fmax(OfTwo):
    """z = the larger of x and y, or the one that is no NaN; a tie gives its gradient to x."""

    ufunc: Any = np.fmax
    wins: Any = operator.ge

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        first = self.wins(x, y) | y.isnan()
        return where(first, grad, 0.0), where(first, 0.0, grad)


def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of the two, element by element; NaN only if both are NaN."""
    return _of_two(Fmax, "fmax", input, other, out)


class Fmin(Fmax):
    """z = the smaller of x and y, or the one that is no NaN; a tie gives its gradient to x."""

    ufunc, wins = np.fmin, operator.le


def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the two, element by element; NaN only if both are NaN."""
    return _of_two(Fmin, "fmin", input, other, out)


def _of_two(function: type[Function], who: str, input: Tensor, other: Tensor, out: Any) -> Tensor:
    """Apply a Function to two operands that must both be tensors."""
    x, y = require_tensor(who, "input", input), require_tensor(who, "other", other)
    if out is not None:
        return into(who, out, args.broadcast, function, who, x, y)
    return args.broadcast(function, who, x, y)


class Clamp(Function):
    """z = x held between two bounds; a bound gets the gradient of what it holds back."""

    broadcasts = elementwise = True

    def forward(self, x: Array, low: Array | None, high: Array | None) -> Array:
        self.save(x, low, high)
        z = x if low is None else np.maximum(low, x) if low.ndim else at_least(x, low)
        return z if high is None else np.minimum(high, z) if high.ndim else at_most(z, high)

    def backward(self, grad: Tensor) -> Any:
        x, low, high = self.saved
        if high is None:
            inside, below, above = x >= low, x < low, None
        elif low is None:
            inside, below, above = x <= high, None, x > high
        else:  # where low > high the result is high
            inside = (x >= low) & (x <= high)
            below, above = (x < low) & (low < high), (x > high) | (low > high)
        return (
            where(inside, grad, 0.0) if self.needs(0) else None,
            where(below, grad, 0.0) if below is not None and self.needs(1) else None,
            where(above, grad, 0.0) if above is not None and self.needs(2) else None,
        )


def clamp(
    input: Tensor, min: Operand = None, max: Operand = None, *, out: Tensor | None = None
) -> Tensor:
    """`input` held between `min` and `max`, either of which may be left out.

    The gradient passes where the bounds hold nothing back, edges included.

    Raises:
        RuntimeError: if neither bound is given, or a number is beyond an integer dtype's range.
        TypeError: if one bound is a tensor and the other a number.
        NotImplementedError: for a bool tensor held by numbers or from both sides.
    """
    if out is not None:
        return into("clamp", out, clamp, input, min, max)
    require_tensor("clamp", "input", input)
    given = [bound for bound in (min, max) if bound is not None]
    if not given:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if len({args.is_tensor(bound) and bound.ndim > 0 for bound in given}) > 1 and not all(
        args.is_tensor(bound) for bound in given
    ):
        raise TypeError(
            "clamp(): min and max must both be tensors or both be numbers, got "
            f"{type(min).__name__} and {type(max).__name__}"
        )
    x, *bounds = args.promote("clamp", input, *given)
    dtype = args.dtype_of(x)
    if len(given) == 2 or not args.is_tensor(given[0]):
        args.not_bool("clamp", x)
    for bound in given:
        args.check_representable(bound, dtype)
    args.broadcast_shape("clamp", *(args.array_of(operand).shape for operand in (x, *bounds)))
    low = bounds.pop(0) if min is not None else None
    return Clamp.apply(x, low, bounds[0] if bounds else None)


def clamp_min(input: Tensor, min: Operand, *, out: Tensor | None = None) -> Tensor:
    """`input`, or `min` where that is larger."""
    return clamp(input, min=min, out=out)


def clamp_max(input: Tensor, max: Operand, *, out: Tensor | None = None) -> Tensor:
    """`input`, or `max` where that is smaller."""
    return clamp(input, max=max, out=out)


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """`input` with `value` wherever `mask` holds.

    Shape: `mask` must broadcast to `input`; `value` is a number or a 0-d tensor.
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if args.is_tensor(value) and value.ndim:
        raise RuntimeError(
            "masked_fill only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    args.check_representable(value, input._array.dtype)
    filled = where(mask, args.as_dtype(value, input._array.dtype), input)
    return args.set_grad_fn_name("MaskedFillBackward0", args.laid(filled))
