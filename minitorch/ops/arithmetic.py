"""Arithmetic of two: sums, products, quotients, powers, division with remainder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops import operands as args
from minitorch.ops.choose import where
from minitorch.ops.operands import Operand, tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class Add(Function):
    """z = x + y."""

    broadcasts = True
    order = "follows"

    def forward(self, x: Array, y: Array) -> Array:
        return np.add(x, y)

    def backward(self, grad: Tensor) -> Any:
        return grad, grad


class Sub(Function):
    """z = x - y."""

    broadcasts = True
    order = "follows"

    def forward(self, x: Array, y: Array) -> Array:
        return np.subtract(x, y)

    def backward(self, grad: Tensor) -> Any:
        return grad, -grad if self.needs(1) else None


class Mul(Function):
    """z = x * y."""

    broadcasts = True
    order = "follows"

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return np.multiply(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return None if y is None else grad * y, None if x is None else grad * x


class Div(Function):
    """z = x / y."""

    broadcasts = True
    order = "follows"

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x if self.needs(1) else None, y)
        return np.divide(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return grad / y, None if x is None else -grad * ((x / y) / y)


class Neg(Function):
    """y = -x."""

    def forward(self, x: Array) -> Array:
        return np.negative(x)

    def backward(self, grad: Tensor) -> Any:
        return -grad


class Pow(Function):
    """z = x ** y. The gradient is 0 in x where y = 0, and in y where x = 0 and y >= 0."""

    broadcasts = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return _power(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        grad_x = grad_y = None
        if self.needs(0):
            if y.ndim == 0 and not self.needs(1):
                c = y.item()
                grad_x = grad * (x.pow(c - 1) * c) if c else grad * 0.0 * x.detach().pow(0)
            else:
                grad_x = where(y == 0, 0.0, grad * (y * x.pow(y - 1)))
        if self.needs(1):
            # log(0) is kept out of the product, or 0 * inf would be NaN at the next order.
            flat = (x == 0) & (y >= 0)
            grad_y = where(flat, 0.0, grad * (x.pow(y) * where(flat, 1.0, x).log()))
        return grad_x, grad_y


def _power(x: Array, y: Array) -> Array:
    """x ** y; small whole exponents by multiplying, as PyTorch does, which is faster and exact."""
    if y.ndim == 0:
        if y == 2:
            return np.multiply(x, x)
        if y == 3:
            return np.multiply(np.multiply(x, x), x)
        if y == 0.5:
            return np.sqrt(x)
    return np.power(x, y)


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """``input + alpha * other``, broadcast and promoted.

    Shape: any two that broadcast.

    >>> import minitorch
    >>> minitorch.add(minitorch.tensor([1, 2]), 0.5)
    tensor([1.5000, 2.5000])
    """
    if alpha != 1:
        other = mul(other, alpha) if args.is_tensor(other) else other * alpha
    return args.broadcast(Add, "add", input, other)


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """``input - alpha * other``, broadcast and promoted.

    Raises:
        RuntimeError: for a bool tensor, as PyTorch; use `logical_xor` or ``~``.
    """
    if alpha != 1:
        other = mul(other, alpha) if args.is_tensor(other) else other * alpha
    if _is_bool(input) or _is_bool(other):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return args.broadcast(Sub, "sub", input, other)


def mul(input: Operand, other: Operand) -> Tensor:
    """``input * other``, broadcast and promoted.

    >>> import minitorch
    >>> minitorch.tensor([[1.0], [2.0]]) * minitorch.tensor([3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    return args.broadcast(Mul, "mul", input, other)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other`` in floating point; ``rounding_mode`` 'trunc' or 'floor' rounds it.

    Raises:
        RuntimeError: for another rounding mode, or an integer division by zero.
    """
    if rounding_mode is None:
        x, y = args.pair("div", input, other)
        if args.dtype_of(x).kind != "f":
            x, y = args.promote("div", input, other, floating=True)
        return args.broadcast(Div, "div", x, y)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    return args.broadcast(Quotient, "div", input, other, rounding="trunc")


def neg(input: Tensor) -> Tensor:
    """``-input``.

    Raises:
        RuntimeError: for a bool tensor; use ``~``.
    """
    if tensor_of("neg", "input", input)._array.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return Neg.apply(input)


def pow(input: Operand, exponent: Operand) -> Tensor:
    """``input ** exponent``, broadcast and promoted.

    Raises:
        RuntimeError: for an integer to a negative integer power.
    """
    x, _ = args.pair("pow", input, exponent)
    if args.dtype_of(x).kind in "iu" and np.any(np.less(args.array_of(exponent), 0)):
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if args.dtype_of(x).kind == "b":
        if args.is_tensor(exponent):
            args.not_bool("pow", x)
        return input.clone() if exponent else input | True
    return args.broadcast(Pow, "pow", input, exponent)


def square(input: Tensor) -> Tensor:
    """``input ** 2``."""
    return pow(input, 2)


def _is_bool(operand: Operand) -> bool:
    return isinstance(operand, bool) or (
        not isinstance(operand, args.SCALARS) and args.dtype_of(operand).kind == "b"
    )


class Quotient(Function):
    """z = x / y rounded down ('floor') or toward zero ('trunc'): flat, so its gradient is 0."""

    broadcasts = True
    torch_name = "DivBackward1"

    def forward(self, x: Array, y: Array, *, rounding: str) -> Array:
        if x.dtype.kind in "iub":
            if not np.all(y):
                raise RuntimeError("ZeroDivisionError")
            down = np.floor_divide(x, y)
            if rounding == "floor":
                return down
            return down + ((np.remainder(x, y) != 0) & ((x < 0) != (y < 0)))
        if rounding == "trunc":
            return np.trunc(np.divide(x, y))
        return np.where(y == 0, np.divide(x, y), np.floor_divide(x, y))

    def backward(self, grad: Tensor) -> Any:
        zero = grad.new_zeros(grad.shape)
        return zero, zero


class Remainder(Function):
    """z = x - y * floor(x / y): Python's modulo, with the sign of y."""

    broadcasts = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        if x.dtype.kind in "iub" and not np.all(y):
            raise RuntimeError("ZeroDivisionError")
        return np.remainder(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return grad, -grad * floor_divide(x, y) if self.needs(1) else None


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """``input / other`` rounded down.

    Raises:
        RuntimeError: for an integer division by zero.
    """
    x, y = args.pair("floor_divide", input, other)
    args.not_bool("floor_divide", x)
    return args.broadcast(Quotient, "floor_divide", x, y, rounding="floor")


def remainder(input: Operand, other: Operand) -> Tensor:
    """Python's ``input % other``: the result has the sign of `other`.

    Raises:
        RuntimeError: for an integer division by zero.
    """
    x, y = args.pair("remainder", input, other)
    args.not_bool("remainder", x)
    return args.broadcast(Remainder, "remainder", x, y)
