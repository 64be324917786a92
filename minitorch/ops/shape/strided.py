"""Views that skip through memory: diagonals, sliding windows, `as_strided`; and triangles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as numpy_as_strided, sliding_window_view

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops.shape.index import Embed, Put, written
from minitorch.ops.shape.views import clone, reshape
from minitorch.ops.support import operands as args
from minitorch.ops.support.inplace import reshape_in_place
from minitorch.ops.support.operands import require_tensor, shape_of, wrap_dim
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "as_strided",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "tril",
    "triu",
]

Shape = tuple[int, ...]
OVERLAPPING = (
    "{who}: this view shows some elements of the tensor more than once, so that changing it in "
    "place cannot be differentiated. Change the tensor itself, or a clone() of the view."
)


# ---- diagonals --------------------------------------------------------------------------------


def _two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    a, b = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return a, b


class Diagonal(Function):
    """y = the elements x[i, i + offset], along the last dimension: a view."""

    views = True
    backward_takes_arrays = True

    def forward(self, x: Array, *, offset: int, dims: tuple[int, int]) -> Array:
        self.shape, self.params = x.shape, {"offset": offset, "dims": dims}
        y = np.diagonal(x, offset, *dims)
        y.flags.writeable = x.flags.writeable
        return y

    def backward(self, grad: Tensor) -> Any:
        return Embed.apply(grad, view=Diagonal, params=self.params, shape=self.shape)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The view of the diagonal of `dim1` and `dim2`, as a new last dimension.

    Args:
        input: a tensor of at least two dimensions.
        offset: how far above the main diagonal (below it, if negative).
        dim1, dim2: the two dimensions.

    Raises:
        RuntimeError: if the two are one.
    """
    x = require_tensor("diagonal", "input", input)
    dims = _two_dims(dim1, dim2, x._array.ndim)
    return Diagonal.apply(x, offset=args.integer("diagonal", "offset", offset), dims=dims)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with `input`'s last dimension on the diagonal of new dimensions `dim1` and `dim2`.

    Raises:
        RuntimeError: if the two are one.
    """
    x = require_tensor("diag_embed", "input", input)
    dims = _two_dims(dim1, dim2, x._array.ndim + 1)
    if x._array.ndim == 0:
        raise IndexError("diag_embed: expected a tensor of at least one dimension, got a 0-d one")
    sizes = list(x._array.shape[:-1])
    side = x._array.shape[-1] + abs(args.integer("diag_embed", "offset", offset))
    for dim in sorted(dims):
        sizes.insert(dim, side)
    params = {"offset": offset, "dims": dims}
    return Embed.apply(x, view=Diagonal, params=params, shape=tuple(sizes))


def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy of `input` with `src` on its diagonal.

    Raises:
        RuntimeError: for a `src` of another shape than the diagonal.
    """
    whole = clone(require_tensor("diagonal_scatter", "input", input))
    return written(diagonal(whole, offset, dim1, dim2), whole, src, "diagonal_scatter")


@takes_out("diag", SAME)
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as a diagonal matrix; of a matrix, a copy of its diagonal.

    Raises:
        RuntimeError: for another number of dimensions.
    """
    ndim = require_tensor("diag", "input", input)._array.ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim == 2:
        return clone(Diagonal.apply(input, offset=diagonal, dims=(0, 1)))
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """All elements, on the diagonal of a matrix."""
    return diag_embed(reshape(require_tensor("diagflat", "input", input), -1), offset)


def fill_diagonal_(input: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set ``input[i, i, ...]`` to a number; in a tall matrix, if `wrap`, again below row n + 1.

    Raises:
        RuntimeError: for fewer than two dimensions, or more than two of unequal sizes.
    """
    x = require_tensor("fill_diagonal_", "input", input)
    shape = x._array.shape
    if not isinstance(fill_value, args.SCALARS):
        raise TypeError(
            "fill_diagonal_(): argument 'fill_value' must be Number, not "
            f"{type(fill_value).__name__}"
        )
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    if len(shape) == 2:
        rows, columns = shape
        height = columns + 1 if wrap else rows
        for top in range(0, rows, max(height, 1)):
            x[top : top + height].diagonal().fill_(fill_value)
    else:
        x[(np.arange(shape[0]),) * len(shape)] = fill_value
    return x


# ---- triangles --------------------------------------------------------------------------------


@takes_out("tril", SAME)
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The matrices' elements on and below a diagonal, zeros above.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    return _triangle("tril", input, diagonal)


