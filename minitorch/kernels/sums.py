"""Sums over some dimensions, of float16 in float32 until they are done."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_add: Any = np.add.reduce  # what ndarray.sum calls, without the detour


def wide(x: Array) -> np.dtype[Any]:
    """The dtype in which to add up `x`: float16 is too narrow, and its sums are kept in float32."""
    return np.dtype(np.float32) if x.dtype == np.float16 else x.dtype


def add_up(x: Array, dims: tuple[int, ...], keepdim: bool) -> Any:
    """x's sum in x's dtype; that of float16 is kept in float32 until it is done."""
    if x.dtype.char in "fd":
        return _add(x, dims, keepdims=keepdim)
    return _add(x, dims, dtype=wide(x), keepdims=keepdim).astype(x.dtype, copy=False)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """x summed down to `shape`, which must broadcast to x's: what broadcasting is undone by."""
    extra = x.ndim - len(shape)
    stretched = [d + extra for d, size in enumerate(shape) if size == 1 and x.shape[d + extra] != 1]
    total: Array = add_up(x, (*range(extra), *stretched), keepdim=True)
    return total.reshape(shape) if extra else total
