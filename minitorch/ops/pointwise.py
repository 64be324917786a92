"""Functions of one variable, element by element.

Every gradient formula is the derivative of the docstring's `y`; where a function has a kink, the
value chosen there is PyTorch's (https://docs.pytorch.org/docs/stable/torch.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops import operands as args
from minitorch.ops.arithmetic import div, mul, pow
from minitorch.ops.operands import tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class Abs(Function):
    """y = |x|; the gradient at 0 is 0."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.abs(x)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * x.sign()


class Exp(Function):
    """y = e ** x."""

    def forward(self, x: Array) -> Array:
        y = np.exp(x)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return grad * y


class Log(Function):
    """y = ln(x)."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.log(x)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad / x


class Sqrt(Function):
    """y = x ** 0.5."""

    def forward(self, x: Array) -> Array:
        y = np.sqrt(x)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return grad / (y * 2.0)


class Sin(Function):
    """y = sin(x)."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.sin(x)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * x.cos()


class Cos(Function):
    """y = cos(x)."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.cos(x)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return -grad * x.sin()


class Tanh(Function):
    """y = tanh(x)."""

    def forward(self, x: Array) -> Array:
        y = np.tanh(x)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return grad * (1.0 - y * y)


class Sigmoid(Function):
    """y = 1 / (1 + e ** -x)."""

    def forward(self, x: Array) -> Array:
        # exp(-|x|) cannot overflow; 1 or it over 1 + it is the sigmoid on either side of 0.
        small = np.exp(-np.abs(x))
        one = x.dtype.type(1)
        y = np.where(x >= 0, one, small) / (one + small)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return grad * ((1.0 - y) * y)


def _on_floats(function: type[Function], who: str, input: Tensor) -> Tensor:
    return function.apply(args.floating(tensor_of(who, "input", input)))


def abs(input: Tensor) -> Tensor:
    """Each element's absolute value; the gradient at 0 is 0."""
    args.not_bool("abs", tensor_of("abs", "input", input))
    return Abs.apply(input)


def exp(input: Tensor) -> Tensor:
    """e to the power of each element.

    >>> import minitorch
    >>> minitorch.exp(minitorch.tensor([0, 1]))
    tensor([1.0000, 2.7183])
    """
    return _on_floats(Exp, "exp", input)


def log(input: Tensor) -> Tensor:
    """The natural logarithm: -inf at 0, NaN below."""
    return _on_floats(Log, "log", input)


def sqrt(input: Tensor) -> Tensor:
    """The square root: NaN below 0."""
    return _on_floats(Sqrt, "sqrt", input)


def rsqrt(input: Tensor) -> Tensor:
    """One over the square root."""
    return pow(args.floating(tensor_of("rsqrt", "input", input)), -0.5)


def reciprocal(input: Tensor) -> Tensor:
    """One over each element."""
    return div(1, tensor_of("reciprocal", "input", input))


def sin(input: Tensor) -> Tensor:
    """The sine of each element, in radians."""
    return _on_floats(Sin, "sin", input)


def cos(input: Tensor) -> Tensor:
    """The cosine of each element, in radians."""
    return _on_floats(Cos, "cos", input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, in (-1, 1)."""
    return _on_floats(Tanh, "tanh", input)


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-input))``, in (0, 1), without overflow."""
    return _on_floats(Sigmoid, "sigmoid", input)


class Flat(Function):
    """A step function: its gradient is 0 wherever it has one."""

    ufunc: Any

    def forward(self, x: Array) -> Array:
        return x.copy() if x.dtype.kind in "iu" and self.ufunc is not np.sign else self.ufunc(x)

    def backward(self, grad: Tensor) -> Any:
        return grad.new_zeros(grad.shape)


class Sign(Flat):
    """y = -1, 0 or 1 as x is negative, zero or positive."""

    ufunc = np.sign


class Floor(Flat):
    """y = the largest integer <= x."""

    ufunc = np.floor


class Ceil(Flat):
    """y = the smallest integer >= x."""

    ufunc = np.ceil


class Trunc(Flat):
    """y = x without its fraction."""

    ufunc = np.trunc


class Round(Flat):
    """y = x rounded to the nearest integer, halves to even."""

    ufunc = np.rint


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1 as the element is negative, zero or positive; its gradient is 0."""
    return Sign.apply(tensor_of("sign", "input", input))


def floor(input: Tensor) -> Tensor:
    """The largest integer not above each element; its gradient is 0."""
    args.not_bool("floor", tensor_of("floor", "input", input))
    return Floor.apply(input)


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below each element; its gradient is 0."""
    args.not_bool("ceil", tensor_of("ceil", "input", input))
    return Ceil.apply(input)


def trunc(input: Tensor) -> Tensor:
    """Each element without its fraction; its gradient is 0."""
    args.not_bool("trunc", tensor_of("trunc", "input", input))
    return Trunc.apply(input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Each element rounded, halves to even; its gradient is 0."""
    x = tensor_of("round", "input", input)
    args.not_bool("round", x)
    if decimals == 0:
        return Round.apply(x)
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    if decimals > 0:
        return div(Round.apply(mul(x, scale)), scale)
    return mul(Round.apply(div(x, scale)), scale)
