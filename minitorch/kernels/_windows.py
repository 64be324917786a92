"""Sliding windows over the spatial dimensions, shared by convolution and pooling.

Inside these kernels the batch comes last: (C, *S, N), as in Krizhevsky's cuda-convnet. What one
place of a window takes from every image then lies side by side in memory, so that NumPy copies and
compares long runs instead of a few pixels at a time. Results go out as (N, C, *S) over that same
memory, and the next kernel finds it as it needs it; nothing is moved in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def wide(x: Array) -> Array:
    """float16 as float32, in which sums of halves are computed."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def batch_last(x: Array) -> Array:
    """x (N, C, *S) as (C, *S, N), over the same memory."""
    return x.transpose(*range(1, x.ndim), 0)


def batch_first(x: Array) -> Array:
    """x (C, *S, N) as (N, C, *S), over the same memory."""
    return x.transpose(-1, *range(x.ndim - 1))


def inside(spatial: Sizes, padding: Pairs) -> tuple[Any, ...]:
    """Where in (C, *padded, N) the array of size `spatial` lies."""
    return (slice(None), *(slice(b, b + s) for s, (b, _) in zip(spatial, padding, strict=True)))


def pad(x: Array, padding: Pairs, value: Any = 0) -> Array:
    """x (C, *S, N) with `value` around its spatial dimensions; `x` itself for no padding."""
    if not any(before or after for before, after in padding):
        return x
    C, *S, N = x.shape
    sizes = [s + before + after for s, (before, after) in zip(S, padding, strict=True)]
    padded = np.empty((C, *sizes, N), x.dtype)
    for dim, (before, after) in enumerate(padding, start=1):  # only the frame
        edge = (slice(None),) * dim
        if before:
            padded[(*edge, slice(None, before))] = value
        if after:
            padded[(*edge, slice(-after, None))] = value
    padded[inside(tuple(S), padding)] = x
    return padded


def windows(x: Array, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Every window of a contiguous x (C, *S, N), without a copy: (C, *K, *O, N)."""
    c_step, *steps, n_step = x.strides
    within = [s * d for s, d in zip(steps, dilation, strict=True)]
    between = [s * d for s, d in zip(steps, stride, strict=True)]
    shape = (x.shape[0], *kernel, *out, x.shape[-1])
    return np.ndarray(shape, x.dtype, x, 0, (c_step, *within, *between, n_step))


@lru_cache(maxsize=256)
def places(kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Any, ...]:
    """For each place of the window, the slices of (C, *S, N) that it meets, window by window."""
    return tuple(
        (
            slice(None),
            *(
                slice(k * d, k * d + (o - 1) * s + 1, s)
                for k, d, o, s in zip(place, dilation, out, stride, strict=True)
            ),
        )
        for place in product(*map(range, kernel))
    )


def scatter(
    shares: Iterable[Array],
    input_shape: Sizes,
    kernel: Sizes,
    out: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
) -> Array:
    """Send each share (C, *O, N), one a place of the window, back to where it was taken from.

    The sum, over the windows that an element is in, is of the shape (N, C, *S) of `input_shape`.
    """
    N, C, *S = input_shape
    sizes = [s + before + after for s, (before, after) in zip(S, padding, strict=True)]
    padded: Array | None = None
    apart = all(s > d * (k - 1) for k, s, d in zip(kernel, stride, dilation, strict=True))
    for share, where in zip(shares, places(kernel, out, stride, dilation), strict=True):
        if padded is None:
            padded = np.zeros((C, *sizes, N), share.dtype)
        if apart:  # no two windows meet
            padded[where] = share
        else:
            padded[where] += share
    assert padded is not None, "a window has at least one place"
    return batch_first(padded[inside(tuple(S), padding)])
