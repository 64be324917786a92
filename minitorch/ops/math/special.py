"""The error function, the gamma family and their kin: what `torch.special` adds to NumPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import special as kernels
from minitorch.ops.math.pointwise import OfInput, on_floats
from minitorch.ops.math.select import where
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import require_tensor
from minitorch.ops.support.out import into

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "logit", "polygamma", "sinc"]


class Erf(OfInput):
    """y = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x."""

    ufunc: Any = staticmethod(kernels.erf)
    factor = 2 / math.sqrt(math.pi)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * ((-x * x).exp() * self.factor)


def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function: ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0."""
    return on_floats(Erf, "erf", input, out)


class Erfc(Erf):
    """y = 1 - erf(x)."""

    ufunc, factor = staticmethod(kernels.erfc), -Erf.factor


def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 - erf(input)``, with every digit right where that is small."""
    return on_floats(Erfc, "erfc", input, out)


class Erfinv(OfInput):
    """y = the number whose erf is x."""

    ufunc = staticmethod(kernels.erfinv)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        y = Erfinv.apply(x)
        return grad * ((y * y).exp() * (math.sqrt(math.pi) / 2))


def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `erf`: infinite at -1 and 1, NaN beyond."""
    return on_floats(Erfinv, "erfinv", input, out)


class Lgamma(OfInput):
    """y = ln |Gamma(x)|."""

    ufunc = staticmethod(kernels.lgamma)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * x.digamma()


def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm of the gamma function's absolute value."""
    return on_floats(Lgamma, "lgamma", input, out)


def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`: NaN at the negative integers, infinite at 0."""
    return args.set_grad_fn_name("DigammaBackward0", polygamma(0, input, out=out))


class Polygamma(Function):
    """y = the n-th derivative of the digamma function, which is Gamma'(x) / Gamma(x)."""

    elementwise = True

    def forward(self, x: Array, *, n: int) -> Array:
        self.save(x)
        self.n = n
        return kernels.polygamma(x, n)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * x.polygamma(self.n + 1)


def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The `n`-th derivative of `digamma`.

    Raises:
        RuntimeError: for a negative `n`.
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    if out is not None:
        return into("polygamma", out, polygamma, n, input)
    return Polygamma.apply(args.floating(require_tensor("polygamma", "input", input)), n=n)


def multigammaln(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the gamma function of dimension `p`: a sum of `p` shifted `lgamma`.

    Raises:
        RuntimeError: unless `p` is at least 1, and for a bool tensor.
    """
    if out is not None:
        return into("mvlgamma", out, multigammaln, input, p)
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    if require_tensor("mvlgamma", "input", input)._array.dtype.kind == "b":
        raise RuntimeError("mvlgamma: the input tensor may not be a boolean tensor")
    x = args.floating(input)
    total = x.new_full(x.shape, p * (p - 1) / 4 * math.log(math.pi))
    for j in range(p):
        total = total + lgamma(x - j / 2)
    return total


class Sinc(Function):
    """y = the n-th derivative of sin(pi x) / (pi x)."""

    elementwise = True

    def forward(self, x: Array, *, n: int = 0) -> Array:
        self.save(x)
        self.n = n
        return kernels.sinc(x, n)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * Sinc.apply(x, n=self.n + 1)


def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sin(pi * input) / (pi * input)``, and 1 at 0."""
    return on_floats(Sinc, "sinc", input, out)


class Entr(OfInput):
    """y = -x ln(x); 0 at 0 and -inf below."""

    torch_name = "SpecialEntrBackward0"
    ufunc = staticmethod(kernels.entr)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return grad * (-x.log() - 1.0)


def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input * log(input)``: 0 at 0, and -inf below."""
    return on_floats(Entr, "entr", input, out)


def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The area under the standard normal density from -inf to `input`."""
    x = args.floating(require_tensor("ndtr", "input", input))
    return (x * -math.sqrt(0.5)).erfc().mul(0.5, out=out)


class Logit(OfInput):
    """y = ln(x / (1 - x)), the sigmoid's inverse; NaN outside 0 to 1, and so is its gradient."""

    ufunc = staticmethod(kernels.logit)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        return where((x < 0) | (x > 1), math.nan, grad / (x * (1.0 - x)))


def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """``log(input / (1 - input))``, the inverse of `sigmoid`.

    Args:
        input: probabilities.
        eps: hold them between `eps` and ``1 - eps``; otherwise those outside 0 to 1 give NaN.
        out: a tensor to write the result to.
    """
    x = args.floating(require_tensor("logit", "input", input))
    return on_floats(Logit, "logit", x if eps is None else x.clamp(eps, 1 - eps), out)
