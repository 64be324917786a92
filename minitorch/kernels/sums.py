"""Sums over some dimensions, of float16 in float32 until they are done.

BLAS adds along one side of a matrix several times faster than NumPy does, as a product with ones.
Along the first dimension it is also more precise, for NumPy adds row after row there; along the
last one NumPy adds in pairs, which is more precise for long rows, and then no slower.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from minitorch.kernels.bfloat16 import BFLOAT16, native, rounded
from minitorch.kernels.rows import row_sums

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]

FEW = 512  # elements, up to which NumPy has added them before BLAS is called
MANY = 1 << 15  # elements, of which the sum is worth compiled code
LONG = 1024  # elements of a row from which on NumPy adds it

_add: Any = np.add.reduce  # what ndarray.sum calls, without the detour


@functools.lru_cache(maxsize=256)
def ones(size: int, dtype: np.dtype[Any]) -> Array:
    """Ones to sum with, kept for the next time. (Not to be written into.)"""
    return np.ones(size, dtype)


def wide(x: Array) -> np.dtype[Any]:
    """The dtype in which to add up `x`: float16 is too narrow, and its sums are kept in float32."""
    return np.dtype(np.float32) if x.dtype == np.float16 else x.dtype


def add_up(x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
    """x's sum in x's dtype; that of float16 is kept in float32 until it is done."""
    if dims == (0,) and not keepdim and x.ndim == 2 and x.dtype.char in "fd":  # as of a bias
        return ones(len(x), x.dtype).dot(x)
    if x.dtype.char in "fd":
        if x.size > FEW and 0 < len(dims) < x.ndim:
            found = _by_product(x, dims)
            if found is not None:
                return found.reshape(_shape_left(x.shape, dims, keepdim))
        if x.size > MANY and len(dims) == x.ndim and x.flags.c_contiguous:
            total = row_sums(x.reshape(1, -1))
            return total.reshape((1,) * x.ndim) if keepdim else total[0]
        return _add(x, dims, keepdims=keepdim)
    return _add(x, dims, dtype=wide(x), keepdims=keepdim).astype(x.dtype, copy=False)


def mean_of_half(x: Array, dims: tuple[int, ...], keepdim: bool, count: int) -> Any:
    """The float16 x's sum over its count, in float32 until it is divided."""
    total = _add(x, dims, dtype=np.float32, keepdims=keepdim)
    return np.divide(total, np.float32(count)).astype(x.dtype)


def _by_product(x: Array, dims: tuple[int, ...]) -> Array | None:
    """The sums, flat, as products with ones; None if they are not made so."""
    if not x.flags.c_contiguous:
        order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
        x = x.transpose(order)
        kept = [axis for axis in order if axis not in dims]
        if not x.flags.c_contiguous or kept != sorted(kept):
            return None
        dims = tuple([place for place, axis in enumerate(order) if axis in dims])
    sides = _sides(x.shape, dims)
    if sides is None:  # not side by side: those that are come first, at the end
        first, last = max(dim for dim in dims if dim - 1 not in dims), max(dims) + 1
        tail = tuple(range(first, last))
        ends = _by_product(x, tail)
        ends = _add(x, tail) if ends is None else ends.reshape(x.shape[:first] + x.shape[last:])
        return add_up(ends, tuple([dim for dim in dims if dim < first]), False).reshape(-1)
    before, size, after = sides
    if before == 1:
        return ones(size, x.dtype) @ x.reshape(size, after)
    if after != 1:
        return np.matmul(ones(size, x.dtype), x.reshape(before, size, after))
    rows = x.reshape(before, size)
    return rows @ ones(size, x.dtype) if size <= LONG else row_sums(rows)


def sum_to(x: Array, shape: Shape) -> Array:
    """x summed down to `shape`, which must broadcast to x's: what broadcasting is undone by."""
    x = x if x.dtype.isnative else native(x)
    total: Array = add_up(x, _stretched(x.shape, shape), True)
    return total if x.ndim == len(shape) else total.reshape(shape)


def added(x: Array, y: Array) -> Array:
    """x + y, of bfloat16."""
    return rounded(np.add(x, y))


def cast(x: Array, dtype: np.dtype[Any]) -> Array:
    """Floats in another floating-point dtype."""
    return rounded(x) if dtype == BFLOAT16 else x.astype(dtype)


# Of shapes alone, which are the same in every step of a training.


@functools.lru_cache(maxsize=256)
def _shape_left(shape: Shape, dims: Shape, keepdim: bool) -> Shape:
    """The shape of a sum over `dims`."""
    if keepdim:
        return tuple([1 if dim in dims else size for dim, size in enumerate(shape)])
    return tuple([size for dim, size in enumerate(shape) if dim not in dims])


@functools.lru_cache(maxsize=256)
def _sides(shape: Shape, dims: Shape) -> tuple[int, int, int] | None:
    """Count what lies before, in and after `dims`; None if they are not next to each other.

    They need not be in order.
    """
    first, last = min(dims), max(dims) + 1
    if last - first != len(dims):
        return None
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])


@functools.lru_cache(maxsize=256)
def _stretched(shape: Shape, less: Shape) -> Shape:
    """The dims of `shape` along which something of the shape `less` is broadcast to it."""
    extra = len(shape) - len(less)
    ones = [d + extra for d, size in enumerate(less) if size == 1 and shape[d + extra] != 1]
    return (*range(extra), *ones)


@functools.lru_cache(maxsize=256)
def broadcasts(less: Shape, shape: Shape) -> bool:
    """Whether something of the shape `less` can be broadcast to `shape`."""
    padded = (1,) * (len(shape) - len(less)) + less
    return len(padded) == len(shape) and all(
        a in (1, b) for a, b in zip(padded, shape, strict=True)
    )
