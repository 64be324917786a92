"""Where the elements of an array lie in memory: its strides, and copies that have some."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def laid_out(x: Array, strides: tuple[int, ...]) -> Array:
    """A copy of `x` with these strides, gaps included, which must be positive and not overlap."""
    if not x.size:
        return x
    reach = sum([(n - 1) * step for n, step in zip(x.shape, strides, strict=True)]) // x.itemsize
    made = np.ndarray(x.shape, x.dtype, np.empty(reach + 1, x.dtype), 0, strides)
    made[...] = x
    return made


def is_spread_out(x: Array) -> bool:
    """Whether its strides are positive and no two elements share a place in memory."""
    reach = 0
    for step, n in sorted(zip(x.strides, x.shape, strict=True)):
        if n > 1:
            if step <= reach:
                return False
            reach += (n - 1) * step
    return True
