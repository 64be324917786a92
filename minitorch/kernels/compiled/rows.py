"""Rows added by index, each where it belongs; sums of long rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop, served, sums

BLOCK = 4096  # elements that are added up in their own dtype; the sums of these in float64


@loop
def _add_rows(start: int, stop: int, values: Array, index: Array, y: Array) -> None:
    # Only what goes to rows from start to stop: no two threads write to one place.
    for i in range(index.size):
        if start <= index[i] < stop:
            row, value = y[index[i]], values[i]
            for d in range(value.size):
                row[d] += value[d]


def add_rows(values: Array, index: Array, rows: int) -> Any:
    if not served(values) or not values.flags.c_contiguous or index.dtype != np.int64:
        return NotImplemented
    y = np.zeros((rows, values.shape[1]), values.dtype)
    in_parts(_add_rows, rows, values.size / max(rows, 1), values, index, y)
    return y


@sums
def _total(x: Any) -> Any:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += x[i]
    return total


@loop
def _block_sums(start: int, stop: int, x: Array, y: Array) -> None:
    for i in range(start, stop):
        y[i] = _total(x[i * BLOCK : i * BLOCK + BLOCK])


@loop
def _row_sums(start: int, stop: int, x: Array, y: Array) -> None:
    for m in range(start, stop):
        total = 0.0
        for first in range(0, x.shape[1], BLOCK):
            total += _total(x[m, first : first + BLOCK])
        y[m] = total


def row_sums(x: Array) -> Any:
    if not served(x) or not x.flags.c_contiguous:
        return NotImplemented
    M, E = x.shape
    if M == 1:  # one row is shared out as well
        blocks = np.empty(-(-E // BLOCK))
        in_parts(_block_sums, blocks.size, BLOCK / 4, x[0], blocks)
        return blocks.sum(keepdims=True).astype(x.dtype)
    y = np.empty(M, x.dtype)
    in_parts(_row_sums, M, E / 4, x, y)
    return y
