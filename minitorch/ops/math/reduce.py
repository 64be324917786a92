"""Reductions: many elements to one, over all dimensions, one, or several.

A dimension is counted from the back when negative; `keepdim` keeps it with size 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array, dtype, meant
from minitorch.autograd.function import Function
from minitorch.kernels.sums import add_up, mean_of_half
from minitorch.ops.math.select import where
from minitorch.ops.shape.views import Expand, Reshape, cat
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import accept_axis_keepdims, require_tensor, wrap_dim, wrap_dims
from minitorch.ops.support.out import COMPUTED, SAME, SAME_IN_TUPLES, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "nanmean",
    "nansum",
    "prod",
    "sum",
]

Dims = Any  # an int, a sequence of ints, or None for all


def expand_reduced(
    grad: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool
) -> Tensor:
    """A reduced tensor, stretched back over the dimensions it was reduced over."""
    if not keepdim and grad.ndim:
        kept = tuple([1 if d in dims else size for d, size in enumerate(shape)])
        grad = Reshape.apply(grad, shape=kept)
    return Expand.apply(grad, shape=shape)


def constant_of(x: Tensor, value: Tensor) -> Tensor:
    """`value`, whose gradient in `x` is 0: a function of `x`, but a flat one."""
    return where(x._wrap(np.ones((), bool)), value, x)


class Sum(Function):
    """y = the sum over `dims`; every element gets the gradient of its sum."""

    memory_layout = "chosen"
    backward_takes_arrays = True

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.shape, self.dims, self.keepdim = x.shape, dims, keepdim
        return add_up(x, dims, keepdim)

    def backward(self, grad: Tensor) -> Any:
        return expand_reduced(grad, self.shape, self.dims, self.keepdim)


@takes_out("sum", COMPUTED)
@accept_axis_keepdims
def sum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The sum over `dim` (default all); integers and bools add up as int64.

    >>> import minitorch
    >>> minitorch.sum(minitorch.ones(2, 3), dim=0)
    tensor([2., 2., 2.])
    """
    x = args.cast_for_sum("sum", input, dtype)
    total = Sum.apply(x, dims=wrap_dims(dim, x.ndim), keepdim=keepdim)
    return total if dim is None else args.set_grad_fn_name("SumBackward1", total)


class Mean(Function):
    """y = the mean over `dims`."""

    memory_layout = "chosen"
    backward_takes_arrays = True

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.shape, self.dims, self.keepdim = x.shape, dims, keepdim
        self.count = math.prod(x.shape[d] for d in dims)
        if x.dtype.itemsize == 2:
            self.array_backward = None  # there too it is divided in float32
            return mean_of_half(x, dims, keepdim, self.count)
        total = add_up(x, dims, keepdim)
        return np.divide(total, np.asarray(self.count, x.dtype))

    def backward(self, grad: Tensor) -> Any:
        return expand_reduced(grad / self.count, self.shape, self.dims, self.keepdim)


@takes_out("mean")
@accept_axis_keepdims
def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The mean over `dim` (default all); NaN of no elements.

    Raises:
        RuntimeError: for integers, unless `dtype` is a floating one.
    """
    x = require_tensor("mean", "input", input)
    if dtype is not None:
        x = args.as_dtype(x, meant(dtype).numpy)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {x.dtype}; convert with .float() first"
        )
    average = Mean.apply(x, dims=wrap_dims(dim, x._array.ndim), keepdim=keepdim)
    return average if dim is None else args.set_grad_fn_name("MeanBackward1", average)


class Prod(Function):
    """y = the product along `dim`; an element's gradient is the product of all the others."""

    memory_layout = "chosen"

    def forward(self, x: Array, *, dim: int, keepdim: bool) -> Array:
        self.dim, self.keepdim = dim, keepdim
        y = np.asarray(x.prod(dim, dtype=x.dtype, keepdims=keepdim))
        self.save(x, y)
        return y

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        shape, dims = tuple(x.shape), (self.dim,)
        if x._array.all():
            others = expand_reduced(y, shape, dims, self.keepdim) / x
        else:  # 0 / 0 says nothing: multiply what comes before each element and what comes after
            one = x._wrap(np.ones_like(x._array[(slice(None),) * self.dim + (slice(1),)]))
            kept = shape[self.dim] - 1
            before = cat([one, x.narrow(self.dim, 0, kept)], self.dim).cumprod(self.dim)
            after = cat([x.narrow(self.dim, 1, kept), one], self.dim).flip(self.dim)
            others = before * after.cumprod(self.dim).flip(self.dim)
        return expand_reduced(grad, shape, dims, self.keepdim) * others


