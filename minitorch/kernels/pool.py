"""Pooling: a maximum or a mean over each window, and their adjoints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.kernels._windows import Array, Sizes, offsets, pad, windows


def output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """How many windows; with `ceil_mode`, a last one may hang over the edge."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    out = -(-room // stride) + 1
    return out - 1 if (out - 1) * stride >= size + padding else out


def _geometry(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Sizes, Any]:
    """The output's size, and the padding that gives every window its elements."""
    out, pairs = [], []
    for size, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        o = output_size(size, k, s, p, d, ceil_mode)
        needed = (o - 1) * s + d * (k - 1) + 1
        out.append(o)
        pairs.append((p, max(needed - size - p, 0)))
    return tuple(out), tuple(pairs)


def max_pool(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Array, Array]:
    """The largest element of each window of x (N, C, *S), and its flat place in its plane."""
    dims = len(kernel)
    spatial = x.shape[2:]
    out, pairs = _geometry(spatial, kernel, stride, padding, dilation, ceil_mode)
    low = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    view = windows(pad(x, pairs, low), kernel, out, stride, dilation)
    flat = view.reshape(*x.shape[:2], math.prod(kernel), *out)
    winner = flat.argmax(2)
    y = np.take_along_axis(flat, winner[:, :, None], 2)[:, :, 0]
    places = np.unravel_index(winner, kernel)
    grids = np.ogrid[tuple(slice(o) for o in out)]
    index = np.zeros(winner.shape, np.int64)
    for d in range(dims):
        at = grids[d] * stride[d] + places[d] * dilation[d] - padding[d]
        index = index * spatial[d] + at
    return y, index


def take(x: Array, indices: Array) -> Array:
    """x (N, C, *S) at flat places of each plane."""
    N, C = x.shape[:2]
    flat = x.reshape(N, C, -1)
    return np.take_along_axis(flat, indices.reshape(N, C, -1), 2).reshape(indices.shape)


def put(grad: Array, indices: Array, spatial_shape: Sizes) -> Array:
    """The adjoint of `take`: each element added at its place."""
    N, C = grad.shape[:2]
    size = math.prod(spatial_shape)
    y = np.zeros(N * C * size, grad.dtype)
    base = np.arange(N * C)[:, None] * size
    np.add.at(y, (indices.reshape(N * C, -1) + base).reshape(-1), grad.reshape(-1))
    return y.reshape(N, C, *spatial_shape)


def _divisors(
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    out: Sizes,
    count_include_pad: bool,
    divisor_override: int | None,
    dtype: Any,
) -> Array:
    if divisor_override is not None:
        return np.full(out, divisor_override, dtype)
    total = np.ones((), np.int64)
    for size, k, s, p, o in zip(spatial, kernel, stride, padding, out, strict=True):
        start = np.arange(o) * s - p
        end = np.minimum(start + k, size + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, size)
        total = np.multiply.outer(total, end - start)
    return total.astype(dtype)


def avg_pool(
    x: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """The mean of each window of x (N, C, *S)."""
    ones = (1,) * len(kernel)
    spatial = x.shape[2:]
    out, pairs = _geometry(spatial, kernel, stride, padding, ones, ceil_mode)
    view = windows(pad(x, pairs), kernel, out, stride, ones)
    total = view.sum(tuple(range(2, 2 + len(kernel))))
    return total / _divisors(
        spatial, kernel, stride, padding, out, count_include_pad, divisor_override, x.dtype
    )


def avg_pool_input(
    grad: Array,
    input_shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """The adjoint of `avg_pool`: each mean's gradient spread evenly over its window."""
    ones = (1,) * len(kernel)
    spatial = input_shape[2:]
    out, pairs = _geometry(spatial, kernel, stride, padding, ones, ceil_mode)
    share = grad / _divisors(
        spatial, kernel, stride, padding, out, count_include_pad, divisor_override, grad.dtype
    )
    sizes = [s + sum(p) for s, p in zip(spatial, pairs, strict=True)]
    padded = np.zeros((*input_shape[:2], *sizes), grad.dtype)
    for where in offsets(kernel, out, stride, ones):
        padded[where] += share
    inside = tuple(slice(b, b + s) for s, (b, _) in zip(spatial, pairs, strict=True))
    return padded[(slice(None), slice(None), *inside)].copy()
