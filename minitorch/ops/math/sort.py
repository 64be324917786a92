"""Putting in order, and what an order answers: the largest few, distinct values, places in a list.

NaN counts as larger than every number. What is returned besides indices is gathered from the
input, so that its gradient goes back to the elements that were taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.ops.math.reduce import need_elements, taken_at
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import accept_axis_keepdims, require_tensor, wrap_dim
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "argsort",
    "bucketize",
    "isin",
    "kthvalue",
    "msort",
    "searchsorted",
    "sort",
    "topk",
    "unique",
    "unique_consecutive",
]


# ---- order ------------------------------------------------------------------------------------
@takes_out("sort", SAME)
@accept_axis_keepdims
def sort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False
) -> return_types.sort:
    """The elements in order along `dim`, and where they were.

    Equal elements keep their order, whether `stable` asks for it or not.

    >>> import minitorch
    >>> values, indices = minitorch.sort(minitorch.tensor([3.0, 1.0, 2.0]))
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    indices = argsort(input, dim, descending, stable)
    values = input.gather(dim, indices) if input._array.ndim else input.clone()
    return return_types.sort(args.laid(values, input), indices)


@takes_out("argsort", SAME)
@accept_axis_keepdims
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Where the elements in order along `dim` are; equal ones in their order."""
    x = require_tensor("argsort", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    return args.laid(x._wrap(order_of(x._array, axis, descending)), x)


def order_of(x: Array, axis: int, descending: bool = False) -> Array:
    """The stable order of `x` along `axis`, NaN as the largest."""
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis, kind="stable").astype(np.int64, copy=False)
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return np.ascontiguousarray(x.shape[axis] - 1 - np.flip(backwards, axis), np.int64)


@takes_out("msort", SAME)
def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension."""
    return sort(input, 0).values


