"""Functions of two variables beyond arithmetic: angles, hypotenuses, stable sums of logarithms."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.bfloat16 import next_bfloat16
from minitorch.ops.math.arithmetic import mul, pow
from minitorch.ops.math.select import OfTwo, where
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import Operand, require_tensor
from minitorch.ops.support.out import into

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "atan2",
    "copysign",
    "heaviside",
    "hypot",
    "igamma",
    "igammac",
    "ldexp",
    "logaddexp",
    "logaddexp2",
    "nextafter",
    "xlogy",
]


def _of_floats(
    function: type[Function], who: str, input: Operand, other: Operand, out: Any
) -> Tensor:
    """Apply a Function to two operands; integers become the default floating dtype."""
    if out is not None:
        return into(who, out, _of_floats, function, who, input, other, None)
    x, y = args.promote(who, input, other, floating=True)
    return args.broadcast(function, who, x, y)


def _of_float_tensors(
    function: type[Function], who: str, input: Tensor, other: Tensor, out: Any
) -> Tensor:
    """Apply a Function to two tensors, at least one of which holds floats."""
    x, y = require_tensor(who, "input", input), require_tensor(who, "other", other)
    args.not_integer(who, args.result_dtype(who, x, y))
    return _of_floats(function, who, x, y, out)


class Atan2(OfTwo):
    """z = the angle of the point (y, x) to the first axis: arctan(x / y) in its own quadrant."""

    ufunc = np.arctan2

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        square = x * x + y * y
        scaled = grad / where(square == 0, 1.0, square)  # both gradients are 0 at the origin
        return scaled * y, scaled * -x


def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (`other`, `input`), in -pi to pi; the gradient at the origin is 0."""
    x, y = require_tensor("atan2", "input", input), require_tensor("atan2", "other", other)
    return _of_floats(Atan2, "atan2", x, y, out)


class Hypot(Function):
    """z = sqrt(x^2 + y^2)."""

    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array) -> Array:
        z = np.hypot(x, y)
        self.save(x, y, z)
        return z

    def backward(self, grad: Tensor) -> Any:
        x, y, z = self.saved
        return grad * (x / z), grad * (y / z)


def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sqrt(input**2 + other**2)`` without overflow, of floats."""
    return _of_float_tensors(Hypot, "hypot", input, other, out)


class Copysign(Function):
    """z = |x| with the sign of y; the gradient at x = 0 is 0."""

    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array) -> Array:
        z = np.copysign(x, y)
        self.save(x, z)
        return z

    def backward(self, grad: Tensor) -> Any:
        x, z = self.saved
        return grad * (z / where(x == 0, 1.0, x)), grad.new_zeros(grad.shape)


def copysign(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The magnitude of `input` with the sign of `other` (-0.0 is negative)."""
    return _of_floats(Copysign, "copysign", require_tensor("copysign", "input", input), other, out)


class LogAddExp(OfTwo):
    """z = ln(e^x + e^y), without overflow."""

    torch_name = "LogaddexpBackward0"
    ufunc: Any = np.logaddexp
    power: Any = operator.methodcaller("exp")

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return grad / (self.power(y - x) + 1.0), grad / (self.power(x - y) + 1.0)


def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(exp(input) + exp(other))`` without overflow, of floats."""
    return _of_float_tensors(LogAddExp, "logaddexp", input, other, out)


class LogAddExp2(LogAddExp):
    """z = the logarithm to base 2 of 2^x + 2^y, without overflow."""

    torch_name = "Logaddexp2Backward0"
    ufunc, power = np.logaddexp2, operator.methodcaller("exp2")


def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log2(2**input + 2**other)`` without overflow, of floats."""
    return _of_float_tensors(LogAddExp2, "logaddexp2", input, other, out)


class XLogY(Function):
    """z = x ln(y), and 0 where x is 0 (unless y is NaN)."""

    torch_name = "XlogyBackward0"
    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y)).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        grad_x = None
        if self.needs(0):
            flat = (x == 0) & (y <= 0)
            grad_x = where(flat, 0.0, grad * where(flat, 1.0, y).log())
        return grad_x, grad * (x / y) if self.needs(1) else None


