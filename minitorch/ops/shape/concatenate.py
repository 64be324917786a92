"""Joining and cutting by NumPy's recipes, grids, and turning; each made of `shape`'s operations."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import result_dtype
from minitorch.ops.shape.views import cat, clone, expand, flip, fresh, reshape, stack, tensor_list
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import caller_stacklevel, require_tensor, wrap_dim
from minitorch.ops.support.out import JOINED, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "dsplit",
    "dstack",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "rot90",
    "tensor_split",
    "vsplit",
    "vstack",
]

# ---- at least so many dimensions --------------------------------------------------------------


def _each(who: str, tensors: tuple[Any, ...], one: Any) -> Any:
    """`one` of the tensor, or of each of several (given apart or as one sequence)."""
    if len(tensors) == 1 and args.is_tensor(tensors[0]):
        return one(tensors[0])
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    return tuple(one(require_tensor(who, f"tensors[{i}]", x)) for i, x in enumerate(tensors))


def atleast_1d(*tensors: Any) -> Any:
    """A 0-d tensor as a vector; others as they are. Several tensors give a tuple."""
    return _each("atleast_1d", tensors, lambda x: x if x._array.ndim else reshape(x, 1))


def atleast_2d(*tensors: Any) -> Any:
    """A 0-d tensor as (1, 1), a vector as one row; others as they are."""

    def one(x: Tensor) -> Tensor:
        x = atleast_1d(x)
        return x.unsqueeze(0) if x._array.ndim == 1 else x

    return _each("atleast_2d", tensors, one)


def atleast_3d(*tensors: Any) -> Any:
    """A vector as (1, n, 1), a matrix as (n, m, 1); others as they are."""

    def one(x: Tensor) -> Tensor:
        x = atleast_2d(x)
        return x.unsqueeze(-1) if x._array.ndim == 2 else x

    return _each("atleast_3d", tensors, one)


# ---- joining ----------------------------------------------------------------------------------


@takes_out("hstack", JOINED)
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: vectors along their one dimension, others along dimension 1."""
    xs = [atleast_1d(x) for x in tensor_list("hstack", tensors)]
    return cat(xs, 0 if xs[0]._array.ndim == 1 else 1)


@takes_out("vstack", JOINED)
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One above the other, vectors being rows."""
    return cat([atleast_2d(x) for x in tensor_list("vstack", tensors)], 0)


@takes_out("dstack", JOINED)
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other, along dimension 2."""
    return cat([atleast_3d(x) for x in tensor_list("dstack", tensors)], 2)


@takes_out("column_stack", JOINED)
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side, scalars and vectors being columns."""
    xs = tensor_list("column_stack", tensors)
    return hstack([reshape(x, x._array.size, 1) if x._array.ndim < 2 else x for x in xs])


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given ones along its diagonal and zeros elsewhere.

    Scalars and vectors count as rows. The dtype is that to which all of them promote.

    Raises:
        RuntimeError: for a tensor of more than two dimensions.

    >>> import minitorch
    >>> minitorch.block_diag(minitorch.tensor([[1, 2]]), minitorch.tensor([3]))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    xs = [require_tensor("block_diag", f"tensors[{i}]", x) for i, x in enumerate(tensors)]
    for i, x in enumerate(xs):
        if x._array.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {i} has {x._array.ndim} dimensions"
            )
    if not xs:
        raise RuntimeError("block_diag: expected at least one tensor")
    dtype = result_dtype([atleast_1d(x)._array for x in xs])
    blocks = [atleast_2d(args.as_dtype(x, dtype)) for x in xs]
    width = sum(x._array.shape[1] for x in blocks)
    rows, left = [], 0
    for x in blocks:
        height, own = x._array.shape
        zeros = [x.new_zeros((height, n)) for n in (left, width - left - own)]
        rows.append(cat([zeros[0], x, zeros[1]], 1))
        left += own
    return args.set_grad_fn_name("BlockDiagBackward0", cat(rows, 0))


# ---- cutting ----------------------------------------------------------------------------------


@args.also_named(tensor_indices_or_sections="indices_or_sections")
def tensor_split(
    input: Tensor,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> tuple[Tensor, ...]:
    """Cut along `dim` into so many views of nearly equal size, or before each index listed.

    Args:
        input: the tensor.
        indices_or_sections: an int, a sequence of ints, or an int64 tensor of 0 or 1 dimensions.
        dim: along which.
        indices, sections: the same, by its own name.

    Raises:
        RuntimeError: for fewer than one section, or a 0-d tensor.
    """
    x = require_tensor("tensor_split", "input", input)
    given = [a for a in (indices_or_sections, indices, sections) if a is not None]
    if len(given) != 1:
        raise TypeError("tensor_split(): expected one of indices and sections")
    where = given[0]
    if x._array.ndim == 0:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    if args.is_tensor(where):
        if where._array.dtype != np.int64 or where._array.ndim > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long and 0 or 1 "
                f"dimensions, but got {where.dtype} of shape {list(where._array.shape)}"
            )
        where = where.tolist()
    axis = wrap_dim(dim, x._array.ndim)
    length = x._array.shape[axis]
    if not isinstance(where, (tuple, list)):
        count = args.integer("tensor_split", "sections", where)
        if count <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {count}")
        short, extra = divmod(length, count)
        where = [i * short + min(i, extra) for i in range(1, count)]
    # Each part is a view of its own, which may be changed in place; those of `split` may not.
    bounds = [args.integer("tensor_split", "indices", i) for i in where]
    # As slices do: counted from the back when negative, and never outside.
    starts = [0, *(slice(i, None).indices(length)[0] for i in bounds)]
    ends = [*(slice(0, i).indices(length)[1] for i in bounds), length]
    key = (slice(None),) * axis
    return tuple(x[(*key, slice(a, max(a, b)))] for a, b in zip(starts, ends, strict=True))


def _split_evenly(who: str, input: Tensor, dim: int, need: int, given: Any) -> tuple[Tensor, ...]:
    x = require_tensor(who, "input", input)
    ndim = x._array.ndim
    if ndim < need:
        raise RuntimeError(
            f"torch.{who} requires a tensor with at least {need} dimension, but got a tensor with "
            f"{ndim} dimensions!"
        )
    if not isinstance(given, (tuple, list)):
        count = args.integer(who, "sections", given)
        if count <= 0 or x._array.shape[dim] % count:
            raise RuntimeError(
                f"torch.{who} attempted to split along dimension {dim}, but the size of the "
                f"dimension {x._array.shape[dim]} is not divisible by the split_size {count}!"
            )
    return tensor_split(x, given, dim)


_sections = args.also_named(sections="indices_or_sections", indices="indices_or_sections")


@_sections
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 1 (a vector's 0); a number of sections must divide it."""
    ndim = require_tensor("hsplit", "input", input)._array.ndim
    return _split_evenly("hsplit", input, 0 if ndim == 1 else 1, 1, indices_or_sections)


