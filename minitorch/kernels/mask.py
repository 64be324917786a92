"""Choosing between elements without a branch for each: what ``np.where`` does, many times as fast.

A processor cannot guess the branches of a random mask, nor does NumPy use vector instructions for a
maximum with a number (for one with an array it does).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.blocks import by_blocks

Array = np.ndarray[Any, np.dtype[Any]]

LARGE = 1 << 19  # elements that are worth several threads


def keep(x: Array, mask: Array) -> Array:
    """`x` where the bool `mask` holds, and 0 elsewhere, whatever `x` is there (inf and NaN too).

    The bits of each element, as an integer, are multiplied by 1 or 0. (The product of the number
    itself would make NaN of 0 * inf.)
    """
    return np.multiply(x.view(f"i{x.dtype.itemsize}"), mask).view(x.dtype)


def keep_whole(x: Array, mask: Array) -> Array:
    """`keep` for an array without gaps; a large one is shared out among threads."""
    if x.size < LARGE:
        return keep(x, mask)
    (kept,) = by_blocks(np.multiply, (x.view(f"i{x.dtype.itemsize}"), mask), 1)
    return kept.view(x.dtype)


def positive(x: Array) -> tuple[Array, Array]:
    """max(x, 0), where NaN stays; and where x is above 0 or NaN, as bools."""
    if x.size < LARGE:
        return at_least(x, 0), ~(x <= 0)
    y, mask = by_blocks(_positive, (x,), (x.dtype, np.bool_))
    return y, mask


def _positive(x: Array, y: Array, mask: Array) -> None:
    np.maximum(np.zeros_like(x), x, out=y)
    np.logical_not(np.less_equal(x, 0, out=mask), out=mask)


def choose(mask: Array, x: Array, y: Array) -> Array:
    """`x` where the bool `mask` holds, else `y`; of one floating dtype, broadcast."""
    bits = np.dtype(f"i{x.dtype.itemsize}")
    other = y.view(bits)
    chosen: Array = ((x.view(bits) ^ other) & -mask.astype(bits)) ^ other
    return chosen.view(x.dtype)


MANY = 2048  # elements above which an array of one number pays


def at_least(x: Array, low: Any) -> Array:
    """The larger of each element and the number `low`; NaN stays, and so does -0.0 at 0."""
    return np.maximum(np.full_like(x, low) if x.size > MANY else x.dtype.type(low), x)


def at_most(x: Array, high: Any) -> Array:
    """The smaller of each element and the number `high`; NaN stays, and so does -0.0 at 0."""
    return np.minimum(np.full_like(x, high) if x.size > MANY else x.dtype.type(high), x)
