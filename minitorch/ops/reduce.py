"""Reductions: many elements to one, over all dimensions, one, or several.

A dimension is counted from the back when negative; `keepdim` keeps it with size 1.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch._dtypes import Array, dtype
from minitorch.autograd.function import Function
from minitorch.ops import operands as args
from minitorch.ops.choose import where
from minitorch.ops.operands import tensor_of, wrap_dim, wrap_dims

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Dims = Any  # an int, a sequence of ints, or None for all
_add: Any = np.add.reduce  # what ndarray.sum calls, without the detour


def _spread(grad: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """A reduced tensor, stretched back over the dimensions it was reduced over."""
    if not keepdim:
        kept = tuple(1 if d in dims else size for d, size in enumerate(shape))
        grad = grad.reshape(kept)
    return grad.expand(shape)


class Sum(Function):
    """y = the sum over `dims`; every element gets the gradient of its sum."""

    order = "follows"

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.shape, self.dims, self.keepdim = x.shape, dims, keepdim
        return _add(x, dims, keepdims=keepdim)

    def backward(self, grad: Tensor) -> Any:
        return _spread(grad, self.shape, self.dims, self.keepdim)


class Mean(Function):
    """y = the mean over `dims`."""

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.shape, self.dims, self.keepdim = x.shape, dims, keepdim
        self.count = math.prod(x.shape[d] for d in dims)
        total = _add(x, dims, keepdims=keepdim)
        return np.divide(total, np.asarray(self.count, x.dtype))

    def backward(self, grad: Tensor) -> Any:
        return _spread(grad / self.count, self.shape, self.dims, self.keepdim)


class AMax(Function):
    """y = the largest element over `dims`; ties share the gradient evenly."""

    reduction: Any = np.maximum

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.dims, self.keepdim = dims, keepdim
        y = np.asarray(self.reduction.reduce(x, dims, keepdims=keepdim))
        self.save(x, y)
        return y

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        shape = tuple(x.shape)
        taken = x == _spread(y, shape, self.dims, self.keepdim)
        if y._array.dtype.kind == "f" and np.isnan(y._array).any():
            taken = taken | x.isnan()
        count = taken.sum(self.dims, keepdim=True) if self.dims else taken
        share = where(taken, 1.0, 0.0) / count
        return _spread(grad, shape, self.dims, self.keepdim) * share.to(grad.dtype)


class AMin(AMax):
    """y = the smallest element over `dims`; ties share the gradient evenly."""

    reduction = np.minimum


class Norm(Function):
    """y = sqrt(sum(x ** 2)) over `dims`; the gradient at 0 is 0."""

    torch_name = "LinalgVectorNormBackward0"

    def forward(self, x: Array, *, dims: tuple[int, ...], keepdim: bool) -> Array:
        self.dims, self.keepdim = dims, keepdim
        y = np.asarray(np.sqrt(_add(np.multiply(x, x), dims, keepdims=keepdim)))
        self.save(x, y)
        return y

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        # The divisor is made 1 where the norm is 0, so that no order meets 0 / 0.
        zero = y == 0
        scale = where(zero, 0.0, grad / where(zero, 1.0, y))
        return x * _spread(scale, tuple(x.shape), self.dims, self.keepdim)


class ValuesAndIndices(NamedTuple):
    """What `max` and `min` over a dimension return."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"torch.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max_result(ValuesAndIndices):
    """PyTorch's ``torch.return_types.max``."""


class min_result(ValuesAndIndices):
    """PyTorch's ``torch.return_types.min``."""


max_result.__name__, min_result.__name__ = "max", "min"


