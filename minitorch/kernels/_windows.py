"""Sliding windows over the spatial dimensions, shared by convolution and pooling."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = np.ndarray[Any, np.dtype[Any]]
Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def pad(x: Array, padding: Pairs, value: Any = 0) -> Array:
    """`x` (N, C, *S) with `value` around its spatial dimensions; `x` itself for no padding."""
    if not any(before or after for before, after in padding):
        return x
    N, C, *S = x.shape
    sizes = [s + before + after for s, (before, after) in zip(S, padding, strict=True)]
    padded = (
        np.zeros((N, C, *sizes), x.dtype) if value == 0 else np.full((N, C, *sizes), value, x.dtype)
    )
    inside = tuple(slice(b, b + s) for s, (b, _) in zip(S, padding, strict=True))
    padded[(slice(None), slice(None), *inside)] = x
    return padded


def windows(x: Array, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Every window of `x` (N, C, *S), without a copy: (N, C, *K, *O)."""
    n_step, c_step, *steps = x.strides
    within = [s * d for s, d in zip(steps, dilation, strict=True)]
    between = [s * d for s, d in zip(steps, stride, strict=True)]
    shape = (*x.shape[:2], *kernel, *out)
    return as_strided(x, shape, (n_step, c_step, *within, *between))


def offsets(kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> list[tuple[Any, ...]]:
    """For each place in the kernel, the slices of (N, C, *S) that it meets, window by window."""
    return [
        (
            slice(None),
            slice(None),
            *(
                slice(k * d, k * d + (o - 1) * s + 1, s)
                for k, d, o, s in zip(place, dilation, out, stride, strict=True)
            ),
        )
        for place in product(*(range(k) for k in kernel))
    ]
