"""Functions of one variable, element by element: powers of e, angles, signs, rounding.

Every gradient formula is the derivative of the docstring's `y`; where a function has a kink, the
value chosen there is PyTorch's (https://docs.pytorch.org/docs/stable/torch.html). Those that NumPy
lacks (erf, lgamma ...) are in `special`.
"""

from __future__ import annotations

import functools
import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.kernels import activation as kernels
from minitorch.kernels.blocks import in_threads
from minitorch.kernels.special import sigmoid as sigmoid_kernel
from minitorch.ops.math.arithmetic import Scale, div, mul, sub
from minitorch.ops.math.select import where
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import require_tensor
from minitorch.ops.support.out import SAME, into, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "abs",
    "acos",
    "acosh",
    "angle",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg2rad",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "frac",
    "frexp",
    "log",
    "log10",
    "log1p",
    "log2",
    "nan_to_num",
    "rad2deg",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
]


def on_floats(function: type[Function], who: str, input: Tensor, out: Any = None) -> Tensor:
    """Apply a Function of one variable to floats; integers become the default floating dtype."""
    if out is None and isinstance(input, TensorBase):
        if not input._slow_path or input._is_plain_view():
            if input._array.dtype.kind == "f":
                return function.apply_plain(input)
        elif input.is_floating_point():
            return function.apply(input)
    x = args.floating(require_tensor(who, "input", input))
    return function.apply(x) if out is None else into(who, out, function.apply, x)


# ---- powers of e, and logarithms --------------------------------------------------------------
class OfOutput(Function):
    """y = ufunc(x), with a gradient `chain` written in y: grad times dy/dx."""

    elementwise = True
    backward_takes_arrays = True
    ufunc: Any
    chain: Any

    def forward(self, x: Array) -> Array:
        y = self.ufunc(x)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        return self.chain(grad, self.saved[0])


class Exp(OfOutput):
    """y = e ** x."""

    ufunc = partial(in_threads, np.exp)

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * y


def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """e to the power of each element.

    >>> import minitorch
    >>> minitorch.exp(minitorch.tensor([0, 1]))
    tensor([1.0000, 2.7183])
    """
    return on_floats(Exp, "exp", input, out)


class Exp2(OfOutput):
    """y = 2 ** x."""

    ufunc = np.exp2

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (y * math.log(2))


def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """2 to the power of each element."""
    return on_floats(Exp2, "exp2", input, out)


class Expm1(OfOutput):
    """y = e ** x - 1."""

    ufunc = np.expm1

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (y + 1.0)


def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``exp(input) - 1``, with every digit right near 0."""
    return on_floats(Expm1, "expm1", input, out)


class OfInput(Function):
    """y = ufunc(x), with a gradient `chain` written in x: grad times dy/dx."""

    elementwise = True
    backward_takes_arrays = True
    ufunc: Any
    chain: Any

    def forward(self, x: Array) -> Array:
        if self.edges:  # a backward on arrays keeps nothing, and is made of these
            self.save(x)
        return self.ufunc(x)

    def backward(self, grad: Tensor) -> Any:
        return self.chain(grad, self.saved[0])


class Log(OfInput):
    """y = ln(x)."""

    ufunc = partial(in_threads, np.log)

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / x


def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm: -inf at 0, NaN below."""
    return on_floats(Log, "log", input, out)


class Log1p(OfInput):
    """y = ln(1 + x)."""

    torch_name = "Log1PBackward0"
    ufunc = np.log1p

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / (x + 1.0)


def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(1 + input)``, with every digit right near 0."""
    return on_floats(Log1p, "log1p", input, out)


class Log2(OfInput):
    """y = the logarithm of x to base 2."""

    ufunc = np.log2

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / (x * math.log(2))


def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2."""
    return on_floats(Log2, "log2", input, out)


class Log10(OfInput):
    """y = the logarithm of x to base 10."""

    ufunc = np.log10

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / (x * math.log(10))


def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10."""
    return on_floats(Log10, "log10", input, out)


class Sqrt(OfOutput):
    """y = x ** 0.5."""

    ufunc = np.sqrt

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad / (y * 2.0)


def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square root: NaN below 0."""
    return on_floats(Sqrt, "sqrt", input, out)


class Rsqrt(OfOutput):
    """y = x ** -0.5."""

    ufunc = staticmethod(lambda x: 1 / np.sqrt(x))

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (y * y * y * -0.5)


def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """One over the square root."""
    return on_floats(Rsqrt, "rsqrt", input, out)


class Sigmoid(OfOutput):
    """y = 1 / (1 + e ** -x)."""

    ufunc = staticmethod(sigmoid_kernel)

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * ((1.0 - y) * y)

    def backward_kernel(self, grad: Array) -> Array:
        return kernels.sigmoid_back(grad, *self.saved)


