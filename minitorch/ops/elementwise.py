"""Operations on one element at a time: arithmetic, powers, exponentials, comparisons, choices.

Every gradient formula is the derivative of the docstring's `y`; where a function has a kink, the
value chosen there is PyTorch's (https://docs.pytorch.org/docs/stable/torch.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.mask import keep
from minitorch.kernels.quiet import hush, restore
from minitorch.ops import operands as args
from minitorch.ops.operands import Operand, tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


# ---- arithmetic -------------------------------------------------------------------------------


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
    return _broadcast(Add, "add", input, other)


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
    return _broadcast(Sub, "sub", input, other)


def mul(input: Operand, other: Operand) -> Tensor:
    """``input * other``, broadcast and promoted.

    >>> import minitorch
    >>> minitorch.tensor([[1.0], [2.0]]) * minitorch.tensor([3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    return _broadcast(Mul, "mul", input, other)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other`` in floating point; ``rounding_mode`` 'trunc' or 'floor' rounds it.

    Raises:
        RuntimeError: for another rounding mode, or an integer division by zero.
    """
    if rounding_mode is None:
        x, y = args.pair("div", input, other)
        if _dtype(x).kind != "f":
            x, y = args.promote("div", input, other, floating=True)
        return _broadcast(Div, "div", x, y)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    return _broadcast(Quotient, "div", input, other, rounding="trunc")


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
    if _dtype(x).kind in "iu" and np.any(np.less(_array(exponent), 0)):
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if _dtype(x).kind == "b":
        if args.is_tensor(exponent):
            args.not_bool("pow", x)
        return input.clone() if exponent else input | True
    return _broadcast(Pow, "pow", input, exponent)


def square(input: Tensor) -> Tensor:
    """``input ** 2``."""
    return pow(input, 2)


def _is_bool(operand: Operand) -> bool:
    return isinstance(operand, bool) or (
        not isinstance(operand, args.SCALARS) and _dtype(operand).kind == "b"
    )


def _dtype(operand: Operand) -> np.dtype[Any]:
    array: Array = operand._peek() if args.is_tensor(operand) else operand
    return array.dtype


def _array(operand: Operand) -> Array:
    return operand._array if args.is_tensor(operand) else operand


def _broadcast(function: type[Function], who: str, a: Operand, b: Operand, **params: Any) -> Any:
    """Apply a Function to two operands in their common dtype.

    Raises:
        RuntimeError: in PyTorch's words, if their shapes do not broadcast.
    """
    x, y = args.pair(who, a, b)
    try:
        return function.apply(x, y, **params)
    except ValueError:  # NumPy's, for shapes that do not fit: said better here
        args.broadcast_shape(who, _array(x).shape, _array(y).shape)
        raise


# ---- rounding and division with remainder -----------------------------------------------------


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


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """``input / other`` rounded down.

    Raises:
        RuntimeError: for an integer division by zero.
    """
    x, y = args.pair("floor_divide", input, other)
    args.not_bool("floor_divide", x)
    return _broadcast(Quotient, "floor_divide", x, y, rounding="floor")


def remainder(input: Operand, other: Operand) -> Tensor:
    """Python's ``input % other``: the result has the sign of `other`.

    Raises:
        RuntimeError: for an integer division by zero.
    """
    x, y = args.pair("remainder", input, other)
    args.not_bool("remainder", x)
    return _broadcast(Remainder, "remainder", x, y)


# ---- functions of one variable ----------------------------------------------------------------


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


# ---- choosing ---------------------------------------------------------------------------------


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
    shapes = [condition._array.shape, _array(x).shape, _array(y).shape]
    if len(set(shapes)) > 1:
        args.broadcast_shape("where", *shapes)
    return Where.apply(condition, x, y)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of the two, element by element; NaN if either is NaN."""
    tensor_of("maximum", "input", input)
    return _broadcast(Maximum, "maximum", input, tensor_of("maximum", "other", other))


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of the two, element by element; NaN if either is NaN."""
    tensor_of("minimum", "input", input)
    return _broadcast(Minimum, "minimum", input, tensor_of("minimum", "other", other))


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
    args.broadcast_shape("clamp", *(_array(operand).shape for operand in (x, *bounds)))
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


# ---- comparisons and logic: nothing to differentiate ------------------------------------------


def _plain(who: str, ufunc: Any, input: Operand, other: Operand) -> Tensor:
    """A NumPy ufunc of two promoted operands, as a tensor outside the graph."""
    x, y = args.pair(who, input, other)
    args.broadcast_shape(who, _array(x).shape, _array(y).shape)
    owner = x if args.is_tensor(x) else y
    return owner._wrap(np.asarray(ufunc(_array(x), _array(y))))


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
    if _dtype(x).kind == "f":
        raise NotImplementedError(
            f'"{who}" not implemented for floating-point tensors ({_dtype(x)}); compare first, '
            "or convert to an integer dtype"
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