@takes_out("topk", SAME)
@accept_axis_keepdims
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> return_types.topk:
    """The `k` largest (or smallest) elements along `dim`, best first, and where they were.

    Which of several equal elements are taken is not defined.

    Raises:
        RuntimeError: if there are fewer than `k`, or for bools.
    """
    x = require_tensor("topk", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    array = x._array if x._array.ndim else x._array.reshape(1)
    n = array.shape[axis]
    if not 0 <= k <= n:
        raise RuntimeError(f"topk: selected index k out of range: {k} of {n} along dim {dim}")
    if array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU; convert with .int()")
    if x._array.ndim == 0:
        return return_types.topk(x.clone(), x._wrap(np.zeros((), np.int64)))
    if 0 < k < n // 8:  # finding the few first saves putting all in order
        places = np.argpartition(array, n - k if largest else k - 1, axis)
        few = np.take(places, np.arange(n - k, n) if largest else np.arange(k), axis)
        order = order_of(np.take_along_axis(array, few, axis), axis, largest)
        found = np.take_along_axis(few, order, axis)
    else:
        found = np.take(order_of(array, axis, largest), np.arange(k), axis)
    indices = x._wrap(found.astype(np.int64, copy=False))
    return return_types.topk(x.gather(axis, indices), indices)


@takes_out("kthvalue", SAME)
@accept_axis_keepdims
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> return_types.kthvalue:
    """The `k`-th smallest element along `dim` (counted from 1), and where it was.

    Raises:
        RuntimeError: if there are fewer than `k`.
        NotImplementedError: for bools.
    """
    x = require_tensor("kthvalue", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    need_elements("kthvalue", x, (axis,) if x._array.ndim else ())
    n = x._array.shape[axis] if x._array.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {axis}: {k} of {n}"
        )
    if x._array.ndim:
        args.not_bool("kthvalue", x)
    return return_types.kthvalue(*pick(x, axis, np.asarray(k - 1), keepdim))


def pick(x: Tensor, axis: int, rank: Array, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The elements of a rank (from 0) in the order along `axis`, and where they were.

    `rank` is one for all, or has size 1 along `axis`.
    """
    if x._array.ndim == 0:
        return x.clone(), x._wrap(np.zeros((), np.int64))
    order = order_of(x._array, axis)
    shape = list(order.shape)
    shape[axis] = 1
    places = np.take_along_axis(order, np.broadcast_to(rank, shape), axis)
    return taken_at(x, axis, places, keepdim)


# ---- distinct values --------------------------------------------------------------------------
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in order; with `dim`, the distinct slices along it.

    Returns:
        The values; and, where asked for, for each element the place of its value (in the input's
        shape, or one for each slice), and how often each value occurs. NaN equals nothing. The
        gradient of a value goes to its first occurrence.
    """
    x = require_tensor("unique", "input", input)
    flat, axis = _slices("unique", x, dim)
    array = flat._array
    if array.ndim == 1 or array.shape[0] == 0:
        order = order_of(array, 0) if array.ndim == 1 else np.zeros(0, np.int64)
    else:  # the last key counts most
        order = np.lexsort(array.reshape(array.shape[0], -1).T[::-1])
    first = _starts(array[order])
    run = np.cumsum(first) - 1
    place = np.empty_like(run)
    place[order] = run
    return _distinct(x, flat, axis, order[first], place, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without those that equal the one before; with `dim`, slices along it.

    Returns:
        As `unique`.

    >>> import minitorch
    >>> minitorch.unique_consecutive(minitorch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    x = require_tensor("unique_consecutive", "input", input)
    flat, axis = _slices("unique_consecutive", x, dim)
    first = _starts(flat._array)
    kept, place = np.flatnonzero(first), np.cumsum(first) - 1
    return _distinct(x, flat, axis, kept, place, return_inverse, return_counts)


def _slices(who: str, x: Tensor, dim: int | None) -> tuple[Tensor, int | None]:
    """`x` with what is compared along the first dimension: its elements, or its slices."""
    if dim is None:
        return x.reshape(-1), None
    if x._array.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = wrap_dim(dim, x._array.ndim)
    rest = x._array.shape[:axis] + x._array.shape[axis + 1 :]
    if 0 in rest:
        raise RuntimeError(
            f"There are 0 sized dimensions, and they aren't selected, so {who} cannot be applied"
        )
    return x.movedim(axis, 0), axis


def _starts(x: Array) -> Array:
    """Where a slice differs from the one before."""
    first = np.ones(len(x), bool)
    if len(x):
        first[1:] = (x[1:] != x[:-1]).any(tuple(range(1, x.ndim)))
    return first


def _distinct(
    x: Tensor,
    flat: Tensor,
    axis: int | None,
    kept: Array,
    place: Array,
    return_inverse: bool,
    return_counts: bool,
) -> Any:
    values = flat.index_select(0, x._wrap(kept))
    results = [values if axis is None else values.movedim(0, axis)]
    if return_inverse:
        shape = x._array.shape if axis is None else place.shape
        results.append(x._wrap(place.reshape(shape).astype(np.int64, copy=False)))
    if return_counts:
        counts = np.bincount(place, minlength=len(kept))
        results.append(x._wrap(counts.astype(np.int64, copy=False)))
    return tuple(results) if len(results) > 1 else results[0]


# ---- places in a list -------------------------------------------------------------------------
@takes_out("searchsorted", SAME)
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where in a sorted sequence each value would go, so that it stays sorted.

    Args:
        sorted_sequence: in order along its last dimension.
        input: the values: a tensor or a number.
        out_int32: whether the result is int32 and not int64.
        right: whether a value goes after the elements it equals, and not before.
        side: the same as 'left' or 'right'.
        sorter: the order of `sorted_sequence`, where it is not sorted itself.

    Shape: any values for a 1-d sequence; else the same but for the last dimension.

    >>> import minitorch
    >>> minitorch.searchsorted(minitorch.tensor([1, 3, 5]), minitorch.tensor([3, 6]), right=True)
    tensor([2, 3])
    """
    who = "torch.searchsorted()"
    s = require_tensor("searchsorted", "sorted_sequence", sorted_sequence)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"{who}: side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            f"{who}: side and right can't be set to opposites, got side of left while right was "
            "True"
        )
    if isinstance(input, (list, tuple, str)):
        raise TypeError(
            f"searchsorted(): argument 'input' must be Tensor or Number, not {type(input).__name__}"
        )
    values = input._array if args.is_tensor(input) else np.asarray(input)
    sequence = s._array
    for name, array in (("input value", values), ("boundary", sequence)):
        if not array.flags.c_contiguous:
            args.warn_caller(
                f"{who}: {name} tensor is non-contiguous, this will lower the performance due to "
                "extra data copy when converting non-contiguous tensor to contiguous."
            )
    if sequence.ndim == 0:
        raise RuntimeError(
            f"{who}: boundaries tensor should have positive dimension, but got 0 dimension"
        )
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{who}: boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(sequence.shape)} and input value tensor {list(values.shape)}"
        )
    if values.dtype.kind == "b":
        args.not_bool("searchsorted", sequence)
    if sorter is not None:
        order = require_tensor("searchsorted", "sorter", sorter)._array
        if order.shape != sequence.shape:
            raise RuntimeError(
                f"{who}: boundary and sorter must have the same size, but got boundary tensor "
                f"{list(sequence.shape)} and sorter tensor {list(order.shape)}"
            )
        if order.dtype != np.int64:
            raise RuntimeError(
                f"{who}: sorter must be a tensor of long dtype but got dtype {sorter.dtype}"
            )
        if order.size and (order.min() < 0 or order.max() >= sequence.shape[-1]):
            raise RuntimeError(f"{who}: sorter index out of range")
        sequence = np.take_along_axis(sequence, order, -1)
    after = right or side == "right"
    if sequence.ndim == 1:
        found = np.searchsorted(sequence, values, "right" if after else "left")
    else:
        found = _ranks(sequence, values, after)
    return s._wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def _ranks(sequence: Array, values: Array, after: bool) -> Array:
    """`searchsorted` row by row: where the values land when both are put in order together."""
    count = values.shape[-1]
    both = (sequence, values) if after else (values, sequence)  # of equals, the first comes first
    together = np.argsort(np.concatenate(both, -1), -1, kind="stable")
    place = np.argsort(together, -1)
    place = place[..., place.shape[-1] - count :] if after else place[..., :count]
    return place - np.argsort(np.argsort(values, -1, kind="stable"), -1)


@takes_out("bucketize", SAME)
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Find the bucket between the sorted 1-d `boundaries` that each value falls into.

    A value that equals a boundary goes below it, or above if `right`.

    >>> import minitorch
    >>> minitorch.bucketize(minitorch.tensor([0.5, 3.0]), minitorch.tensor([1.0, 3.0]))
    tensor([0, 1])
    """
    b = require_tensor("bucketize", "boundaries", boundaries)
    if b._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({b._array.ndim})")
    return searchsorted(b, input, out_int32=out_int32, right=right)


@takes_out("isin", SAME)
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each element is among `test_elements` (or is not, if `invert`), as bools.

    Either may be a number, but not both. NaN is among nothing.
    """
    owner = next((e for e in (elements, test_elements) if args.is_tensor(e)), None)
    if owner is None:
        raise TypeError("isin(): expected at least one Tensor, got two numbers")
    if any(isinstance(e, (list, tuple, str)) for e in (elements, test_elements)):
        raise TypeError("isin(): expected Tensors or numbers, got a list; make it a tensor")
    x, y = (e._array if args.is_tensor(e) else np.asarray(e) for e in (elements, test_elements))
    if "b" in (x.dtype.kind, y.dtype.kind):
        raise RuntimeError("Unsupported input type encountered for isin(): Bool")
    return owner._wrap(np.asarray(np.isin(x, y, assume_unique, invert)))
