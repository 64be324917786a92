"""Keeping what a mask marks, without a branch for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def keep(x: Array, mask: Array) -> Array:
    """`x` where the bool `mask` holds, and 0 elsewhere, whatever `x` is there (inf and NaN too).

    The bits of each element are and-ed with all ones or all zeros. ``np.where`` does the same in
    ten times as long, since the processor cannot guess a random mask's branches; a product with
    the mask is as quick, but makes NaN of 0 * inf.
    """
    bits = np.dtype(f"i{x.dtype.itemsize}")
    return (x.view(bits) & -mask.astype(bits)).view(x.dtype)
