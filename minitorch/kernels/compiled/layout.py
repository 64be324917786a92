"""Copies from one order of memory to another, tile by tile."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop
from minitorch.kernels.compiled.vectors import transpose_tile

LEAST = 1 << 16  # elements, below which NumPy is done as soon
INTEGERS: Any = {4: np.int32, 8: np.int64}  # the bits of a number are moved, whatever it is
SIDES = 16, 8, 4  # of a tile


@loop
def _copy(start: int, stop: int, y: Array, x: Array, side: int) -> None:
    # Shape: (A, B, D, I, J), where neighbours along I are side by side in x, and along J in y.
    _, B, D, I, J = y.shape
    size = y.itemsize
    for outer in range(start, stop):
        a, inner = divmod(outer, B * D)
        b, d = divmod(inner, D)
        to = (a * y.strides[0] + b * y.strides[1] + d * y.strides[2]) // size
        at = (a * x.strides[0] + b * x.strides[1] + d * x.strides[2]) // size
        apart, between = y.strides[3] // size, x.strides[4] // size
        for i in range(0, I, side):
            for j in range(0, J, side):
                target, source = to + i * apart + j, at + i + j * between
                if side == 16:
                    transpose_tile(y, target, apart, x, source, between, 16)
                elif side == 8:
                    transpose_tile(y, target, apart, x, source, between, 8)
                else:
                    transpose_tile(y, target, apart, x, source, between, 4)


def _merged(y: Array, x: Array) -> tuple[Array, Array]:
    """The two, each pair of axes made one that is as good as one in both; y's order is C's."""
    axis = y.ndim - 1
    while axis > 0:
        n = y.shape[axis]
        if all(a.strides[axis - 1] == n * a.strides[axis] for a in (y, x)):
            shape = (*y.shape[: axis - 1], -1, *y.shape[axis + 1 :])
            y, x = y.reshape(shape), x.reshape(shape)
        axis -= 1
    return y, x


def copy(y: Array, x: Array) -> Any:
    if y.size < LEAST or y.dtype != x.dtype or y.itemsize not in INTEGERS:
        return NotImplemented
    kept = [axis for axis in range(y.ndim) if y.shape[axis] > 1]
    kept.sort(key=lambda axis: -abs(y.strides[axis]))
    index = tuple(slice(None) if n > 1 else 0 for n in y.shape)
    order = [sorted(kept).index(axis) for axis in kept]
    y, x = _merged(y[index].transpose(order), x[index].transpose(order))
    last = y.ndim - 1
    if last < 1:
        return NotImplemented
    close = min(range(y.ndim), key=lambda axis: abs(x.strides[axis]))
    # Do both run along the same axis, or one along none?
    if close == last or x.strides[close] != x.itemsize or y.strides[last] != y.itemsize:
        return NotImplemented
    I, J = y.shape[close], y.shape[last]
    side = next((n for n in SIDES if I % n == 0 == J % n), None)
    if side is None or y.ndim > 5:
        return NotImplemented
    bits = INTEGERS[y.itemsize]
    y, x = (np.moveaxis(a, close, -2)[(np.newaxis,) * (5 - a.ndim)].view(bits) for a in (y, x))
    A, B, D, _, _ = y.shape
    in_parts(_copy, A * B * D, I * J, y, x, side)
    return None
