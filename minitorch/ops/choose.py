"""Choosing between operands: where, the larger or smaller, clamping, filling by a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.mask import keep
from minitorch.ops import operands as args
from minitorch.ops.operands import Operand, tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class Where(Function):
    """z = x where the condition holds, else y; each gets the gradient of what was taken."""

    broadcasts = True

    def forward(self, condition: Array, x: Array, y: Array) -> Array:
        self.save(condition)
        if x.shape == condition.shape and _is_zero(y) and x.dtype.kind == "f":
            return keep(x, condition)
        if y.shape == condition.shape and _is_zero(x) and y.dtype.kind == "f":
            return keep(y, ~condition)
        return np.where(condition, x, y)

    def backward(self, grad: Tensor) -> Any:
        (condition,) = self.saved
        return (
            None,
            where(condition, grad, 0.0) if self.needs(1) else None,
            where(condition, 0.0, grad) if self.needs(2) else None,
        )


def _is_zero(x: Array) -> bool:
    return x.ndim == 0 and not x and not np.signbit(x)


class Maximum(Function):
    """z = the larger of x and y; a tie shares the gradient evenly."""

    broadcasts = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return np.maximum(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return _shares(grad, x == y, x > y)


class Minimum(Function):
    """z = the smaller of x and y; a tie shares the gradient evenly."""

    broadcasts = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return np.minimum(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return _shares(grad, x == y, x < y)


def _shares(grad: Tensor, tie: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient for whichever operand was taken, half of it to each at a tie."""
    half = grad * 0.5
    second = ~(tie | first)
    return where(tie, half, where(first, grad, 0.0)), where(tie, half, where(second, grad, 0.0))


class Clamp(Function):
    """z = x held between two bounds; a bound gets the gradient of what it holds back."""

    broadcasts = True

    def forward(self, x: Array, low: Array | None, high: Array | None) -> Array:
        self.save(x, low, high)
        z = x if low is None else np.maximum(x, low)
        return np.positive(z) if high is None else np.minimum(z, high)

    def backward(self, grad: Tensor) -> Any:
        x, low, high = self.saved
        none = x.isnan() & False  # a missing bound holds nothing back
        below = none if low is None else x < low
        above = none if high is None else x > high
        if low is not None and high is not None:  # where low > high the result is high
            below = below & (low < high)
            above = above | (low > high)
        return (
            where(below | above, 0.0, grad) if self.needs(0) else None,
            where(below, grad, 0.0) if self.needs(1) else None,
            where(above, grad, 0.0) if self.needs(2) else None,
        )


def where(condition: Tensor, input: Operand = None, other: Operand = None) -> Any:
    """`input` where `condition` holds, else `other`; alone, the indices where it holds.

    Shape: three that broadcast together.

    Raises:
        RuntimeError: for a condition that is not bool.

    >>> import minitorch
    >>> x = minitorch.tensor([-1.0, 2.0])
    >>> minitorch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    tensor_of("where", "condition", condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition._array.dtype.kind != "b" and condition._array.dtype != np.uint8:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}"
        )
    if condition._array.dtype.kind != "b":
        condition = condition != 0
    if args.is_tensor(input) or args.is_tensor(other):
        x, y = args.pair("where", input, other)
    else:
        x, y = args.promote("where", input, other)
    shapes = [condition._array.shape, args.array_of(x).shape, args.array_of(y).shape]
    if len(set(shapes)) > 1:
        args.broadcast_shape("where", *shapes)
    return Where.apply(condition, x, y)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of the two, element by element; NaN if either is NaN."""
    tensor_of("maximum", "input", input)
    return args.broadcast(Maximum, "maximum", input, tensor_of("maximum", "other", other))


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of the two, element by element; NaN if either is NaN."""
    tensor_of("minimum", "input", input)
    return args.broadcast(Minimum, "minimum", input, tensor_of("minimum", "other", other))


def clamp(input: Tensor, min: Operand = None, max: Operand = None) -> Tensor:
    """`input` held between `min` and `max`, either of which may be left out.

    The gradient passes where the bounds hold nothing back, edges included.

    Raises:
        RuntimeError: if neither bound is given.
    """
    tensor_of("clamp", "input", input)
    given = [bound for bound in (min, max) if bound is not None]
    if not given:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    x, *bounds = args.promote("clamp", input, *given)
    args.broadcast_shape("clamp", *(args.array_of(operand).shape for operand in (x, *bounds)))
    low = bounds.pop(0) if min is not None else None
    return Clamp.apply(x, low, bounds[0] if bounds else None)


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
    return where(mask, args.as_dtype(value, input._array.dtype), input)
