"""Running totals along a dimension, differences between neighbours, and integrals of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array, dtype
from minitorch.autograd.function import Function
from minitorch.kernels.sums import wide
from minitorch.ops.math.arithmetic import Scale
from minitorch.ops.shape.views import cat, flip
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import accept_axis_keepdims, require_tensor, wrap_dim, wrap_dims
from minitorch.ops.support.out import COMPUTED, SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "gradient",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]


# ---- running totals ---------------------------------------------------------------------------
def _moved(x: Tensor, dim: int, by: int, fill: float) -> Tensor:
    """`x` moved `by` places along `dim`, with `fill` coming in at the other end."""
    length = x._array.shape[dim]
    shape = list(x._array.shape)
    shape[dim] = min(abs(by), length)
    edge = x._wrap(np.full(shape, fill, x._array.dtype))
    kept = length - shape[dim]
    if by > 0:
        return cat([edge, x.narrow(dim, 0, kept)], dim)
    return cat([x.narrow(dim, length - kept, kept), edge], dim)


def _from_behind(x: Tensor, factor: Tensor, dim: int) -> Tensor:
    """y_i = x_i + factor_i * y_(i+1) along `dim`, in a logarithmic number of steps.

    After each step y_i holds the terms of twice as many places, and factor_i the product of as
    many factors: Blelloch, Prefix sums and their applications, 1990.
    """
    length, span = x._array.shape[dim], 1
    while span < length:
        x = x + factor * _moved(x, dim, -span, 0)
        factor = factor * _moved(factor, dim, -span, 0)
        span *= 2
    return x


def _scanned(function: type[Function], who: str, input: Tensor, dim: int, kind: Any) -> Tensor:
    axis = wrap_dim(dim, require_tensor(who, "input", input)._array.ndim)
    x = args.cast_for_sum(who, input, kind)
    if x._array.ndim == 0 or not x._array.size:
        return x.clone()
    args.not_bool(f"{who}_out_cpu", x)
    return function.apply(x, dim=axis)


class CumSum(Function):
    """y_i = x_1 + ... + x_i along `dim`."""

    memory_layout = "chosen"
    torch_name = "CumsumBackward0"

    def forward(self, x: Array, *, dim: int) -> Array:
        self.dim = dim
        return np.add.accumulate(x, dim, dtype=wide(x)).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        return flip(CumSum.apply(flip(grad, self.dim), dim=self.dim), self.dim)


@takes_out("cumsum", COMPUTED)
@accept_axis_keepdims
def cumsum(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """The sums of the first one, two, ... elements along `dim`; of integers and bools as int64.

    >>> import minitorch
    >>> minitorch.cumsum(minitorch.tensor([1, 2, 3]), dim=0)
    tensor([1, 3, 6])
    """
    return _scanned(CumSum, "cumsum", input, dim, dtype)


class CumProd(Function):
    """y_i = x_1 * ... * x_i along `dim`; its gradient divides by nothing, so zeros do no harm."""

    memory_layout = "chosen"
    torch_name = "CumprodBackward0"

    def forward(self, x: Array, *, dim: int) -> Array:
        self.dim = dim
        self.save(x)
        return np.multiply.accumulate(x, dim, dtype=wide(x)).astype(x.dtype, copy=False)

    def backward(self, grad: Tensor) -> Any:
        (x,) = self.saved
        # x_i is a factor of y_i, y_(i+1) ...: beside what comes before it, and what comes between.
        after = _from_behind(grad, _moved(x, self.dim, -1, 0), self.dim)
        return _moved(x, self.dim, 1, 1).cumprod(self.dim) * after


@takes_out("cumprod", COMPUTED)
@accept_axis_keepdims
def cumprod(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """The products of the first one, two, ... elements along `dim`; of integers as int64."""
    return _scanned(CumProd, "cumprod", input, dim, dtype)


class LogCumSumExp(Function):
    """y_i = log(exp(x_1) + ... + exp(x_i)) along `dim`."""

    memory_layout = "chosen"
    torch_name = "LogcumsumexpBackward0"

    def forward(self, x: Array, *, dim: int) -> Array:
        self.dim = dim
        y = np.logaddexp.accumulate(x, dim, dtype=wide(x)).astype(x.dtype, copy=False)
        self.save(x, y)
        return y

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        # exp(x_i - y_k) for k >= i, summed, as a recurrence whose factors are at most 1.
        step = (y - _moved(y, self.dim, -1, np.inf)).exp()
        return (x - y).exp() * _from_behind(grad, step, self.dim)


@takes_out("logcumsumexp", SAME)
@accept_axis_keepdims
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """``log(cumsum(exp(input)))`` along `dim`, without overflow.

    Raises:
        NotImplementedError: for integers.
    """
    x = require_tensor("logcumsumexp", "input", input)
    wrap_dim(dim, x._array.ndim)
    if x._array.dtype.kind != "f":
        raise NotImplementedError(
            f'"logcumsumexp" not implemented for {x.dtype}; convert with .float()'
        )
    return _scanned(LogCumSumExp, "logcumsumexp", x, dim, None)


@takes_out("cummax", SAME)
@accept_axis_keepdims
def cummax(input: Tensor, dim: int) -> return_types.cummax:
    """The largest of the first one, two, ... elements along `dim`, and where (last) it was."""
    return return_types.cummax(*_extremes(np.maximum, "cummax", input, dim))


@takes_out("cummin", SAME)
@accept_axis_keepdims
def cummin(input: Tensor, dim: int) -> return_types.cummin:
    """The smallest of the first one, two, ... elements along `dim`, and where (last) it was."""
    return return_types.cummin(*_extremes(np.minimum, "cummin", input, dim))


def _extremes(ufunc: Any, who: str, input: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    x = require_tensor(who, "input", input)
    array = x._array
    axis = wrap_dim(dim, array.ndim) if array.size else 0  # of nothing any `dim`, as in PyTorch
    if array.ndim == 0 or not array.size:
        return x.clone(), x._wrap(np.zeros(array.shape, np.int64))
    new = array == ufunc.accumulate(array, axis)
    if array.dtype.kind == "f":
        new |= np.isnan(array)
    places = np.arange(array.shape[axis]).reshape((-1,) + (1,) * (array.ndim - 1 - axis))
    indices = x._wrap(np.maximum.accumulate(np.where(new, places, 0), axis))
    return x.gather(axis, indices), args.laid(indices)


# ---- differences and integrals ----------------------------------------------------------------
@takes_out("diff")
@accept_axis_keepdims
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """The differences between neighbours along `dim`, taken `n` times; of bools, if they differ.

    Args:
        input: a tensor with at least one dimension.
        n: how often.
        dim: the dimension.
        prepend: put before `input` along `dim` first.
        append: put after it.

    Raises:
        RuntimeError: for a 0-d tensor, a negative `n`, or a tensor to join of another rank.
    """
    x = require_tensor("diff", "input", input)
    if x._array.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = wrap_dim(dim, x._array.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for name, end in (("prepend", prepend), ("append", append)):
        if end is not None and require_tensor("diff", name, end)._array.ndim != x._array.ndim:
            raise RuntimeError(
                "diff expects prepend or append to be the same dimension as input: got "
                f"{end._array.ndim} and {x._array.ndim}"
            )
    parts = [part for part in (prepend, x, append) if part is not None]
    x = cat(parts, axis) if len(parts) > 1 else x
    steps = min(n, x._array.shape[axis])
    if not steps:
        return x.clone()
    for _ in range(steps):
        later, earlier = _ends(x, axis)
        x = later ^ earlier if x._array.dtype.kind == "b" else later - earlier
    return x


def _ends(x: Tensor, dim: int, apart: int = 1) -> tuple[Tensor, Tensor]:
    """All but the first and all but the last elements (or `apart` of them) along `dim`."""
    length = max(x._array.shape[dim] - apart, 0)
    return x.narrow(dim, x._array.shape[dim] - length, length), x.narrow(dim, 0, length)


@accept_axis_keepdims
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral of samples `y` along `dim` by the trapezoidal rule.

    Args:
        y: the samples.
        x: where they were taken: one for each along `dim`, or broadcast with `y`.
        dx: or how far apart (1 by default).
        dim: the dimension.

    >>> import minitorch
    >>> minitorch.trapezoid(minitorch.tensor([1.0, 5.0, 10.0]), minitorch.tensor([1.0, 3.0, 6.0]))
    tensor(28.5000)
    """
    shape = require_tensor("trapezoid", "y", y)._array.shape
    axis = wrap_dim(dim, len(shape))
    if shape and not shape[axis]:  # of no samples: zeros that are no function of them
        return y._wrap(np.zeros(shape[:axis] + shape[axis + 1 :], y._array.dtype))
    areas = _trapezoids("trapezoid", y, x, dx, dim)
    return areas.sum(dim) if areas._array.shape[dim] else y.narrow(dim, 0, 0).sum(dim)


