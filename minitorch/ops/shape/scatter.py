"""Reading and writing along one dimension by an index tensor: gather, scatter, index_add...

Each becomes one of `index`'s Functions with indices: `_along` for those whose index says
for every element where it comes from, `_at` for those whose index lists entries of a dimension.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops.math.select import where
from minitorch.ops.shape.index import IndexPut, Indices, Take
from minitorch.ops.shape.views import clone, expand, ordered_as, reshape
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import require_tensor, wrap_dim
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_reduce",
    "index_select",
    "put",
    "repeat_interleave",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "take",
    "take_along_dim",
]


# ---- an index for every element: gather and scatter -------------------------------------------


class NoSuchEntry(IndexError, RuntimeError):
    """An index out of range. (PyTorch raises the one or the other, by dtype, size and layout.)"""


def _along(dim: int, index: Tensor) -> Indices:
    """The indices that `gather` and `scatter` use: `index` along `dim`, position elsewhere."""
    grids: list[Any] = list(np.ogrid[tuple(slice(n) for n in index._array.shape)])
    grids[dim] = index
    return tuple(grids)


def _check_along(who: str, x: Array, dim: int, index: Any, other: Array) -> Tensor:
    """The index, checked against the tensor and the source, and of at least one dimension."""
    tensor = require_tensor(who, "index", index)
    i = tensor._array
    if i.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{who}(): Expected dtype int32/int64 for index, got {i.dtype}")
    if i.size == 0:
        return tensor if i.ndim == x.ndim else tensor.new_zeros((0,) * max(x.ndim, 1))
    if i.ndim == 0:
        tensor = reshape(tensor, 1)
        i = tensor._array
    shape = x.shape or (1,)
    if i.ndim != len(shape):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as input tensor: "
            f"{who}: index {list(i.shape)}, input {list(x.shape)}"
        )
    if other is not x and len(other.shape or (1,)) != i.ndim:
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as src tensor: "
            f"{who}: index {list(i.shape)}, src {list(other.shape)}"
        )
    for d, n in enumerate(i.shape):
        if d != dim and n > shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(i.shape)} to be no "
                f"larger than self {list(x.shape)} apart from dimension {dim}"
            )
        if other is not x and n > (other.shape or (1,))[d]:
            raise RuntimeError(
                f"Expected index {list(i.shape)} to be no larger than src {list(other.shape)}"
            )
    _check_range(RuntimeError, i, dim, shape[dim])
    return tensor


def _check_range(kind: type[Exception], i: Array, dim: int, size: int) -> None:
    if i.size and not (i.min() >= 0 and i.max() < size):
        wrong = i[(i < 0) | (i >= size)].flat[0]
        raise kind(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


@takes_out("gather", SAME)
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """``out[i, j] = input[index[i, j], j]`` for dim 0, and likewise for the others.

    Shape: `index` has as many dimensions as `input`, no larger but along `dim`. The gradient is
    dense whatever `sparse_grad` says.

    Raises:
        RuntimeError: for an index of another dtype, shape or range.

    >>> import minitorch
    >>> x = minitorch.tensor([[1, 2], [3, 4]])
    >>> x.gather(1, minitorch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    x = require_tensor("gather", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    shape = require_tensor("gather", "index", index)._array.shape
    array = x._array
    i = _check_along("gather", array, axis, index, array)
    if not i._array.size:
        return reshape(Take.apply(reshape(x, -1), reshape(i, -1)), shape)
    y = Take.apply(x if x._array.ndim else reshape(x, 1), *_along(axis, i))
    y = y if y._array.shape == shape else reshape(y, shape)
    return args.set_grad_fn_name("GatherBackward0", y)


@takes_out("take_along_dim", SAME)
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` whose operands broadcast in the other dimensions; without `dim`, of all elements.

    Raises:
        RuntimeError: for indices not of int64, of another number of dimensions, or out of range.
    """
    x, i = (require_tensor("take_along_dim", "input", t) for t in (input, indices))
    if i._array.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {i.dtype}"
        )
    if dim is None:
        return take_along_dim(reshape(x, -1), reshape(i, -1), 0)
    if x._array.ndim != i._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {x._array.ndim} dimensions for input, and {i._array.ndim} dimensions for "
            "indices"
        )
    if x._array.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis, shapes = wrap_dim(dim, x._array.ndim), [[*t._array.shape] for t in (x, i)]
    for shape in shapes:
        shape[axis] = 1
    common = list(args.broadcast_shape("take_along_dim", *(tuple(shape) for shape in shapes)))
    wide = [expand(t, (*common[:axis], t._array.shape[axis], *common[axis + 1 :])) for t in (x, i)]
    from_back = x._array.shape[axis] * (wide[1]._array < 0)
    return gather(wide[0], axis, i._wrap(wide[1]._array + from_back))


@takes_out("scatter", SAME)
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """`input` with ``out[index[i, j], j] = src[i, j]`` for dim 0, and likewise for the others.

    Args:
        input: the tensor.
        dim: along which the index says where to write.
        index: int64, no larger than `src`.
        src: a tensor of the same dtype, or a number (also called `value`).
        value: a number.
        reduce: 'add' or 'multiply', instead of overwriting; for a `src` that requires no grad.

    Raises:
        RuntimeError: for an index of another dtype, shape or range, or a src of another dtype.
    """
    if (src is None) == (value is None):
        raise TypeError("scatter(): expected one of src and value")
    source = value if src is None else src
    if reduce is None:
        return _scatter("scatter", input, dim, index, source, False)
    if reduce not in ("add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce!r}")
    x = require_tensor("scatter", "input", input)
    if x._requires_grad or getattr(source, "_requires_grad", False):
        raise RuntimeError(
            "scatter: no gradient with a reduce argument; use scatter_add or scatter_reduce"
        )
    if not args.is_tensor(source):
        filled = np.full(require_tensor("scatter", "index", index)._array.shape, source)
        source = x._wrap(filled.astype(x._array.dtype))
    if reduce == "add":
        return scatter_add(x, dim, index, source)
    if args.is_tensor(value if src is None else src):
        args.warn_caller(
            "The reduce argument of torch.scatter with Tensor src is deprecated and will be "
            "removed in a future PyTorch release. Use torch.scatter_reduce instead for more "
            "reduction options."
        )
    return scatter_reduce(x, dim, index, source, "prod")


@takes_out("scatter_add", SAME)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with ``out[index[i, j], j] += src[i, j]`` for dim 0, and likewise for the others."""
    source = require_tensor("scatter_add", "src", src)
    y = _scatter("scatter_add", input, dim, index, source, True)
    return args.set_grad_fn_name("ScatterAddBackward0", y)


def _scatter(who: str, input: Tensor, dim: int, index: Tensor, src: Any, add: bool) -> Tensor:
    x, axis, i, src = _source(who, input, dim, index, src)
    flat = x if x._array.ndim else reshape(x, 1)
    if i._array.size:
        indices = _along(axis, i)
    else:  # nothing of `src`, which stays in the graph all the same
        indices = (np.zeros(0, np.int64),) * flat._array.ndim
        src = reshape(src, -1)[:0] if args.is_tensor(src) else src
    y = args.laid(IndexPut.apply(flat, src, *indices, accumulate=add))
    return y if x._array.ndim else reshape(y, ())


def _source(
    who: str, input: Tensor, dim: int, index: Tensor, src: Any
) -> tuple[Tensor, int, Tensor, Any]:
    """The operands of a scatter, checked; `src` is cut to the index's shape."""
    x = require_tensor(who, "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    if not args.is_tensor(src):
        if not isinstance(src, args.SCALARS):
            raise TypeError(
                f"{who}(): argument 'src' must be Tensor or Number, not {type(src).__name__}"
            )
        array = x._array
        i = _check_along(who, array, axis, index, array)
        if not i._array.size:  # whatever the number, as in PyTorch
            src = 0
        return x, axis, i, args.scalar_as(src, x._array.dtype)
    i = _check_along(who, x._array, axis, index, src._array)
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"{who}(): Expected self.dtype to be equal to src.dtype, got {x.dtype} and {src.dtype}"
        )
    if i._array.size:
        src = reshape(src, 1) if src._array.ndim == 0 else src
        if src._array.shape != i._array.shape:
            src = src[tuple(slice(n) for n in i._array.shape)]
    return x, axis, i, src


# ---- a list of entries: index_select, index_add, index_copy, index_fill -----------------------


def _entries(who: str, index: Any, kinds: tuple[Any, ...] = (np.int64, np.int32)) -> Tensor:
    """The 1-d index that lists entries of a dimension."""
    i = require_tensor(who, "index", index)._array
    if i.dtype not in kinds:
        raise RuntimeError(f"{who}(): Expected dtype int32/int64 for index, got {i.dtype}")
    if i.ndim > 1:
        raise IndexError(f"{who}(): Index is supposed to be a vector, got shape {list(i.shape)}")
    return index if i.ndim else reshape(index, 1)


def _at(dim: int, index: Any) -> Indices:
    return (*(None,) * dim, index)


@takes_out("index_select", SAME)
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The entries of `dim` listed in the 1-d `index`, copied.

    Raises:
        IndexError: for an index of more dimensions.
        NoSuchEntry: for an entry that does not exist.
    """
    x = require_tensor("index_select", "input", input)
    axis, i = wrap_dim(dim, x._array.ndim), _entries("index_select", index)
    if x._array.ndim == 0 and i._array.size != 1:
        raise RuntimeError("index_select(): Index to scalar can have only 1 value")
    _check_range(NoSuchEntry, i._array, axis, x._array.shape[axis] if x._array.ndim else 1)
    if x._array.ndim == 0:
        return x.clone()
    return args.set_grad_fn_name("IndexSelectBackward0", args.laid(Take.apply(x, *_at(axis, i))))


def _checked_entries(
    who: str, input: Any, dim: int, index: Any, source: Any
) -> tuple[Tensor, int, Tensor, Tensor]:
    """Operands of index_add and its like, checked, none of them 0-d."""
    x, src = require_tensor(who, "input", input), require_tensor(who, "source", source)
    i, axis = _entries(who, index), wrap_dim(dim, x._array.ndim)
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"{who}(): self ({x.dtype}) and source ({src.dtype}) must have the same dtype"
        )
    shape, own = x._array.shape, src._array.shape
    others = own[:axis] + own[axis + 1 :], shape[:axis] + shape[axis + 1 :]
    if len(shape) != len(own) or (shape and others[0] != others[1]):
        raise RuntimeError(
            f"{who}(): source tensor shape must match self tensor shape, excluding dimension "
            f"{axis}. Got self.shape = {list(shape)} source.shape = {list(own)}"
        )
    if not shape:
        x, src = reshape(x, 1), reshape(src, 1)
    if src._array.shape[axis] != i._array.size:
        raise RuntimeError(
            f"{who}(): Number of indices ({i._array.size}) should be equal to source.size(dim): "
            f"({src._array.shape[axis]}), for dim: {axis}"
        )
    _check_range(IndexError, i._array, axis, x._array.shape[axis])
    return x, axis, i, src


@takes_out("index_add", SAME)
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1
) -> Tensor:
    """`input` with `alpha` times the entries of `source` added to those of `dim` that are listed.

    Raises:
        IndexError: for an entry that does not exist.
        RuntimeError: for a source of another dtype or shape.
    """
    x, axis, i, src = _checked_entries("index_add", input, dim, index, source)
    if alpha != 1:
        src = args.as_dtype(src * alpha, x._array.dtype)
    y = args.laid(IndexPut.apply(x, src, *_at(axis, i), accumulate=True))
    return args.set_grad_fn_name("IndexAddBackward0", reshape(y, input._array.shape))


@takes_out("index_copy", SAME)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`input` with the entries of `source` written over those of `dim` that are listed.

    Either may be 0-d, and then counts as one of one element.

    Raises:
        IndexError: for an entry that does not exist, or another number of them than in `source`.
        RuntimeError: for a source of another dtype or shape.
    """
    who = "index_copy"
    x, src = require_tensor(who, "input", input), require_tensor(who, "source", source)
    axis, i = wrap_dim(dim, x._array.ndim), _entries(who, index, (np.int64,))
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"index_copy(): self and source expected to have the same dtype, but got {x.dtype} and "
            f"{src.dtype}"
        )
    x, src = (reshape(t, 1) if t._array.ndim == 0 else t for t in (x, src))
    shape, own = x._array.shape, src._array.shape
    both = input._array.ndim and source._array.ndim
    if (both and len(own) != len(shape)) or own[axis : axis + 1] != (i._array.size,):
        raise IndexError(
            f"index_copy(): expected a source of {len(shape)} dimensions, in dimension {axis} as "
            f"many as indices ({i._array.size}); got shape {list(own)}"
        )
    if own[:axis] + own[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
        raise RuntimeError(
            "index_copy(): Source/destination tensor must have same slice shapes, got "
            f"{list(own)} and {list(shape)} at dimension {axis}"
        )
    _check_range(IndexError, i._array, axis, shape[axis])
    y = args.laid(IndexPut.apply(x, src, *_at(axis, i), accumulate=False))
    return args.set_grad_fn_name("IndexCopyBackward0", reshape(y, input._array.shape))


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`input` with a number (or 0-d tensor) written over the entries of `dim` that are listed.

    Raises:
        IndexError: for an entry that does not exist, or an index of another dtype.
        RuntimeError: for a value of more dimensions.
    """
    x = require_tensor("index_fill", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    if require_tensor("index_fill", "index", index)._array.dtype != np.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {index.dtype}")
    if index._array.ndim > 1:
        raise RuntimeError(f"Index has to be a vector/scalar, got {index._array.ndim} dimensions")
    if args.is_tensor(value):
        if value._array.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._array.ndim} dimension(s)."
            )
        value = args.as_dtype(value, x._array.dtype)
    else:
        value = args.scalar_as(value, x._array.dtype)
    flat = x if x._array.ndim else reshape(x, 1)
    i, size = reshape(index, -1), flat._array.shape[axis]
    array = i._array
    # As in PyTorch: any index will do for a tensor that is empty along the other dims.
    others = flat._array.shape[:axis] + flat._array.shape[axis + 1 :]
    if array.size and math.prod(others) and not (-size <= array.min() and array.max() < size):
        raise NoSuchEntry(f"index out of range in self: {array.min()} to {array.max()}, of {size}")
    if not flat._array.size:
        i = i[:0]
    y = IndexPut.apply(flat, value, *_at(axis, i), accumulate=False)
    return y if x._array.ndim else reshape(y, ())


# ---- all elements in one row: take and put ----------------------------------------------------


@takes_out("take", SAME)
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at `index`, counted through all of them in order; of `index`'s shape.

    Raises:
        RuntimeError: for an index not of int64.
        IndexError: for one out of range.
    """
    x = require_tensor("take", "input", input)
    y = Take.apply(reshape(x, -1), _flat_index("take", x, index))
    return args.set_grad_fn_name("TakeBackward0", y)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """`input` with the elements of `source` at `index`, counted through all elements in order.

    Raises:
        RuntimeError: for an index not of int64, or a source of another dtype.
        IndexError: for an index out of range, or another number of elements.
    """
    x, src = require_tensor("put", "input", input), require_tensor("put", "source", source)
    i = reshape(_flat_index("put", x, index), -1)
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, got {x.dtype} and "
            f"{src.dtype}"
        )
    if src._array.size != i._array.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {src._array.size}, index.numel() = {i._array.size}"
        )
    y = IndexPut.apply(reshape(x, -1), reshape(src, -1), i, accumulate=accumulate)
    y = reshape(y, x._array.shape)
    return y if x._stored.flags.c_contiguous else ordered_as(y, x)


def _flat_index(who: str, x: Tensor, index: Any) -> Tensor:
    i = require_tensor(who, "index", index)._array
    if i.dtype != np.int64:
        raise RuntimeError(f"{who}(): Expected a long tensor for index, but got {i.dtype}")
    size = x._array.size
    if i.size and not (-size <= i.min() and i.max() < size):
        raise IndexError(f"{who}(): index out of range: {i.min()} to {i.max()}, of {size} elements")
    return index


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each entry of `dim` (of all elements, without it) so many times, one after the other.

    Args:
        input: the tensor; alone, it is `repeats` itself, and the result each index so many times.
        repeats: an int, or an int tensor with one number an entry.
        dim: along which.
        output_size: how many entries the result has; checked.

    Raises:
        RuntimeError: for negative repeats, another number of them, or another `output_size`.
        NotImplementedError: for repeats that are not integers.

    >>> import minitorch
    >>> minitorch.tensor([1, 2]).repeat_interleave(minitorch.tensor([1, 2]))
    tensor([1, 2, 2])
    """
    x = require_tensor("repeat_interleave", "input", input)
    if repeats is None:
        return x._wrap(_interleaved(x._array, x._array.size, output_size, alone=True))
    if dim is None:
        x, dim = reshape(x, -1), 0
    axis = wrap_dim(dim, x._array.ndim)
    if isinstance(repeats, int) and repeats < 0:
        raise RuntimeError(f"Repeats must be non-negative, got {repeats}")
    if x._array.ndim == 0:
        raise IndexError("repeat_interleave: expected a tensor with dimensions where dim is given")
    shape = x._array.shape
    if type(repeats) is int and output_size in (None, shape[axis] * repeats):
        spread = x.unsqueeze(axis + 1).expand(*shape[: axis + 1], repeats, *shape[axis + 1 :])
        return args.laid(clone(spread)).flatten(axis, axis + 1)
    if args.is_tensor(repeats):
        times = repeats._array
        if times.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    else:
        times = np.array(args.integer("repeat_interleave", "repeats", repeats), np.int64)
    if times.size == 1:
        times = np.broadcast_to(times.reshape(-1), shape[axis : axis + 1])
    elif times.size != shape[axis]:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{times.size} and input.size({axis}) = {shape[axis]}"
        )
    return args.laid(Take.apply(x, *_at(axis, _interleaved(times, shape[axis], output_size))))


def _interleaved(times: Array, length: int, output_size: int | None, alone: bool = False) -> Array:
    if times.dtype not in (np.int64, np.int32):
        raise NotImplementedError(f"repeats has to be Long or Int tensor, got {times.dtype}")
    if alone and times.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if times.size and times.min() < 0:
        raise RuntimeError(f"repeats can not be negative, got {times.min()}")
    if output_size is not None and output_size != times.sum():
        raise RuntimeError(
            f"allocated size does not match required size: output_size is {output_size}, the "
            f"repeats add up to {times.sum()}"
        )
    return np.repeat(np.arange(length), times).astype(times.dtype if alone else np.int64)


# ---- several into one: scatter_reduce and index_reduce ----------------------------------------


REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@takes_out("scatter_reduce", SAME)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """`input` with what `src` sends to each place put together there, as `scatter` sends it.

    Args:
        input: the tensor.
        dim, index, src: as `scatter`.
        reduce: 'sum', 'prod', 'mean', 'amax' or 'amin'.
        include_self: whether what is already there takes part.

    Raises:
        RuntimeError: as `scatter`; or for another `reduce`.
    """
    if reduce not in REDUCTIONS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}."
        )
    source = require_tensor("scatter_reduce", "src", src)
    x, axis, i, source = _source("scatter_reduce", input, dim, index, source)
    if reduce == "mean":
        args.not_bool("div_floor_cpu", x)
    if not i._array.size:
        return x.clone()
    shape = x._array.shape or (1,)
    key = np.broadcast_arrays(*map(args.array_of, _along(axis, i)))
    at = np.ravel_multi_index(tuple(key), shape).reshape(-1)
    return _reduced(x, at, reshape(source, -1), reduce, include_self)


@takes_out("index_reduce", SAME)
def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """`input` with the entries of `source` put together with those of `dim` that are listed.

    Args:
        input: the tensor.
        dim, index, source: as `index_add`.
        reduce: 'prod', 'mean', 'amax' or 'amin'.
        include_self: whether what is already there takes part.

    Raises:
        IndexError, RuntimeError: as `index_add`; or for another `reduce`.
    """
    if reduce not in REDUCTIONS[1:]:
        raise RuntimeError(
            f"reduce argument must be either prod, mean, amax or amin, got {reduce}."
        )
    x, axis, i, src = _checked_entries("index_reduce", input, dim, index, source)
    if not include_self:
        args.not_bool("index_reduce, include_self=False", x)
    at = np.arange(x._array.size).reshape(x._array.shape).take(i._array, axis).reshape(-1)
    return reshape(_reduced(x, at, reshape(src, -1), reduce, include_self), input._array.shape)


class ScatterExtreme(Function):
    """z = x, and at each flat position the largest (smallest) of it and what src sends there.

    Equal ones share the gradient evenly, as in `amax`.
    """

    differentiable_inputs = slice(2)

    def forward(self, x: Array, src: Array, at: Array, *, largest: bool) -> Array:
        z = x.copy()
        (np.maximum if largest else np.minimum).at(z, at, src)
        own, sent = x == z, src == z[at]
        shares = own.astype(np.int64)
        np.add.at(shares, at, sent)
        self.save(at, own, sent, np.maximum(shares, 1))  # none is equal to a NaN
        return z

    def backward(self, grad: Tensor) -> Any:
        at, own, sent, shares = self.saved
        each = grad / shares.to(grad.dtype)
        return where(own, each, 0.0), where(sent, Take.apply(each, at), 0.0), None


def _reduced(x: Tensor, at: Array, src: Tensor, reduce: str, include_self: bool) -> Tensor:
    """x with `src` (flat) put together with the elements at the flat positions `at`."""
    dtype, flat = x._array.dtype, reshape(x, -1)
    if not include_self:
        hit = np.zeros(x._array.size, bool)
        hit[at] = True
        flat = where(x._wrap(hit), x._wrap(_neutral(reduce, dtype)), flat)
    if reduce in ("amax", "amin"):
        made = ScatterExtreme.apply(flat, src, at, largest=reduce == "amax")
    elif reduce == "prod":
        made = flat * _products(at, src, x._array.size)
    else:
        made = IndexPut.apply(flat, src, at, accumulate=True)
        if reduce == "mean":
            count = np.bincount(at, minlength=x._array.size) + (1 if include_self else 0)
            counts = x._wrap(np.maximum(count, 1).astype(dtype))
            made = made / counts if dtype.kind == "f" else made // counts
    return reshape(made, x._array.shape)


def _neutral(reduce: str, dtype: np.dtype[Any]) -> Array:
    """Identity element of the reduction."""
    if dtype.kind == "b" or reduce not in ("amax", "amin"):
        return np.array(reduce in ("prod", "amin"), dtype)
    info: Any = np.iinfo(dtype) if dtype.kind != "f" else None
    least, most = (-np.inf, np.inf) if info is None else (info.min, info.max)
    return np.array(least if reduce == "amax" else most, dtype)


def _products(at: Array, src: Tensor, size: int) -> Tensor:
    """For each of `size` places the product of what `src` sends there, 1 if nothing.

    Neighbours that go to the same place are multiplied until each place has one: as many rounds as
    the logarithm of the longest run, each differentiable, so that zeros need no special care.
    """
    order = np.argsort(at, kind="stable")
    at, values = at[order], Take.apply(src, order)
    while True:
        starts = np.flatnonzero(np.r_[True, at[1:] != at[:-1]]) if at.size else at
        rank = np.arange(at.size) - np.repeat(starts, np.diff(np.r_[starts, at.size]))
        if not (rank > 0).any():
            break
        left = np.flatnonzero(rank % 2 == 0)
        paired = (left + 1 < at.size) & (rank[np.minimum(left + 1, at.size - 1)] % 2 == 1)
        first, right = Take.apply(values, left), Take.apply(values, left[paired] + 1)
        both = Take.apply(first, np.flatnonzero(paired)) * right
        values = IndexPut.apply(first, both, np.flatnonzero(paired), accumulate=False)
        at = at[left]
    return IndexPut.apply(src._wrap(np.ones(size, src._array.dtype)), values, at, accumulate=False)