@takes_out("prod", COMPUTED)
@accept_axis_keepdims
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The product over one `dim` (default all); 1 of no elements. Integers and bools give int64.

    The gradient is right where elements are 0, too.
    """
    axis = 0 if dim is None else wrap_dim(dim, require_tensor("prod", "input", input)._array.ndim)
    x = args.cast_for_sum("prod", input, dtype)
    if x._array.ndim == 0 or dim is None:
        return Prod.apply(x.reshape(-1), dim=0, keepdim=False)
    return args.set_grad_fn_name("ProdBackward1", Prod.apply(x, dim=axis, keepdim=keepdim))


@takes_out("nansum", COMPUTED)
@accept_axis_keepdims
def nansum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The sum over `dim` (default all), NaN counting as 0."""
    x = require_tensor("nansum", "input", input)
    if x._array.dtype.kind == "f":
        x = where(x.isnan(), 0.0, x)
    return sum(x, dim, keepdim, dtype=dtype)


@takes_out("nanmean", COMPUTED)
@accept_axis_keepdims
def nanmean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The mean over `dim` (default all) of what is not NaN.

    Raises:
        RuntimeError: for integers.
    """
    x = require_tensor("nanmean", "input", input)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {x.dtype}"
        )
    return nansum(x, dim, keepdim, dtype=dtype) / sum(~x.isnan(), dim, keepdim)


def need_elements(who: str, x: Tensor, dims: tuple[int, ...]) -> None:
    """Refuse to choose one of no elements."""
    for d in dims:
        if x._array.shape[d] == 0:
            raise IndexError(
                f"{who}(): Expected reduction dim {d} to have non-zero size. "
                f"(input of shape {list(x._array.shape)})"
            )


def _need_any(kind: type[Exception], who: str, x: Tensor) -> None:
    if x._array.size == 0:
        raise kind(
            f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )


class AMax(Function):
    """y = the largest element over `dims`; ties share the gradient evenly."""

    memory_layout = "chosen"
    torch_name = "AmaxBackward0"

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.dims, self.keepdim = dims, keepdim
        y = np.asarray(self.choose(x, dims, keepdim))
        self.save(x, y)
        return y

    def choose(self, x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
        """The element that stands for the others."""
        return x.max(dims, keepdims=keepdim)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        shape = tuple(x.shape)
        taken = x == expand_reduced(y, shape, self.dims, self.keepdim)
        if np.isnan(y._array).any():
            taken = taken | x.isnan()
        share = expand_reduced(grad, shape, self.dims, self.keepdim)
        if self.dims:
            share = share / taken.sum(self.dims, keepdim=True).to(grad.dtype)
        return where(taken, share, 0.0)


@takes_out("amax", SAME)
@accept_axis_keepdims
def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest element over `dim` (default all); ties share the gradient evenly."""
    return _extreme(AMax, "amax", input, dim, keepdim)