@_sections
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 0; a number of sections must divide it."""
    return _split_evenly("vsplit", input, 0, 2, indices_or_sections)


@_sections
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 2; a number of sections must divide it."""
    return _split_evenly("dsplit", input, 2, 3, indices_or_sections)


# ---- grids and choices ------------------------------------------------------------------------


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """For each vector, a tensor that varies along its own dimension only; all of one shape.

    Args:
        tensors: vectors or scalars of one dtype, given apart or as one sequence.
        indexing: 'ij', by which the i-th vector runs along dimension i, or 'xy', by which the
            first two are swapped. Left out it is 'ij', with PyTorch's warning.

    Raises:
        RuntimeError: for no tensors, other shapes, unequal dtypes or another `indexing`.

    >>> import minitorch
    >>> minitorch.meshgrid(minitorch.arange(2), minitorch.arange(3), indexing="ij")[1]
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument.",
            UserWarning,
            stacklevel=caller_stacklevel(),
        )
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    return _meshgrid("meshgrid", tensors, indexing or "ij")


def _meshgrid(who: str, tensors: Sequence[Any], indexing: str) -> tuple[Tensor, ...]:
    xs = [require_tensor(who, f"tensors[{i}]", x) for i, x in enumerate(tensors)]
    for x in xs:
        if x._array.ndim > 1:
            raise RuntimeError(
                f"torch.{who}: Expected 0D or 1D tensor in the tensor list but got shape "
                f"{list(x._array.shape)}"
            )
        if x._array.dtype != xs[0]._array.dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    swapped = indexing == "xy" and len(xs) > 1
    if swapped:
        xs[:2] = xs[1::-1]
    shape = tuple(x._array.size for x in xs)
    grids = [
        expand(reshape(x, (1,) * i + (n,) + (1,) * (len(xs) - i - 1)), shape)
        for i, (x, n) in enumerate(zip(xs, shape, strict=True))
    ]
    if swapped:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """A row for each way of taking one element of each vector; a lone vector as it is.

    Raises:
        RuntimeError: for anything but vectors of one dtype, or none.

    >>> import minitorch
    >>> minitorch.cartesian_prod(minitorch.tensor([1, 2]), minitorch.tensor([3, 4])).tolist()
    [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    xs = [require_tensor("cartesian_prod", f"tensors[{i}]", x) for i, x in enumerate(tensors)]
    for x in xs:
        if x._array.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x._array.shape)}")
    if len(xs) == 1:
        return xs[0]
    if not xs:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    return stack([reshape(grid, -1) for grid in _meshgrid("cartesian_prod", xs, "ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """A row for each choice of `r` elements of a vector, in order, as `itertools` gives them.

    Raises:
        RuntimeError: for anything but a vector, or a negative `r`.

    >>> import minitorch
    >>> minitorch.combinations(minitorch.tensor([1, 2, 3])).tolist()
    [[1, 2], [1, 3], [2, 3]]
    """
    x = require_tensor("combinations", "input", input)
    if x._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(x._array.shape)}")
    if args.integer("combinations", "r", r) < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return x.new_empty((0,))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return x[np.array(list(choose(range(x._array.size), r)), np.int64).reshape(-1, r)]


# ---- turning ----------------------------------------------------------------------------------


def fliplr(input: Tensor) -> Tensor:
    """With the order of the columns reversed, copied."""
    if require_tensor("fliplr", "input", input)._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """With the order of the rows reversed, copied."""
    if require_tensor("flipud", "input", input)._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned `k` times by 90 degrees, from the first of `dims` to the second; copied.

    Raises:
        RuntimeError: unless `dims` are two different dimensions.
    """
    x = require_tensor("rot90", "input", input)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if x._array.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {x._array.ndim}")
    a, b = (wrap_dim(d, x._array.ndim) for d in dims)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    turns = args.integer("rot90", "k", k) % 4
    if turns == 2:
        return flip(x, a, b)
    return clone(flip(x, b if turns == 1 else a).transpose(a, b)) if turns else fresh(x)
