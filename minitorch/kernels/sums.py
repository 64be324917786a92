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

from minitorch.kernels.rows import row_sums

Array = np.ndarray[Any, np.dtype[Any]]

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
                shape = enumerate(x.shape)
                if keepdim:
                    return found.reshape([1 if d in dims else n for d, n in shape])
                return found.reshape([n for d, n in shape if d not in dims])
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
    order: Any = range(x.ndim)
    if not x.flags.c_contiguous:
        order = sorted(order, key=lambda axis: -x.strides[axis])
        x = x.transpose(order)
        kept = [axis for axis in order if axis not in dims]
        if not x.flags.c_contiguous or kept != sorted(kept):
            return None
    places = [place for place, axis in enumerate(order) if axis in dims]
    first, last = places[0], places[-1] + 1
    if last - first != len(places):  # not side by side: those that are come first, at the end
        first = max(place for place in places if place - 1 not in places)
        tail = tuple(range(first, last))
        ends = _by_product(x, tail)
        ends = _add(x, tail) if ends is None else ends.reshape(x.shape[:first] + x.shape[last:])
        return add_up(ends, tuple(places[: -len(tail)]), False).reshape(-1)
    before, size, after = (
        math.prod(part) for part in (x.shape[:first], x.shape[first:last], x.shape[last:])
    )
    if before == 1:
        return ones(size, x.dtype) @ x.reshape(size, after)
    if after != 1:
        return np.matmul(ones(size, x.dtype), x.reshape(before, size, after))
    rows = x.reshape(before, size)
    return rows @ ones(size, x.dtype) if size <= LONG else row_sums(rows)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """x summed down to `shape`, which must broadcast to x's: what broadcasting is undone by."""
    extra = x.ndim - len(shape)
    stretched = [d + extra for d, size in enumerate(shape) if size == 1 and x.shape[d + extra] != 1]
    total: Array = add_up(x, (*range(extra), *stretched), keepdim=True)
    return total.reshape(shape) if extra else total