class AMin(AMax):
    """y = the smallest element over `dims`; ties share the gradient evenly."""

    torch_name = "AminBackward0"

    def choose(self, x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
        return x.min(dims, keepdims=keepdim)


@takes_out("amin", SAME)
@accept_axis_keepdims
def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest element over `dim` (default all); ties share the gradient evenly."""
    return _extreme(AMin, "amin", input, dim, keepdim)


def _extreme(function: type[Function], who: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    x = require_tensor(who, "input", input)
    if dim is None or dim == () or dim == []:
        _need_any(RuntimeError, who, x)
    dims = wrap_dims(dim, x._array.ndim)
    need_elements(who, x, dims)
    return function.apply(x, dims=dims, keepdim=keepdim)


@takes_out("max", SAME_IN_TUPLES)
@accept_axis_keepdims
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; over a `dim`, (values, indices); of two tensors, their maximum.

    Over a `dim` the gradient goes to the one element whose index is given (the first, at a tie);
    over all it is shared by the ties.

    >>> import minitorch
    >>> values, indices = minitorch.tensor([[1.0, 3.0], [5.0, 2.0]]).max(dim=1)
    >>> values, indices
    (tensor([3., 5.]), tensor([1, 0]))
    """
    return _max_or_min("max", input, dim, keepdim)


@takes_out("min", SAME_IN_TUPLES)
@accept_axis_keepdims
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; over a `dim`, (values, indices); of two tensors, their minimum."""
    return _max_or_min("min", input, dim, keepdim)


def _max_or_min(who: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    x = require_tensor(who, "input", input)
    if args.is_tensor(dim):
        return x.maximum(dim) if who == "max" else x.minimum(dim)
    if dim is None:
        _need_any(RuntimeError, who, x)
        whole = amax(x) if who == "max" else amin(x)
        return args.set_grad_fn_name(f"{who.title()}Backward1", whole)
    axis = wrap_dim(dim, x._array.ndim)
    named = return_types.max if who == "max" else return_types.min
    if x._array.ndim == 0:
        return named(x.clone(), x._wrap(np.zeros((), np.int64)))
    need_elements(who, x, (axis,))
    found = (np.argmax if who == "max" else np.argmin)(x._array, axis, keepdims=True)
    values, indices = taken_at(x, axis, found, keepdim)
    return named(args.set_grad_fn_name(f"{who.title()}Backward0", values), indices)


def taken_at(x: Tensor, axis: int, places: Array, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The one element along `axis` that each of `places` names, and `places` as a tensor."""
    indices = x._wrap(places.astype(np.int64, copy=False))
    values = x.gather(axis, indices)
    return (values, indices) if keepdim else (values.squeeze(axis), indices.squeeze(axis))


@takes_out("aminmax", SAME)
@accept_axis_keepdims
def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False
) -> return_types.aminmax:
    """The smallest and the largest element over `dim` (default all); ties share the gradient."""
    x = require_tensor("aminmax", "input", input)
    if dim is None:
        _need_any(RuntimeError, "aminmax", x)
    else:
        wrap_dim(dim, x._array.ndim)
    return return_types.aminmax(amin(x, dim, keepdim), amax(x, dim, keepdim))


@takes_out("argmax", SAME)
@accept_axis_keepdims
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element over `dim` (default: of the flattened tensor)."""
    return _arg("argmax", np.argmax, input, dim, keepdim)


@takes_out("argmin", SAME)
@accept_axis_keepdims
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element over `dim` (default: of the flattened tensor)."""
    return _arg("argmin", np.argmin, input, dim, keepdim)


def _arg(who: str, function: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    x = require_tensor(who, "input", input)
    if x._array.dtype.kind == "b":
        raise RuntimeError(f"{who}(): does not support bool input; convert with .int()")
    ndim = x._array.ndim
    if dim is None:
        _need_any(IndexError, who, x)
        index = np.asarray(function(x._array), np.int64)
        return x._wrap(index.reshape((1,) * ndim) if keepdim else index)
    axis = wrap_dim(dim, ndim)
    if ndim == 0:
        return x._wrap(np.zeros((), np.int64))
    need_elements(who, x, (axis,))
    found = function(x._array, axis=axis, keepdims=keepdim)
    return args.laid(x._wrap(np.asarray(found, np.int64)))


@takes_out("any", SAME)
@accept_axis_keepdims
def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether any element over `dim` is nonzero."""
    return _logical(np.logical_or, "any", input, dim, keepdim)


@takes_out("all", SAME)
@accept_axis_keepdims
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element over `dim` is nonzero."""
    return _logical(np.logical_and, "all", input, dim, keepdim)


def _logical(ufunc: Any, who: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    x = require_tensor(who, "input", input)
    # Here, unlike elsewhere, an empty list of dims means none.
    dims = () if dim == () or dim == [] else wrap_dims(dim, x._array.ndim)
    found = np.asarray(ufunc.reduce(x._array, dims, keepdims=keepdim))
    dtype = np.dtype(np.uint8 if x._array.dtype == np.uint8 else bool)
    return x._wrap(found.astype(dtype, order="C"))


@takes_out("logsumexp")
@accept_axis_keepdims
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(input)))`` over `dim`, without overflow: the largest element is taken out."""
    x = args.floating(require_tensor("logsumexp", "input", input))
    dims = wrap_dims(dim, x._array.ndim)
    if math.prod(x._array.shape[d] for d in dims) == 0:
        return sum(x.exp(), dims, keepdim).log()
    top = amax(x.detach(), dims, keepdim=True)
    top = where(top.isfinite(), top, 0.0)
    total = sum((x - top).exp(), dims, keepdim).log()
    total = total + (top if keepdim else top.reshape(tuple(total.shape)))
    return args.set_grad_fn_name("LogsumexpBackward0", total)


@accept_axis_keepdims
def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """Count the elements over `dim` that are not zero, as int64."""
    return sum(input != 0, dim)
