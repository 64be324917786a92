"""Rows: adding them together by index, without a loop; the sum of each.

``np.add.at`` goes from element to element, and is quick at it for one flat index only: so it gets
one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.choice import or_compiled

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1 << 16  # elements that are added in one call, so that their places stay in the cache


@or_compiled
def add_rows(values: Array, index: Array, rows: int) -> Array:
    """y = zeros of (rows, D) with y[index[i]] += values[i].

    Shape: values (M, D), index (M), from 0 to rows - 1.
    """
    M, D = values.shape
    y = np.zeros((rows, D), values.dtype)
    flat, columns, step = y.reshape(-1), np.arange(D), max(BLOCK // max(D, 1), 1)
    for start in range(0, M, step):
        part = slice(start, start + step)
        places = index[part, np.newaxis] * D + columns
        np.add.at(flat, places.reshape(-1), values[part].reshape(-1))
    return y


def add_at(y: Array, key: Any, values: Array) -> None:
    """y[key] += values, where what is named twice is added twice. y lies in one piece."""
    if y.size > 8 * max(values.size, 4096) or not y.flags.c_contiguous:
        np.add.at(y, key, values)  # to number all of y would take longer
        return
    places = np.arange(y.size).reshape(y.shape)[key]
    values = np.broadcast_to(values, places.shape).astype(y.dtype, copy=False)
    np.add.at(y.reshape(-1), places.reshape(-1), values.reshape(-1))


@or_compiled
def row_sums(x: Array) -> Array:
    """Sums of long rows. Shape: x (M, E), without gaps; gives (M)."""
    total: Array = np.add.reduce(x, 1)
    return total


def first_largest(values: Array, starts: Array) -> Array:
    """For each run of rows from a start to the next, the row that is largest in each column.

    The first one, at a tie; NaN is larger than anything.

    Shape: values (M, D), starts (B), ascending and different; gives (B, D) of row numbers.
    """
    largest = np.maximum.reduceat(values, starts, axis=0)
    lengths = np.diff(starts, append=len(values))
    held = np.repeat(largest, lengths, axis=0)
    is_largest = (values == held) | np.isnan(values)
    rows = np.arange(len(values))[:, None]
    return np.minimum.reduceat(np.where(is_largest, rows, len(values)), starts, axis=0)
