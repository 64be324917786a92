"""Arithmetic of two: sums, products, quotients, powers, division with remainder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.kernels.sums import wide
from minitorch.ops.math.select import where
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import Operand, require_tensor
from minitorch.ops.support.out import into

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "float_power",
    "floor_divide",
    "fmod",
    "lerp",
    "mul",
    "neg",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "rsub",
    "square",
    "sub",
]


class Scale(Function):
    """y = x times a number, or divided by it if that is the `ufunc`; it is no tensor's."""

    memory_layout = "preserved"
    backward_takes_arrays = True
    torch_name = "MulBackward0"

    def forward(self, x: Array, *, number: float, ufunc: np.ufunc = np.multiply) -> Array:
        self.number, self.ufunc = number, ufunc
        dtype = wide(x)  # as PyTorch, which rounds float16 once
        return ufunc(x.astype(dtype, copy=False), dtype.type(number)).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        return Scale.apply(grad, number=self.number, ufunc=self.ufunc)


def _combine(function: type[Function], who: str, a: Operand, b: Operand, **params: Any) -> Tensor:
    """`broadcast`; halves and a Python number in float32, rounded once, as in PyTorch."""
    tensor, number = (b, a) if type(a) in _NUMBERS else (a, b)
    if type(number) not in _NUMBERS or tensor._numpy_dtype not in args.HALVES:
        return args.broadcast(function, who, a, b, **params)
    single = args.as_dtype(tensor, np.dtype(np.float32))
    both = (number, single) if tensor is b else (single, number)
    result = args.as_dtype(args.broadcast(function, who, *both, **params), tensor._numpy_dtype)
    return args.set_grad_fn_name(function.torch_name or f"{function.__name__}Backward0", result)


_NUMBERS = (float, int)


class Add(Function):
    """z = x + y."""

    broadcasts = elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array, y: Array) -> Array:
        return np.add(x, y)

    def backward(self, grad: Tensor) -> Any:
        return grad, grad


class AddScaled(Function):
    """z = x + alpha * y, of a number alpha: the gradient needs neither operand."""

    broadcasts = elementwise = True
    memory_layout = "preserved"
    torch_name = "AddBackward0"

    def forward(self, x: Array, y: Array, *, alpha: Array) -> Array:
        self.alpha = alpha
        return np.add(x, np.multiply(y, alpha))

    def backward(self, grad: Tensor) -> Any:
        return grad, grad * self.alpha if self.needs(1) else None


def add(input: Operand, other: Operand, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """``input + alpha * other``, broadcast and promoted.

    Shape: any two that broadcast.

    Raises:
        RuntimeError: for a fractional `alpha` of integers, or a bool one of numbers.

    >>> import minitorch
    >>> minitorch.add(minitorch.tensor([1, 2]), 0.5)
    tensor([1.5000, 2.5000])
    """
    if out is not None:
        return into("add", out, add, input, other, alpha=alpha)
    if type(alpha) is bool or alpha != 1:
        return _combine(AddScaled, "add", input, other, alpha=_factor(alpha, input, other))
    return args.broadcast(Add, "add", input, other)  # PyTorch rounds the number first, here


class Sub(Function):
    """z = x - y."""

    broadcasts = elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array, y: Array) -> Array:
        return np.subtract(x, y)

    def backward(self, grad: Tensor) -> Any:
        return grad, -grad if self.needs(1) else None


def sub(input: Operand, other: Operand, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """``input - alpha * other``, broadcast and promoted.

    Raises:
        RuntimeError: for a bool tensor, as PyTorch; use `logical_xor` or ``~``. For `alpha`, as
            `add`.
    """
    if out is not None:
        return into("sub", out, sub, input, other, alpha=alpha)
    scaled = type(alpha) is bool or alpha != 1
    factor = _factor(alpha, input, other) if scaled else None
    if _is_bool(input) or _is_bool(other):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    if factor is not None:
        result = _combine(AddScaled, "sub", input, other, alpha=np.negative(factor))
        return args.set_grad_fn_name("SubBackward0", result)
    return args.broadcast(Sub, "sub", input, other)


def rsub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """``other - alpha * input``."""
    return sub(other, require_tensor("rsub", "input", input), alpha=alpha)


def _factor(alpha: float, input: Operand, other: Operand) -> Array:
    """`alpha` in the sum's dtype, which it must be of a kind not to change."""
    dtype = args.result_dtype("add", input, other)
    if isinstance(alpha, bool) and dtype.kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and dtype.kind != "f":
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number, got "
            f"{alpha}"
        )
    return args.scalar_as(alpha, dtype)