@takes_out("triu", SAME)
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The matrices' elements on and above a diagonal, zeros below.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    return _triangle("triu", input, diagonal)


class Triangle(Function):
    """y = x, with zeros on one side of a diagonal."""

    backward_takes_arrays = True

    def forward(self, x: Array, *, offset: int, lower: bool) -> Array:
        self.offset, self.lower = offset, lower
        return np.tril(x, offset) if lower else np.triu(x, offset)

    def backward(self, grad: Tensor) -> Any:
        return Triangle.apply(grad, offset=self.offset, lower=self.lower)


def _triangle(who: str, input: Tensor, diagonal: int) -> Tensor:
    x = require_tensor(who, "input", input)
    if x._array.ndim < 2:
        raise RuntimeError(f"{who}: input tensor must have at least 2 dimensions")
    offset = args.integer(who, "diagonal", diagonal)
    y = args.laid(Triangle.apply(x, offset=offset, lower=who == "tril"))
    return args.set_grad_fn_name(f"{who.title()}Backward0", y)


# ---- sliding windows --------------------------------------------------------------------------


class Unfold(Function):
    """y = x's windows along `dim`, each `step` after the other, laid along a new last dimension."""

    views = True
    backward_takes_arrays = True

    def forward(self, x: Array, *, dim: int, size: int, step: int) -> Array:
        self.shape, self.params = x.shape, {"dim": dim, "size": size, "step": step}
        if size == 0:
            count = x.shape[dim] // step + 1
            return np.empty((*x.shape[:dim], count, *x.shape[dim + 1 :], 0), x.dtype)
        windows = sliding_window_view(x, size, dim, writeable=x.flags.writeable)
        return windows[(slice(None),) * dim + (slice(None, None, step),)]

    def backward(self, grad: Tensor) -> Any:
        return Fold.apply(grad, shape=self.shape, **self.params)


class Fold(Function):
    """y = zeros of `shape`, each window of x added where `Unfold` had it from."""

    backward_takes_arrays = True

    def forward(self, x: Array, *, shape: Shape, dim: int, size: int, step: int) -> Array:
        self.params = {"dim": dim, "size": size, "step": step}
        y = np.zeros(shape, x.dtype)
        before, count = (slice(None),) * dim, x.shape[dim]
        for offset in range(size):  # the windows' first elements, then their second ones...
            y[(*before, slice(offset, offset + (count - 1) * step + 1, step))] += x[..., offset]
        return y

    def backward(self, grad: Tensor) -> Any:
        return Unfold.apply(grad, **self.params)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """The view of all windows of `size` along `dimension`, `step` apart.

    Shape:
        (..., L, ...) gives (..., (L - size) // step + 1, ..., size).

    Raises:
        RuntimeError: if no window fits, or for a step below 1.

    >>> import minitorch
    >>> minitorch.arange(5).unfold(0, 3, 1).tolist()
    [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    """
    x = require_tensor("unfold", "input", input)
    dim = wrap_dim(dimension, x._array.ndim)
    size, step = args.integer("unfold", "size", size), args.integer("unfold", "step", step)
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    length = x._array.shape[dim] if x._array.ndim else 1
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dim} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if x._array.ndim == 0:  # its one element, or none
        return reshape(x, 1)[:size]
    y: Tensor = Unfold.apply(x, dim=dim, size=size, step=step)
    if step < size and y._view is not None:
        y._view.refusal = OVERLAPPING.format(who="unfold")
    return y


# ---- any strides ------------------------------------------------------------------------------


