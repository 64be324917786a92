"""Pooling: a maximum or a mean over each window, and their adjoints.

A window is gone through place by place, all windows at once: first every window's first element,
then every window's second, and so on.
"""

from __future__ import annotations

import functools
import math
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    ordered_as,
    pad,
    places,
    scatter,
    upcast_half,
)
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.mask import keep
from minitorch.kernels.sums import add_up


def output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """Count the windows; with `ceil_mode`, a last one may hang over the edge."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    out = -(-room // stride) + 1
    return out - 1 if (out - 1) * stride >= size + padding else out


def _frame(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Sizes, Pairs]:
    """The output's size, and the padding that gives every window its elements."""
    out = tuple(map(output_size, spatial, kernel, stride, padding, dilation, repeat(ceil_mode)))
    pairs = []
    for size, k, s, p, d, o in zip(spatial, kernel, stride, padding, dilation, out, strict=True):
        pairs.append((p, max((o - 1) * s + d * (k - 1) + 1 - size - p, 0)))
    return out, tuple(pairs)


# ---- the largest element ----------------------------------------------------------------------
#
# The largest of a window is the largest of its rows' largest, so the window passes along one
# dimension after the other, the last first: of 3 x 3 elements, 2 + 2 are compared instead of 8.
# Which place won is noted for each dimension by itself. (The first place of a tie, counted through
# the window, is in the first row that has one, and there the first.)


class Stage(NamedTuple):
    """Passage of the window along one dimension of (N, C, *S)."""

    axis: int
    at: tuple[Any, ...]  # for each place of the window, the slices that it meets
    padding: Pairs  # along this dimension
    size: int  # with padding
    inside: tuple[Any, ...]  # where in the padded dimension the elements lie
    real: tuple[tuple[Array, Array], ...]  # see `_real`; nothing where there is no padding
    apart: bool  # whether no two windows meet
    full: bool  # whether the windows tile the dimension exactly


@functools.lru_cache(maxsize=256)
def _stages(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Stage, ...]:
    """The dimensions, the last first. (What follows `spatial` is called a `window` below.)"""
    out, pairs = _frame(spatial, kernel, stride, padding, dilation, ceil_mode)
    stages = []
    for dim in reversed(range(len(spatial))):
        k, s, d, o = kernel[dim], stride[dim], dilation[dim], out[dim]
        before = (slice(None),) * (2 + dim)
        at = tuple(
            (*before, slice(place * d, place * d + (o - 1) * s + 1, s)) for place in range(k)
        )
        pair = pairs[dim]
        size = spatial[dim] + sum(pair)
        apart = s > d * (k - 1)
        inside = (*before, slice(pair[0], pair[0] + spatial[dim]))
        real = _real(spatial[dim], pair, at, len(spatial) - dim) if any(pair) else ()
        full = apart and d == 1 and k == s and o * s == size
        stages.append(Stage(2 + dim, at, (pair,), size, inside, real, apart, full))
    return tuple(stages)


def _real(size: int, pair: tuple[int, int], at: Any, rank: int) -> tuple[tuple[Array, Array], ...]:
    """For each place: where it meets an element and not padding; and where no earlier place did.

    Padding never wins, not even against a window of -inf.
    """
    is_real = np.pad(np.ones(size, bool), pair)
    found, met = [], np.zeros((), bool)
    for where in at:
        here = is_real[where[-1]]
        first = here & ~met
        met = met | here
        found.append(tuple(each.reshape(-1, *(1,) * (rank - 1)) for each in (here, first)))
    return tuple(found)