class Mul(Function):
    """z = x * y."""

    broadcasts = elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return np.multiply(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return grad * y if self.needs(0) else None, grad * x if self.needs(1) else None


def mul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input * other``, broadcast and promoted.

    >>> import minitorch
    >>> minitorch.tensor([[1.0], [2.0]]) * minitorch.tensor([3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    if out is not None:
        return into("mul", out, mul, input, other)
    return _combine(Mul, "mul", input, other)


class Div(Function):
    """z = x / y."""

    broadcasts = elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x if self.needs(1) else None, y)
        return np.divide(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return grad / y if self.needs(0) else None, -grad * (x / y / y) if self.needs(1) else None


def div(
    input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Tensor | None = None
) -> Tensor:
    """``input / other`` in floating point; ``rounding_mode`` 'trunc' or 'floor' rounds it.

    Raises:
        RuntimeError: for another rounding mode, or an integer division by zero.
    """
    if out is not None:
        return into("div", out, div, input, other, rounding_mode=rounding_mode)
    if rounding_mode is None:
        quick = args.is_tensor(input) and input.is_floating_point()
        if not quick and args.result_dtype("div", input, other).kind != "f":
            input, other = args.promote("div", input, other, floating=True)
        return _combine(Div, "div", input, other)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    x, y = args.promote_pair("div", input, other)
    args.not_bool("div_" + rounding_mode, x)
    return args.broadcast(Quotient, "div", x, y, rounding=rounding_mode)


class Reciprocal(Function):
    """y = 1 / x."""

    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array) -> Array:
        y = np.reciprocal(x)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return -grad * (y * y)


def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """One over each element."""
    x = args.floating(require_tensor("reciprocal", "input", input))
    return Reciprocal.apply(x) if out is None else into("reciprocal", out, reciprocal, x)


def rdiv(input: Tensor, other: Operand) -> Tensor:
    """``other / input`` as PyTorch has it, by the reciprocal: `input` may be changed afterwards."""
    return mul(reciprocal(input), other)


class Neg(Function):
    """y = -x."""

    backward_takes_arrays = True

    def forward(self, x: Array) -> Array:
        return np.negative(x)

    def backward(self, grad: Tensor) -> Any:
        return -grad


def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input``.

    Raises:
        RuntimeError: for a bool tensor; use ``~``.
    """
    if args.dtype_of(require_tensor("neg", "input", input)).kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return Neg.apply(input) if out is None else into("neg", out, neg, input)


def positive(input: Tensor) -> Tensor:
    """``+input``: the tensor itself.

    Raises:
        RuntimeError: for a bool tensor.
    """
    if args.dtype_of(require_tensor("positive", "input", input)).kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


class Pow(Function):
    """z = x ** y. The gradient is 0 in x where y = 0, and in y where x = 0 and y >= 0."""

    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        if y.ndim == 0:  # by multiplying, as PyTorch does, which is faster and exact
            if y == 2:
                return np.multiply(x, x)
            if y == 3:
                return np.multiply(np.multiply(x, x), x)
            if y == 0.5:
                return np.sqrt(x)
        if y.dtype.kind == "i" and np.any(y < 0):  # 1 / x ** -y, rounded toward zero: 1, -1 or 0
            inverse = np.where(np.abs(x) == 1, x ** (y & 1), 0)
            return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0)))
        return np.power(x, y)

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


def pow(input: Operand, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent``, broadcast and promoted.

    Integers to the elements of a tensor of negative integers are rounded toward zero.

    Raises:
        RuntimeError: for an integer tensor to a negative number, or to one beyond its range.
        NotImplementedError: for two bool tensors.
    """
    if out is not None:
        return into("pow", out, pow, input, exponent)
    x, y = args.promote_pair("pow", input, exponent)
    dtype = args.dtype_of(x)
    if not args.is_tensor(exponent):
        if dtype.kind != "f" and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        if dtype.kind != "f" or dtype.itemsize == 2:  # wider floats get infinity
            args.check_representable(exponent, dtype)
    if dtype.kind == "b":
        if args.is_tensor(exponent):
            args.not_bool("pow", x)
        return input.clone() if exponent else input | True
    return args.broadcast(Pow, "pow", x, y)


def float_power(input: Operand, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent`` in float64, whatever the operands are."""
    if out is not None:
        return into("float_power", out, float_power, input, exponent)
    args.result_dtype("float_power", input, exponent)
    double = np.dtype(np.float64)
    return pow(args.as_dtype(input, double), args.as_dtype(exponent, double))


def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input ** 2``."""
    return pow(require_tensor("square", "input", input), 2, out=out)


def _is_bool(operand: Operand) -> bool:
    if isinstance(operand, TensorBase):
        return operand._numpy_dtype.kind == "b"
    return isinstance(operand, bool) or (isinstance(operand, np.ndarray) and operand.dtype == bool)


# ---- division with remainder ------------------------------------------------------------------
class Quotient(Function):
    """z = x / y rounded down ('floor') or toward zero ('trunc'): flat, so its gradient is 0."""

    broadcasts = elementwise = True
    torch_name = "DivBackward2"

    def forward(self, x: Array, y: Array, *, rounding: str) -> Array:
        if x.dtype.kind in "iu":
            _no_zero(x, y)
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


def _no_zero(x: Array, divisor: Array) -> None:
    if x.size and not np.all(divisor):
        raise RuntimeError("ZeroDivisionError: an integer division or remainder by 0")


class FloorDivide(Quotient):
    """z = x / y rounded down, by the name under which PyTorch gives it no derivative."""

    torch_name = "NotImplemented"

    def backward(self, grad: Tensor) -> Any:
        raise RuntimeError(
            "derivative for floor_divide is not implemented; "
            "div(rounding_mode='floor') has one, which is 0"
        )


def floor_divide(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input / other`` rounded down.

    Raises:
        RuntimeError: for an integer division by zero.
    """
    if out is not None:
        return into("floor_divide", out, floor_divide, input, other)
    for tensor, number in ((input, other), (other, input)):
        if args.is_half(tensor) and type(number) in _NUMBERS:
            return args.in_wider(floor_divide, input, other)
    x, y = args.promote_pair("floor_divide", input, other)
    args.not_bool("div_floor", x)
    return args.broadcast(FloorDivide, "floor_divide", x, y, rounding="floor")


class Remainder(Function):
    """z = x - y * floor(x / y): Python's modulo, with the sign of y."""

    broadcasts = elementwise = True
    rounding = "floor"

    def forward(self, x: Array, y: Array) -> Array:
        if self.needs(1):
            self.save(x, y)
        if x.dtype.kind in "iu":
            _no_zero(x, y)
        rest = np.fmod(x, y)
        if self.rounding == "trunc":
            return rest
        # NumPy's remainder gives 0 the sign of y; PyTorch's keeps x's.
        return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)

    def backward(self, grad: Tensor) -> Any:
        if not self.needs(1):
            return grad, None
        x, y = self.saved
        return grad, -grad * div(x, y, rounding_mode=self.rounding)


def remainder(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Python's ``input % other``: the result has the sign of `other`.

    Raises:
        RuntimeError: for an integer remainder by zero.
    """
    if out is not None:
        return into("remainder", out, remainder, input, other)
    x, y = args.promote_pair("remainder", input, other)
    args.not_bool("remainder", x)
    return args.broadcast(Remainder, "remainder", x, y)


class Fmod(Remainder):
    """z = x - y * trunc(x / y): C's modulo, with the sign of x."""

    rounding = "trunc"


def fmod(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """C's ``fmod(input, other)``: the result has the sign of `input`.

    Raises:
        RuntimeError: for an integer remainder by zero.
    """
    if out is not None:
        return into("fmod", out, fmod, input, other)
    x, y = args.promote_pair("fmod", require_tensor("fmod", "input", input), other)
    args.not_bool("fmod", x)
    return args.broadcast(Fmod, "fmod", x, y)


# ---- of three ---------------------------------------------------------------------------------
class Lerp(Function):
    """z = x + w (y - x), counted from the nearer end."""

    broadcasts = elementwise = True

    def forward(self, x: Array, y: Array, w: Array) -> Array:
        ends = self.needs(2)
        self.save(x if ends else None, y if ends else None, w)
        return np.where(np.abs(w) < 0.5, x + w * (y - x), y - (y - x) * (1 - w))

    def backward(self, grad: Tensor) -> Any:
        x, y, w = self.saved
        return (
            grad * (1.0 - w) if self.needs(0) else None,
            grad * w if self.needs(1) else None,
            grad * (y - x) if self.needs(2) else None,
        )


def lerp(input: Tensor, end: Tensor, weight: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input + weight * (end - input)``, of one floating dtype; `weight` may be a number.

    Raises:
        RuntimeError: for tensors of different dtypes.
        NotImplementedError: for integers.
    """
    if out is not None:
        return into("lerp", out, lerp, input, end, weight)
    dtype = args.dtype_of(require_tensor("lerp", "input", input))
    require_tensor("lerp", "end", end)
    for name, operand in (("end", end), ("weight", weight)):
        if args.is_tensor(operand) and args.dtype_of(operand) != dtype:
            raise RuntimeError(
                f"lerp: expected dtype {input.dtype} for `{name}` but got dtype {operand.dtype}"
            )
    args.not_integer("lerp", dtype)
    half = args.is_half(input)
    weight = args.as_dtype(weight, np.dtype(np.float32) if half else dtype)
    args.broadcast_shape("lerp", *(args.array_of(each).shape for each in (input, end, weight)))
    if half:
        return args.in_wider(Lerp.apply, input, end, weight)
    return Lerp.apply(input, end, weight)


def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1, out: Tensor | None = None
) -> Tensor:
    """``input + value * tensor1 * tensor2``.

    Raises:
        NotImplementedError: for bool tensors.
    """
    if out is not None:
        return into("addcmul", out, addcmul, input, tensor1, tensor2, value=value)
    three = _three("addcmul", input, tensor1, tensor2)
    args.not_bool("addcmul", three[0])
    return args.set_grad_fn_name("AddcmulBackward0", _added(mul, value, *three))


def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1, out: Tensor | None = None
) -> Tensor:
    """``input + value * tensor1 / tensor2``.

    Raises:
        RuntimeError: if both dividend and divisor hold integers.
    """
    if out is not None:
        return into("addcdiv", out, addcdiv, input, tensor1, tensor2, value=value)
    three = _three("addcdiv", input, tensor1, tensor2)
    if args.dtype_of(tensor1).kind != "f" and args.dtype_of(tensor2).kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release addcdiv "
            "will perform a true division of tensor1 and tensor2. Use "
            "input + value * torch.trunc(tensor1 / tensor2), or convert to a floating dtype."
        )
    return args.set_grad_fn_name("AddcdivBackward0", _added(div, value, *three))


def _three(who: str, input: Tensor, tensor1: Tensor, tensor2: Tensor) -> list[Tensor]:
    for name, operand in (("input", input), ("tensor1", tensor1), ("tensor2", tensor2)):
        require_tensor(who, name, operand)
    return args.promote(who, input, tensor1, tensor2)


def _added(combine: Callable[..., Tensor], value: float, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """``x + combine(value * y, z)``: the number is cast to their dtype rather than promoting it."""
    if args.is_half(x):
        return args.in_wider(functools.partial(_added, combine, value), x, y, z)
    if value != 1:
        y = mul(y, args.scalar_as(value, args.dtype_of(y), filling=True))
    return add(x, combine(y, z))