@accept_axis_keepdims
def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Another name of `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


@accept_axis_keepdims
def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1
) -> Tensor:
    """The integrals of samples `y` up to the second, the third, ... along `dim`; as `trapezoid`."""
    return _trapezoids("cumulative_trapezoid", y, x, dx, dim).cumsum(dim)


def _trapezoids(who: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """The area between each two neighbouring samples."""
    array = require_tensor(who, "y", y)._array
    if array.ndim == 0:
        raise IndexError(f"{who}: Dimension specified as {dim} but tensor has no dimensions")
    axis = wrap_dim(dim, array.ndim)
    if array.dtype.kind == "b":
        raise RuntimeError(f"{who}: received a bool input for `y`, but bool is not supported")
    later, earlier = _ends(y, axis)
    if x is None:
        return Scale.apply(args.floating(later + earlier), number=(1.0 if dx is None else dx) / 2.0)
    if dx is not None:
        raise TypeError(f"{who}() takes either x or dx, not both")
    places = require_tensor(who, "x", x)._array
    if places.dtype.kind == "b":
        raise RuntimeError(f"{who}: received a bool input for `x`, but bool is not supported")
    if places.ndim == 1:
        if places.size != array.shape[axis]:
            raise RuntimeError(
                f"{who}: There must be one `x` value for each sample point: got {places.size} for "
                f"{array.shape[axis]}"
            )
        x = x.reshape((-1,) + (1,) * (array.ndim - 1 - axis))
    x = x.reshape((1,) * (array.ndim - x._array.ndim) + x._array.shape)
    right, left = _ends(x, axis + x._array.ndim - array.ndim)
    return Scale.apply(args.floating((later + earlier) * (right - left)), number=0.5)


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The slope of samples along each of `dim` (default all), from both neighbours of each.

    Args:
        input: the samples.
        spacing: how far apart: one number, one for each dimension, or for each a tensor of places.
        dim: one or more dimensions.
        edge_order: whether the ends fit a line (1) or a parabola (2).

    Raises:
        RuntimeError: for another edge_order, or fewer than ``edge_order + 1`` samples.

    >>> import minitorch
    >>> minitorch.gradient(minitorch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    x = require_tensor("gradient", "input", input)
    ndim = x._array.ndim
    if args.is_tensor(spacing):
        raise TypeError("gradient(): spacing must be a number or a list, not a Tensor")
    if x._array.dtype == np.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = wrap_dims(dim, ndim) if ndim else ()
    steps = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to the number of dimensions ({len(dims)}), but got a list of length "
            f"{len(steps)}"
        )
    for d in dims:
        if x._array.shape[d] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1, got "
                f"{x._array.shape[d]}"
            )
    return tuple(_slope(x, d, step, edge_order) for d, step in zip(dims, steps, strict=True))


def _slope(x: Tensor, dim: int, spacing: Any, edge_order: int) -> Tensor:
    """The slope along one dimension, by the formulas of numpy.gradient."""
    n = x._array.shape[dim]

    def at(place: int) -> Tensor:
        return x.narrow(dim, place % n, 1)

    if args.is_tensor(spacing):
        steps = diff(spacing).reshape((-1,) + (1,) * (x._array.ndim - 1 - dim))
        along = dim - x._array.ndim  # from the back: `steps` may have fewer dimensions
        right, left = _ends(steps, along % steps._array.ndim)
        first, last = (steps.narrow(along, place, 1) for place in (0, n - 2))
    else:
        right = left = first = last = spacing
    if n > 2:
        later, earlier = _ends(x, dim, 2)
        if args.is_tensor(spacing):
            middle = (
                -right / (left * (left + right)) * earlier
                + (right - left) / (left * right) * x.narrow(dim, 1, n - 2)
                + left / (right * (left + right)) * later
            )
        else:
            middle = _over(later - earlier, 2.0 * spacing)
    if edge_order == 1:
        start, end = _over(at(1) - at(0), first), _over(at(-1) - at(-2), last)
    else:
        second, but_last = first, last
        if args.is_tensor(spacing):
            second, but_last = (steps.narrow(along, place, 1) for place in (1, n - 3))
        start = _parabola(at(0), at(1), at(2), first, second)
        end = -_parabola(at(-1), at(-2), at(-3), last, but_last)
    return cat([start, middle, end] if n > 2 else [start, end], dim)


def _over(x: Tensor, step: Any) -> Tensor:
    if args.is_tensor(step):
        return x / step
    return args.set_grad_fn_name(
        "DivBackward0", Scale.apply(args.floating(x), number=step, ufunc=np.divide)
    )


def _times(x: Tensor, factor: Any) -> Tensor:
    return factor * x if args.is_tensor(factor) else Scale.apply(args.floating(x), number=factor)


def _parabola(a: Tensor, b: Tensor, c: Tensor, near: Any, far: Any) -> Tensor:
    """The slope at the first of three samples, `near` and then `far` apart."""
    both = near + far
    return (
        _times(a, -(near + both) / (near * both))
        + _times(b, both / (near * far))
        - _times(c, near / (far * both))
    )