def max_pool(
    x: Array, want_winners: bool = False, **window: Any
) -> tuple[Array, tuple[Array, ...]]:
    """The largest element of each window of x (N, C, *S), and which place along each dimension won.

    NaN is the largest there is. At a tie the first place wins; of several NaN the last (PyTorch's
    rules). There is no branch for each element: a place that beats the largest so far is the
    largest place so far, too.

    Returns:
        The maxima (N, C, *O), and if wanted the winners: one array of places a dimension, the last
        dimension first, each of the shape that the array had when the window had passed along it.
    """
    y, passed, winners = x, [], []
    lowest = -np.inf if x.dtype.kind == "f" else int(np.iinfo(x.dtype).min)
    for stage in _stages(x.shape[2:], **window):
        padded = pad(y, stage.padding, lowest, first=stage.axis)
        y, winner = largest(padded, stage, want_winners)
        if winner is not None:
            winners.append(winner)
            passed.append((padded, stage))
    if winners and x.dtype.kind == "f" and y.size and np.isnan(y.max()):
        for (padded, stage), winner in zip(passed, winners, strict=True):
            for place, where in enumerate(stage.at):
                winner[np.isnan(padded[where])] = place
    return y, tuple(winners)


@or_compiled
def largest(padded: Array, stage: Stage, want_winner: bool) -> tuple[Array, Array | None]:
    """The largest element of each window along one dimension, and its place if that is wanted."""
    small: Any = np.uint8 if len(stage.at) < 256 else np.uint32
    most = padded[stage.at[0]]
    if len(stage.at) == 1:
        return most.copy("K"), np.zeros_like(most, small) if want_winner else None
    winner = None
    for place, where in enumerate(stage.at[1:], start=1):
        other = padded[where]
        if want_winner:
            better = other > most
            if stage.real:
                here, first = stage.real[place]
                better = (better & here) | first
            won = better.view(np.uint8)
            if winner is None:
                winner = won if small is np.uint8 else won.astype(small)
            else:
                np.maximum(winner, won * small(place), out=winner)
        most = np.maximum(other, most, out=None if place == 1 else most)
    return most, winner