def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / (1 + exp(-input))``, in (0, 1), without overflow."""
    return on_floats(Sigmoid, "sigmoid", input, out)


# ---- trigonometry -----------------------------------------------------------------------------
class Sin(OfInput):
    """y = sin(x)."""

    ufunc = np.sin

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Cos.apply(x)


def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sine of each element, in radians."""
    return on_floats(Sin, "sin", input, out)


class Cos(OfInput):
    """y = cos(x)."""

    ufunc = np.cos

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return -grad * Sin.apply(x)


def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cosine of each element, in radians."""
    return on_floats(Cos, "cos", input, out)


class Tan(OfOutput):
    """y = tan(x)."""

    ufunc = np.tan

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (1.0 + y * y)


def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tangent of each element, in radians."""
    return on_floats(Tan, "tan", input, out)


class Asin(OfInput):
    """y = arcsin(x)."""

    ufunc = np.arcsin

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Rsqrt.apply(1.0 - x * x)


def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in -pi/2 to pi/2 whose sine is the element; NaN outside -1 to 1."""
    return on_floats(Asin, "asin", input, out)


class Acos(OfInput):
    """y = arccos(x)."""

    ufunc = np.arccos

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return -grad * Rsqrt.apply(1.0 - x * x)


def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in 0 to pi whose cosine is the element; NaN outside -1 to 1."""
    return on_floats(Acos, "acos", input, out)


class Atan(OfInput):
    """y = arctan(x)."""

    ufunc = np.arctan

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / (x * x + 1.0)


def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in -pi/2 to pi/2 whose tangent is the element."""
    return on_floats(Atan, "atan", input, out)


class Sinh(OfInput):
    """y = sinh(x)."""

    ufunc = np.sinh

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Cosh.apply(x)


def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic sine."""
    return on_floats(Sinh, "sinh", input, out)


class Cosh(OfInput):
    """y = cosh(x)."""

    ufunc = np.cosh

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Sinh.apply(x)


def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic cosine."""
    return on_floats(Cosh, "cosh", input, out)


class Tanh(OfOutput):
    """y = tanh(x)."""

    ufunc = partial(in_threads, np.tanh)

    def chain(self, grad: Tensor, y: Tensor) -> Any:
        return grad * (1.0 - y * y)

    def backward_kernel(self, grad: Array) -> Array:
        return kernels.tanh_back(grad, *self.saved)


def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent, in (-1, 1)."""
    return on_floats(Tanh, "tanh", input, out)


class Asinh(OfInput):
    """y = arsinh(x)."""

    ufunc = np.arcsinh

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Rsqrt.apply(x * x + 1.0)


def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic sine is the element."""
    return on_floats(Asinh, "asinh", input, out)


class Acosh(OfInput):
    """y = arcosh(x)."""

    ufunc = np.arccosh

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Rsqrt.apply(x * x - 1.0)


def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number above 0 whose hyperbolic cosine is the element; NaN below 1."""
    return on_floats(Acosh, "acosh", input, out)


class Atanh(OfInput):
    """y = artanh(x)."""

    ufunc = np.arctanh

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad / (1.0 - x * x)


def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The number whose hyperbolic tangent is the element: NaN outside -1 to 1."""
    return on_floats(Atanh, "atanh", input, out)


def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees as radians."""
    return args.set_grad_fn_name("Deg2RadBackward0", _scaled("deg2rad", input, math.pi / 180, out))


def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians as degrees."""
    return args.set_grad_fn_name("Rad2DegBackward0", _scaled("rad2deg", input, 180 / math.pi, out))


def _scaled(who: str, input: Tensor, number: float, out: Tensor | None) -> Tensor:
    scale = functools.partial(Scale.apply, number=number)
    x = args.floating(require_tensor(who, "input", input))
    return scale(x) if out is None else into(who, out, scale, x)


# ---- magnitude and sign -----------------------------------------------------------------------
class Abs(OfInput):
    """y = |x|; the gradient at 0 is 0."""

    ufunc = np.abs

    def chain(self, grad: Tensor, x: Tensor) -> Any:
        return grad * Sign.apply(x)


def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element's absolute value; the gradient at 0 is 0."""
    args.not_bool("abs", require_tensor("abs", "input", input))
    return Abs.apply(input) if out is None else into("abs", out, abs, input)


class Flat(Function):
    """A step function: its gradient is 0 wherever it has one."""

    elementwise = True
    ufunc: Any

    def forward(self, x: Array) -> Array:
        return x.copy() if x.dtype.kind in "iu" else self.ufunc(x)

    def backward(self, grad: Tensor) -> Any:
        return grad.new_zeros(grad.shape)


class Sign(Flat):
    """y = -1, 0 or 1 as x is negative, zero (or NaN) or positive."""

    def forward(self, x: Array) -> Array:
        return x.copy() if x.dtype.kind == "b" else np.subtract(x > 0, x < 0, dtype=x.dtype)