def xlogy(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input * log(other)``, and 0 where `input` is 0."""
    return _of_floats(XLogY, "xlogy", input, other, out)


class XLog1pY(Function):
    """z = x ln(1 + y), and 0 where x is 0 (unless y is NaN)."""

    torch_name = "SpecialXlog1PyBackward0"
    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        return np.where((x == 0) & ~np.isnan(y), 0, x * np.log1p(y)).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        grad_x = None
        if self.needs(0):
            flat = (x == 0) & (y <= -1)
            grad_x = where(flat, 0.0, grad * where(flat, 1.0, y).log1p())
        return grad_x, grad * (x / (y + 1.0)) if self.needs(1) else None


def xlog1py(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input * log1p(other)``, and 0 where `input` is 0."""
    return _of_floats(XLog1pY, "xlog1py", input, other, out)


class Igamma(Function):
    """z = P(X <= y) for a gamma variable X of shape x."""

    broadcasts = elementwise = True
    sign = 1.0
    upper = False

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        from minitorch.kernels import pathwise  # which few programs need

        return pathwise.gammainc(x, y, self.upper)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        if self.needs(0):
            who = "igammac" if self.upper else "igamma"
            raise NotImplementedError(f"the derivative for '{who}: input' is not implemented")
        return None, grad * (((x - 1.0) * y.log() - y - x.lgamma()).exp() * self.sign)


class Igammac(Igamma):
    """z = P(X > y) for a gamma variable X of shape x."""

    upper, sign = True, -1.0


def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularised lower incomplete gamma function: P(X <= other), for X of shape `input`.

    Raises:
        NotImplementedError: going backward to `input`: as in PyTorch, there is no derivative.

    >>> import minitorch
    >>> igamma(minitorch.tensor(1.0), minitorch.tensor(2.0))  # 1 - exp(-2)
    tensor(0.8647)
    """
    return _of_float_tensors(Igamma, "igamma", input, other, out)


def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularised upper incomplete gamma function: ``1 - igamma(input, other)``.

    Raises:
        NotImplementedError: going backward to `input`: as in PyTorch, there is no derivative.
    """
    return _of_float_tensors(Igammac, "igammac", input, other, out)


class Heaviside(Function):
    """z = 0 where x < 0, y where x = 0, and 1 where x > 0. PyTorch has no derivative of it."""

    broadcasts = elementwise = True
    torch_name = "NotImplemented"

    def forward(self, x: Array, y: Array) -> Array:
        return np.where(x == 0, y, x > 0).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        raise RuntimeError("derivative for heaviside is not implemented")


def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The unit step: 0 below 0, 1 above, `values` at it.

    Raises:
        RuntimeError: if the dtypes differ; and going backward, since it has no derivative.
    """
    if out is not None:
        return into("heaviside", out, heaviside, input, values)
    x, y = (
        require_tensor("heaviside", "input", input),
        require_tensor("heaviside", "values", values),
    )
    if x.dtype != y.dtype:
        raise RuntimeError(
            "heaviside is not yet implemented for tensors with different dtypes: "
            f"got {x.dtype} and {y.dtype}"
        )
    return args.broadcast(Heaviside, "heaviside", x, y)


class NextAfter(OfTwo):
    """z = the number after x on the way to y, so that its gradient in x is 1 (0 where x = y)."""

    torch_name = "NextafterBackward0"
    ufunc = np.nextafter

    def forward(self, x: Array, y: Array) -> Array:
        z = super().forward(x, y)
        return next_bfloat16(x, z) if self.rounded else z

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return where(x == y, 0.0, grad), grad.new_zeros(grad.shape)


def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The nearest other number from `input` in the direction of `other`, of floats."""
    return _of_float_tensors(NextAfter, "nextafter", input, other, out)


def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input * 2**other``."""
    y, x = require_tensor("ldexp", "other", other), require_tensor("ldexp", "input", input)
    if out is not None:
        return into("ldexp", out, ldexp, x, y)
    product = mul(x, pow(2.0, y))
    if x.is_floating_point() and not y.is_floating_point():
        product = product.to(x.dtype)  # a half stays one, though 2**y may be more than it can hold
    return args.set_grad_fn_name("LdexpBackward0", product)