def flat_indices(
    winners: tuple[Array, ...],
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Array:
    """The winners' flat positions in their planes, as PyTorch returns them: (N, C, *O)."""
    # Which element of an array that the window has passed along is meant, for each output.
    at: list[Any] = list(np.ogrid[tuple(slice(size) for size in winners[-1].shape)])
    index: Any = 0
    for dim, winner in enumerate(reversed(winners)):
        place = winner[tuple(at)].astype(np.int64)
        at[2 + dim] = at[2 + dim] * stride[dim] - padding[dim] + place * dilation[dim]
        index = index * spatial[dim] + at[2 + dim]
    return np.asarray(index)


def take(x: Array, *winners: Array, **window: Any) -> Array:
    """The element of each window of x (N, C, *S) at the place given by `winners`."""
    for stage, winner in zip(_stages(x.shape[2:], **window), winners, strict=True):
        padded = pad(x, stage.padding, first=stage.axis)
        x = np.zeros_like(winner, x.dtype)
        for place, where in enumerate(stage.at):
            x += keep(padded[where], winner == place)
    return x


def put(grad: Array, *winners: Array, spatial: Sizes, **window: Any) -> Array:
    """The adjoint of `take`: each element added at its winner's place."""
    grad = ordered_as(grad, winners[-1])
    for stage, winner in zip(_stages(spatial, **window)[::-1], winners[::-1], strict=True):
        shape = (*grad.shape[: stage.axis], stage.size, *grad.shape[stage.axis + 1 :])
        padded = np.empty_like(grad, shape=shape)
        if not stage.full:
            padded.fill(0)
        spread(grad, winner, stage, padded)
        grad = padded[stage.inside] if stage.real else padded
    return grad


@or_compiled
def spread(grad: Array, winner: Array, stage: Stage, padded: Array) -> None:
    """Add each element of `grad` to `padded` at its winner's place along one dimension."""
    if not stage.apart:
        for place, where in enumerate(stage.at):
            padded[where] += keep(grad, winner == place)
        return
    # No two meet, so they are written at once: what another place has won goes there, and is taken
    # from what the first place gets. Done on the bits, which inf and NaN do not spoil.
    bits = np.dtype(f"i{grad.dtype.itemsize}")
    left, target = grad.view(bits), padded.view(bits)
    first = target[stage.at[0]]
    if len(stage.at) == 1:
        first[...] = left
    for place, where in enumerate(stage.at[1:], start=1):
        share = target[where]
        np.multiply(grad.view(bits), winner if len(stage.at) == 2 else winner == place, out=share)
        left = np.bitwise_xor(left, share, out=first)


# ---- the mean, and cells ----------------------------------------------------------------------


def _divisors(
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> tuple[Sizes, Pairs, Array]:
    """As `_frame`, and the divisor of each window's sum, to go with (N, C, *O)."""
    out, pairs = _frame(spatial, kernel, stride, padding, (1,) * len(kernel), ceil_mode)
    if divisor_override is not None:
        return out, pairs, np.asarray(divisor_override)
    total = np.ones((), np.int64)
    for size, k, s, p, o in zip(spatial, kernel, stride, padding, out, strict=True):
        start = np.arange(o) * s - p
        end = np.minimum(start + k, size + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, size)
        total = np.multiply.outer(total, end - start)
    return out, pairs, total


MANY_PLACES = 8  # of a window, which are added along one dimension after the other


def _line_sums(x: Array, axis: int, out: int, size: int) -> Array:
    """Sums of `out` runs of `size` elements each, side by side along `axis`."""
    before = (slice(None),) * axis
    total = x[(*before, slice(0, out * size, size))].copy("K")
    for place in range(1, size):
        total += x[(*before, slice(place, out * size, size))]
    return total


def avg_pool(x: Array, kernel: Sizes, stride: Sizes, **window: Any) -> Array:
    """The mean of each window of x (N, C, *S); arguments as `_divisors`'s."""
    out, pairs, divisors = _divisors(x.shape[2:], kernel, stride, **window)
    padded = pad(upcast_half(x), pairs)
    if kernel == x.shape[2:] == padded.shape[2:] and x.dtype.kind == "f":  # one window, all of it
        total = add_up(padded, tuple(range(2, x.ndim)), keepdim=True)
    elif kernel == stride and len(kernel) > 1 and math.prod(kernel) > MANY_PLACES:
        total = padded
        for axis, (o, k) in enumerate(zip(out, kernel, strict=True), start=2):
            total = _line_sums(total, axis, o, k)
    else:
        first, *others = places(kernel, out, stride, (1,) * len(kernel))
        total = padded[first].copy("K")
        for where in others:
            total += padded[where]
    divisors = divisors.astype(total.dtype)
    if x.dtype.kind == "f":
        total /= divisors
    else:  # rounded toward zero, as in C
        total = np.sign(total) * (np.abs(total) // np.abs(divisors)) * np.sign(divisors)
    return total.astype(x.dtype, copy=False)


def avg_pool_input(
    grad: Array, input_shape: Sizes, kernel: Sizes, stride: Sizes, **window: Any
) -> Array:
    """The adjoint of `avg_pool`: each mean's gradient spread evenly over its window."""
    spatial, wide = input_shape[2:], upcast_half(grad)
    out, pairs, divisors = _divisors(spatial, kernel, stride, **window)
    shares = repeat(wide / divisors.astype(wide.dtype), math.prod(kernel))
    dx = scatter(shares, spatial, kernel, out, stride, pairs, (1,) * len(kernel))
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
    position: Array = np.zeros((), np.int64)  # of cells' elements in the plane: (*out, *window)
    for dim, (size, cells) in enumerate(zip(S, out, strict=True)):
        start, end = adaptive_bounds(size, cells)
        window = np.arange(int((end - start).max(initial=1)))
        # A shorter cell names its last element again, which changes no maximum.
        along = np.minimum(start[:, None] + window, end[:, None] - 1)
        outer = (*position.shape[:dim], 1, *position.shape[dim:], 1)
        shape = (1,) * dim + (cells,) + (1,) * dim + (len(window),)
        position = position.reshape(outer) * size + along.reshape(shape)  # (*out, *window) so far
    position = position.reshape(math.prod(out), -1)  # (cells, window)
    elements = x.reshape(N, C, math.prod(S))[:, :, position]  # (N, C, cells, window)
    winner = elements.argmax(-1)
    missing = np.isnan(elements)
    if missing.any():
        last = missing.shape[-1] - 1 - missing[..., ::-1].argmax(-1)
        winner = np.where(missing.any(-1), last, winner)
    return position[np.arange(len(position)), winner].reshape(N, C, *out)