def sum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The sum over `dim` (default all); integers and bools add up as int64.

    >>> import minitorch
    >>> minitorch.sum(minitorch.ones(2, 3), dim=0)
    tensor([2., 2., 2.])
    """
    x = tensor_of("sum", "input", input)
    if dtype is not None:
        x = args.as_dtype(x, dtype.numpy)
    elif x._peek().dtype.kind != "f":
        x = args.as_dtype(x, np.dtype(np.int64))
    return Sum.apply(x, dims=wrap_dims(dim, x.ndim), keepdim=keepdim)


def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The mean over `dim` (default all); NaN of no elements.

    Raises:
        RuntimeError: for integers, unless `dtype` is a floating one.
    """
    x = tensor_of("mean", "input", input)
    if dtype is not None:
        x = args.as_dtype(x, dtype.numpy)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {x.dtype}; convert with .float() first"
        )
    return Mean.apply(x, dims=wrap_dims(dim, x._array.ndim), keepdim=keepdim)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance over `dim`, divided by ``n - correction`` (1 by default: Bessel's)."""
    if isinstance(dim, bool):  # PyTorch's var(unbiased)
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased else 0
    x = tensor_of("var", "input", input)
    dims = wrap_dims(dim, x._array.ndim)
    count = math.prod(x._array.shape[d] for d in dims)
    centred = x - mean(x, dims, keepdim=True) if dims else x - x.detach()
    total = sum(centred * centred, dims, keepdim) if dims else centred * centred
    return total / builtins.max(count - correction, 0)


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over `dim`: the root of `var`."""
    return var(input, dim, unbiased, keepdim, correction=correction).sqrt()


def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """The vector p-norm over `dim` (default all); its gradient at 0 is 0, not NaN.

    Args:
        p: 'fro' (2), or a number; ``inf`` and ``-inf`` are the largest and smallest magnitude,
            0 counts the nonzero elements.
    """
    x = tensor_of("norm", "input", input)
    if dtype is not None:
        x = args.as_dtype(x, dtype.numpy)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {x.dtype}"
        )
    if isinstance(p, str) and p != "fro":
        raise NotImplementedError(f"norm: p={p!r} is not covered; expected 'fro' or a number")
    p = 2.0 if p == "fro" or p is None else float(p)
    dims = wrap_dims(dim, x._array.ndim)
    if p == 2:
        return Norm.apply(x, dims=dims, keepdim=keepdim)
    if math.isinf(p):
        extreme = amax if p > 0 else amin
        return extreme(x.abs(), dims, keepdim)
    if p == 0:
        return sum((x != 0).to(x.dtype), dims, keepdim)
    if p == 1:
        return sum(x.abs(), dims, keepdim)
    total = sum(x.abs() ** p, dims, keepdim)
    zero = total == 0
    return where(zero, 0.0, where(zero, 1.0, total) ** (1.0 / p))


def _need_elements(who: str, x: Tensor, dims: tuple[int, ...]) -> None:
    for d in dims:
        if x._array.shape[d] == 0:
            raise IndexError(
                f"{who}(): Expected reduction dim {d} to have non-zero size. "
                f"(input of shape {list(x._array.shape)})"
            )


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest element over `dim` (default all); ties share the gradient evenly."""
    return _extreme(AMax, "amax", input, dim, keepdim)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest element over `dim` (default all); ties share the gradient evenly."""
    return _extreme(AMin, "amin", input, dim, keepdim)


def _extreme(function: type[Function], who: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    x = tensor_of(who, "input", input)
    dims = wrap_dims(dim, x._array.ndim)
    _need_elements(who, x, dims)
    return function.apply(x, dims=dims, keepdim=keepdim)


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


def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; over a `dim`, (values, indices); of two tensors, their minimum."""
    return _max_or_min("min", input, dim, keepdim)


def _max_or_min(who: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    x = tensor_of(who, "input", input)
    if args.is_tensor(dim):
        return x.maximum(dim) if who == "max" else x.minimum(dim)
    if dim is None:
        if x._array.size == 0:
            raise RuntimeError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return amax(x) if who == "max" else amin(x)
    indices = argmax(x, dim, True) if who == "max" else argmin(x, dim, True)
    values = x.gather(dim, indices) if x._array.ndim else x.reshape(())
    if not keepdim and x._array.ndim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return (max_result if who == "max" else min_result)(values, indices)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element over `dim` (default: of the flattened tensor)."""
    return _arg("argmax", np.argmax, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element over `dim` (default: of the flattened tensor)."""
    return _arg("argmin", np.argmin, input, dim, keepdim)


def _arg(who: str, function: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    x = tensor_of(who, "input", input)
    args.not_bool(who, x)
    ndim = x._array.ndim
    if dim is None:
        if x._array.size == 0:
            raise IndexError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        index = np.asarray(function(x._array), np.int64)
        return x._wrap(index.reshape((1,) * ndim) if keepdim else index)
    axis = wrap_dim(dim, ndim)
    if ndim == 0:
        return x._wrap(np.zeros((), np.int64))
    _need_elements(who, x, (axis,))
    return x._wrap(np.asarray(function(x._array, axis=axis, keepdims=keepdim), np.int64))


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether any element over `dim` is nonzero."""
    return _logical(np.logical_or, "any", input, dim, keepdim)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element over `dim` is nonzero."""
    return _logical(np.logical_and, "all", input, dim, keepdim)


def _logical(ufunc: Any, who: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    x = tensor_of(who, "input", input)
    dims = wrap_dims(dim, x._array.ndim)
    found = np.asarray(ufunc.reduce(x._array, dims, keepdims=keepdim))
    return x._wrap(found.astype(np.uint8) if x._array.dtype == np.uint8 else found.astype(bool))


def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(input)))`` over `dim`, without overflow: the largest element is taken out."""
    x = args.floating(tensor_of("logsumexp", "input", input))
    dims = wrap_dims(dim, x._array.ndim)
    if not dims:
        return x.exp().log()
    if math.prod(x._array.shape[d] for d in dims) == 0:
        return sum(x.exp(), dims, keepdim).log()
    top = amax(x.detach(), dims, keepdim=True)
    top = where(top.isfinite(), top, 0.0)
    total = sum((x - top).exp(), dims, keepdim).log()
    return total + (top if keepdim else top.reshape(tuple(total.shape)))


def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """How many elements over `dim` are not zero, as int64."""
    return sum(input != 0, dim)
