"""Pooling: a maximum or a mean over each window, and their adjoints.

A window is gone through place by place, all windows at once: first every window's first element,
then every window's second, and so on.
"""

from __future__ import annotations

import math
from itertools import repeat
from typing import Any

import numpy as np

from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    inside,
    ordered_as,
    pad,
    places,
    scatter,
    wide,
)
from minitorch.kernels.mask import keep


def output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """How many windows; with `ceil_mode`, a last one may hang over the edge."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    out = -(-room // stride) + 1
    return out - 1 if (out - 1) * stride >= size + padding else out


def _frame(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Sizes, Pairs]:
    """The output's size, and the padding that gives every window its elements."""
    out, pairs = [], []
    for size, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        o = output_size(size, k, s, p, d, ceil_mode)
        needed = (o - 1) * s + d * (k - 1) + 1
        out.append(o)
        pairs.append((p, max(needed - size - p, 0)))
    return tuple(out), tuple(pairs)


def max_pool(
    x: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    want_winners: bool = False,
) -> tuple[Array, Array | None]:
    """The largest element of each window of x (N, C, *S), and which place of its window it is at.

    NaN is the largest there is. At a tie the first place wins; of several NaN the last (PyTorch's
    rules). Places count through the window, and there is no branch for each element: a place that
    beats the largest so far is the largest place so far, too.
    """
    spatial = x.shape[2:]
    out, pairs = _frame(spatial, kernel, stride, padding, dilation, ceil_mode)
    padded = pad(x, pairs, _lowest(x))
    spots = places(kernel, out, stride, dilation)
    y = padded[spots[0]].copy("K")
    if not want_winners:
        for where in spots[1:]:
            np.maximum(padded[where], y, out=y)
        return y, None
    small: Any = np.uint8 if len(spots) < 256 else np.uint32
    winner = np.zeros_like(y, small)
    image = None
    if padded is not x:  # padding never wins, not even against a window of -inf
        image = np.zeros((1, 1, *padded.shape[2:]), bool)
        image[(slice(None), slice(None), *inside(spatial, pairs))] = True
        met = image[spots[0]].copy()
    for place, where in enumerate(spots[1:], start=1):
        other = padded[where]
        better = other > y
        if image is not None:
            here = image[where]
            better = (better & here) | (here & ~met)
            met |= here
        np.maximum(winner, better.view(np.uint8) * small(place), out=winner)
        np.maximum(other, y, out=y)
    if x.dtype.kind == "f" and y.size and np.isnan(y.max()):
        for place, where in enumerate(spots):
            winner[np.isnan(padded[where])] = place
    return y, winner


def _lowest(x: Array) -> float | int:
    return -np.inf if x.dtype.kind == "f" else int(np.iinfo(x.dtype).min)


def flat_indices(
    winner: Array,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Array:
    """The winners' flat positions in their planes, as PyTorch returns them."""
    within = np.unravel_index(winner, kernel)
    index = np.zeros(winner.shape, np.int64)
    for dim, size in enumerate(spatial):
        starts = np.arange(winner.shape[2 + dim]) * stride[dim] - padding[dim]
        starts = starts.reshape(-1, *(1,) * (len(spatial) - dim - 1))
        index = index * size + starts + within[dim] * dilation[dim]
    return index


def take(
    x: Array,
    winner: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Array:
    """The element of each window of x (N, C, *S) at the place given by `winner`."""
    out, pairs = _frame(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    padded = pad(x, pairs)
    y = np.zeros_like(winner, x.dtype)
    for place, where in enumerate(places(kernel, out, stride, dilation)):
        y += keep(padded[where], winner == place)
    return y


def put(
    grad: Array,
    winner: Array,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Array:
    """The adjoint of `take`: each element added at its winner's place."""
    out, pairs = _frame(spatial, kernel, stride, padding, dilation, ceil_mode)
    grad = ordered_as(grad, winner)
    shares = (keep(grad, winner == place) for place in range(math.prod(kernel)))
    return scatter(shares, spatial, kernel, out, stride, pairs, dilation)


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
    """What each window's sum is divided by, to go with (N, C, *O)."""
    if divisor_override is not None:
        return np.asarray(divisor_override, dtype)
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
    out, pairs = _frame(spatial, kernel, stride, padding, ones, ceil_mode)
    padded = pad(wide(x), pairs)
    first, *others = places(kernel, out, stride, ones)
    total = padded[first].copy("K")
    for where in others:
        total += padded[where]
    divisors = _divisors(
        spatial, kernel, stride, padding, out, count_include_pad, divisor_override, total.dtype
    )
    if x.dtype.kind == "f":
        total /= divisors
    else:  # rounded toward zero, as in C
        total = np.sign(total) * (np.abs(total) // np.abs(divisors)) * np.sign(divisors)
    return total.astype(x.dtype, copy=False)


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
    out, pairs = _frame(spatial, kernel, stride, padding, ones, ceil_mode)
    grad_ = wide(grad)
    share = grad_ / _divisors(
        spatial, kernel, stride, padding, out, count_include_pad, divisor_override, grad_.dtype
    )
    shares = repeat(share, math.prod(kernel))
    dx = scatter(shares, spatial, kernel, out, stride, pairs, ones)
    return dx.astype(grad.dtype, copy=False)


def adaptive_bounds(size: int, out: int) -> tuple[Array, Array]:
    """Where each of `out` cells, as even as can be, begins and ends in `size` elements."""
    cells = np.arange(out)
    return cells * size // out, -(-(cells + 1) * size // out)


def adaptive_max_indices(x: Array, out: Sizes) -> Array:
    """The flat position of the largest element of each cell of x (N, C, *S): (N, C, *out).

    The first of them, at a tie; the last NaN, if there is one.
    """
    N, C, *S = x.shape
    position: Array = np.zeros(
        (), np.int64
    )  # of each cell's elements in the plane: (*out, *window)
    for dim, (size, cells) in enumerate(zip(S, out, strict=True)):
        start, end = adaptive_bounds(size, cells)
        window = np.arange(int((end - start).max(initial=1)))
        # A shorter cell names its last element again, which changes no maximum.
        along = np.minimum(start[:, None] + window, end[:, None] - 1)
        outer = (*position.shape[:dim], 1, *position.shape[dim:], 1)
        shape = (1,) * dim + (cells,) + (1,) * dim + (len(window),)
        position = position.reshape(outer) * size + along.reshape(shape)
    position = position.reshape(math.prod(out), -1)
    elements = x.reshape(N, C, math.prod(S))[:, :, position]  # (N, C, cells, window)
    winner = elements.argmax(-1)
    missing = np.isnan(elements)
    if missing.any():
        last = missing.shape[-1] - 1 - missing[..., ::-1].argmax(-1)
        winner = np.where(missing.any(-1), last, winner)
    return position[np.arange(len(position)), winner].reshape(N, C, *out)
