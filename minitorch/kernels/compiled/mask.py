"""Choosing between elements, for ReLU and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.compiled import Array, loop, served

SMALL = 4096  # elements, up to which NumPy is as quick


@loop
def _keep(x: Array, mask: Array, y: Array) -> None:
    for i in range(x.size):
        y[i] = x[i] if mask[i] else x.dtype.type(0)


def keep_whole(x: Array, mask: Array) -> Any:
    if x.size < SMALL or not served(x) or x.shape != mask.shape:
        return NotImplemented
    (kept,) = by_blocks(_keep, (x, mask), 1)
    return kept


@loop
def _positive(x: Array, y: Array, mask: Array) -> None:
    for i in range(x.size):
        y[i] = x.dtype.type(0) if x[i] < 0 else x[i]
        mask[i] = not x[i] <= 0  # so at NaN


def positive(x: Array) -> Any:
    if x.size < SMALL or not served(x):
        return NotImplemented
    return tuple(by_blocks(_positive, (x,), (x.dtype, np.bool_)))