def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1 as the element is negative, zero or positive; its gradient is 0."""
    require_tensor("sign", "input", input)
    return Sign.apply(input) if out is None else into("sign", out, sign, input)


class Angle(Flat):
    """y = pi where x is negative, 0 where not, NaN where x is."""

    def forward(self, x: Array) -> Array:
        return np.where(np.isnan(x), x, (x < 0) * x.dtype.type(math.pi))


def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of a number in the complex plane: pi if it is negative, else 0.

    >>> import minitorch
    >>> angle(minitorch.tensor([1.0, -2.0]))
    tensor([0.0000, 3.1416])
    """
    return on_floats(Angle, "angle", input, out)


def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """NaN as `nan` (0), inf and -inf as `posinf` and `neginf` (the dtype's largest and smallest).

    No gradient goes to what was replaced.
    """
    if out is not None:
        return into("nan_to_num", out, nan_to_num, input, nan, posinf, neginf)
    dtype = args.dtype_of(require_tensor("nan_to_num", "input", input))
    if dtype.kind != "f":
        return input.clone()
    largest = args.largest(dtype)
    y = where(input.isnan(), 0.0 if nan is None else nan, input)
    y = where(input == math.inf, largest if posinf is None else posinf, y)
    y = where(input == -math.inf, -largest if neginf is None else neginf, y)
    return args.set_grad_fn_name("NanToNumBackward0", y)


# ---- rounding ---------------------------------------------------------------------------------
class Floor(Flat):
    """y = the largest integer <= x."""

    ufunc = np.floor


def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The largest integer not above each element; its gradient is 0."""
    args.not_bool("floor", require_tensor("floor", "input", input))
    return Floor.apply(input) if out is None else into("floor", out, floor, input)


class Ceil(Flat):
    """y = the smallest integer >= x."""

    ufunc = np.ceil


def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smallest integer not below each element; its gradient is 0."""
    args.not_bool("ceil", require_tensor("ceil", "input", input))
    return Ceil.apply(input) if out is None else into("ceil", out, ceil, input)


class Trunc(Flat):
    """y = x without its fraction."""

    ufunc = np.trunc


def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction; its gradient is 0."""
    args.not_bool("trunc", require_tensor("trunc", "input", input))
    return Trunc.apply(input) if out is None else into("trunc", out, trunc, input)


class Round(Flat):
    """y = x rounded to the nearest integer, halves to even."""

    ufunc = np.rint


def round(input: Tensor, *, decimals: int | None = None, out: Tensor | None = None) -> Tensor:
    """Each element rounded, halves to even; its gradient is 0.

    Args:
        input: the tensor.
        decimals: how many places after the point to keep (0); of floats only.
        out: a tensor to write the result to.
    """
    if out is not None:
        return into("round", out, round, input, decimals=decimals)
    x = require_tensor("round", "input", input)
    args.not_bool("round", x)
    if decimals is not None:
        args.not_integer("round with decimals", args.dtype_of(x))
    if not decimals:
        return Round.apply(x)
    if args.is_half(x):
        return args.in_wider(round, x, decimals=decimals)
    there, back = (mul, div) if decimals > 0 else (div, mul)
    scale = 10.0 ** math.fabs(decimals)
    return back(Round.apply(there(x, scale)), scale)


@takes_out("frac", SAME)
def frac(input: Tensor) -> Tensor:
    """Each element's fraction, with its sign.

    Raises:
        NotImplementedError: for integers.
    """
    args.not_integer("frac", args.dtype_of(require_tensor("frac", "input", input)))
    return args.set_grad_fn_name("FracBackward0", sub(input, trunc(input)))


class Frexp(Function):
    """x = mantissa * 2 ** exponent, the mantissa in 0.5 to 1."""

    def forward(self, x: Array) -> tuple[Array, Array]:
        mantissa, exponent = np.frexp(x)
        self.save(exponent)
        return mantissa, exponent

    def backward(self, grad: Tensor, _: Tensor) -> Any:
        (exponent,) = self.saved
        return grad / exponent.to(grad.dtype).exp2()


class MantissaAndExponent(NamedTuple):
    """PyTorch's ``torch.return_types.frexp``."""

    mantissa: Tensor
    exponent: Tensor

    def __repr__(self) -> str:
        return (
            f"torch.return_types.frexp(\nmantissa={self.mantissa!r},\nexponent={self.exponent!r})"
        )


def frexp(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> MantissaAndExponent:
    """Mantissa and int32 exponent: ``input == mantissa * 2**exponent``.

    Raises:
        RuntimeError: for integers.
    """
    if out is not None:
        return MantissaAndExponent(*into("frexp", out, frexp, input))
    if args.dtype_of(require_tensor("frexp", "input", input)).kind != "f":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, got {input.dtype}")
    return MantissaAndExponent(*Frexp.apply(input))