def _steps(x: Array) -> Shape:
    """x's strides in elements."""
    return tuple(n // x.itemsize for n in x.strides)


def _last(size: Sequence[int], steps: Sequence[int]) -> int:
    """Return the offset of the last element from the first."""
    return sum((n - 1) * step for n, step in zip(size, steps, strict=True))


def _addresses(size: Shape, steps: Sequence[int]) -> Array:
    """Return the offset of each element from the first."""
    total = np.zeros(size, np.int64)
    for dim, step in enumerate(steps):
        count = np.arange(size[dim], dtype=np.int64) * step
        total += count.reshape((-1,) + (1,) * (len(size) - dim - 1))
    return total


def reach(size: Any, stride: Any) -> Shape:
    """The shape of a vector that holds all elements of a tensor of such sizes and strides."""
    sizes, steps = shape_of("as_strided", (size,)), shape_of("as_strided", (stride,))
    return (max(_last(sizes, steps) + 1, 0),) if len(sizes) == len(steps) else (0,)


def _positions(shape: Shape, own: Shape, size: Shape, steps: Shape, skip: int) -> Array:
    """Number, in order, the elements of a tensor with strides `own` that a view of it shows.

    Raises:
        RuntimeError: if the tensor's own elements overlap, or the view shows what is between them.
    """
    positions = np.full(_last(shape, own) + 1, -1, np.int64)
    positions[_addresses(shape, own)] = np.arange(math.prod(shape)).reshape(shape)
    shown = positions[skip + _addresses(size, steps)]
    if (shown < 0).any() or any(n == 0 and m > 1 for n, m in zip(own, shape, strict=True)):
        raise RuntimeError(
            "as_strided: the tensor's own elements overlap or leave gaps in memory, so that this "
            "view of it has no gradient; call contiguous() first"
        )
    return shown


class AsStrided(Function):
    """y = the elements that lie at skip + i*step in x's memory: a view.

    The gradient goes to the elements of x that lie there, whatever the order of its own memory.
    """

    views = True

    def forward(self, x: Array, *, size: Shape, steps: Shape, skip: int) -> Array:
        self.shape, self.own = x.shape, _steps(x)
        self.at = (size, steps, skip)
        moved = numpy_as_strided(x[(slice(0, 1),) * x.ndim], (skip + 1,), (x.itemsize,))[skip:]
        return numpy_as_strided(moved, size, [n * x.itemsize for n in steps])

    def backward(self, grad: Tensor) -> Any:
        places = _positions(self.shape, self.own, *self.at)
        return reshape(Put.apply(grad, places, shape=(math.prod(self.shape),)), self.shape)


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The view of `input`'s memory with any sizes and strides; elements may be shown twice.

    Raises:
        RuntimeError: for sizes and strides of unequal length, negative ones, elements outside
            `input` (even if a tensor that it is a view of holds them), or where the gradient would
            have no place to go.
    """
    x = require_tensor("as_strided", "input", input)
    sizes, steps = shape_of("as_strided", (size,)), shape_of("as_strided", (stride,))
    if len(sizes) != len(steps):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(n < 0 for n in (*steps, *sizes)):
        raise RuntimeError(
            "as_strided: Negative sizes and strides are not supported at the moment, got sizes: "
            f"{list(sizes)}, strides: {list(steps)}"
        )
    if 0 in sizes:
        return reshape(reshape(x, -1)[:0], sizes)
    shape, own = x._array.shape, _steps(x._stored)
    skip = 0 if storage_offset is None else storage_offset - x.storage_offset()
    held = 0 if 0 in shape else _last(shape, own) + 1
    if skip < 0 or skip + _last(sizes, steps) >= held or any(n < 0 for n in own):
        raise RuntimeError(
            f"as_strided: sizes {list(sizes)}, strides {list(steps)}, storage offset "
            f"{storage_offset} are out of bounds for the tensor's memory of {held} elements"
        )
    if x._requires_grad:
        _positions(shape, own, sizes, steps, skip)
    y: Tensor = AsStrided.apply(x, size=sizes, steps=steps, skip=skip)
    if y._view is not None:
        base = y._view.base._stored
        if len(np.unique(_addresses(sizes, steps))) < math.prod(sizes):
            y._view.refusal = OVERLAPPING.format(who="as_strided")
        elif np.empty_like(base).strides != base.strides:
            y._view.refusal = (
                "as_strided: this is a view of a tensor whose elements do not fill its memory, so "
                "that changing it in place cannot be differentiated; call contiguous() first"
            )
    return y


def resize_(input: Tensor, *sizes: Any, size: Any = None, memory_format: Any = None) -> Tensor:
    """Give the tensor another shape, over its memory from the first element on.

    Raises:
        RuntimeError: for a tensor that requires grad; or where it would have to grow, because
            other tensors over the same memory could not follow: use `new_empty` and `copy_`.
    """
    x = require_tensor("resize_", "input", input)
    shape = args.shape_given("resize_", "size", sizes, size)
    args.memory_order("resize_", memory_format, len(shape))
    if x._requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}")
    if shape == x._array.shape:
        return x
    count, held = math.prod(shape), _last(x._array.shape, _steps(x._stored)) + 1
    if count > (held if x._array.size else 0):
        raise RuntimeError(
            f"resize_: cannot grow from {held} elements of memory to {count} ({list(shape)}); make "
            "a tensor with new_empty() and copy_() into it"
        )
    steps = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    return reshape_in_place(x, as_strided, shape, steps, x.storage_offset())
