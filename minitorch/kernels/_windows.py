"""Sliding windows over the spatial dimensions, shared by convolution and pooling.

An image is (N, C, *S) to the outside, and lies as (C, *S, N) in memory, the batch last, as in
Krizhevsky's cuda-convnet. What one place of a window takes from every image then lies side by side,
so that loops run along long stretches instead of a few pixels at a time; a channel is one piece of
memory, and so is a row of pixels. Results go out as (N, C, *S) over that memory, and the next
kernel finds it as it needs it; nothing is moved in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minitorch.kernels.layout import copy, packed

Array = np.ndarray[Any, np.dtype[Any]]
Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

SMALL = 1 << 14


def upcast_half(x: Array) -> Array:
    """float16 as float32, in which sums of halves are computed."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def batch_last(x: Array) -> Array:
    """x (N, C, *S) as (C, *S, N), over the same memory."""
    return x.transpose(*range(1, x.ndim), 0)


def batch_first(x: Array) -> Array:
    """x (C, *S, N) as (N, C, *S), over the same memory."""
    return x.transpose(-1, *range(x.ndim - 1))


def laid_batch_last(x: Array) -> Array:
    """x (N, C, *S) over memory (C, *S, N) without gaps: itself, or a copy."""
    return batch_first(packed(batch_last(x)))


def scratch_like(like: Array, spatial: Sizes) -> Array:
    """An array to be written, as `like` (N, C, *S) but of another spatial size, in its order.

    The steps along dimensions of size 1 tell no order; then the batch comes last.
    """
    N, C, *S = like.shape
    if 1 not in S:
        return np.empty_like(like, shape=(N, C, *spatial))
    return batch_first(np.empty((C, *spatial, N), like.dtype))


def ordered_as(x: Array, other: Array) -> Array:
    """x, of the shape of `other`, with its memory in the order of that one's."""
    if x.strides == other.strides and x.itemsize == other.itemsize:
        return x
    y = np.empty_like(other, x.dtype)
    copy(y, x)
    return y


def padded_sizes(spatial: Sizes, padding: Pairs) -> Sizes:
    """The spatial size with padding."""
    return tuple([s + before + after for s, (before, after) in zip(spatial, padding, strict=True)])


def inside(spatial: Sizes, padding: Pairs) -> tuple[Any, ...]:
    """Where in the padded spatial dimensions the array of size `spatial` lies."""
    return tuple([slice(b, b + s) for s, (b, _) in zip(spatial, padding, strict=True)])


class Frame(NamedTuple):
    """Shape and place of an array within its padding."""

    sizes: Sizes  # with it
    inside: tuple[Any, ...]  # where in the result the array lies
    edges: tuple[tuple[Any, ...], ...]  # what lies around, as slices of the result


@lru_cache(maxsize=256)
def frame(shape: Sizes, padding: Pairs, first: int) -> Frame:
    """Padding around the dimensions of `shape` from `first` on."""
    last = first + len(padding)
    sizes = (*shape[:first], *padded_sizes(shape[first:last], padding), *shape[last:])
    lead: tuple[Any, ...] = (slice(None),) * first
    edges: list[tuple[Any, ...]] = []
    for dim, (before, after) in enumerate(padding, start=first):
        edge = (slice(None),) * dim
        edges += [(*edge, slice(None, before))] if before else []
        edges += [(*edge, slice(-after, None))] if after else []
    return Frame(sizes, lead + inside(shape[first:last], padding), tuple(edges))


def output_size(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> int:
    """Count the windows that fit."""
    return (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1


def pad(x: Array, padding: Pairs, value: Any = 0, first: int = 2) -> Array:
    """x with `value` around its dimensions from `first` on, in the same order of memory.

    `x` itself for no padding.
    """
    sizes, within, edges = frame(x.shape, padding, first)
    if not edges:
        return x
    if value == 0 and x.size < SMALL and x.flags.c_contiguous:
        padded = np.zeros(sizes, x.dtype)  # of few numbers all are cleared sooner than the edges
    else:
        padded = np.empty_like(x, shape=sizes)
        for edge in edges:
            padded[edge] = value
    padded[within] = x
    return padded


@lru_cache(maxsize=256)
def places(kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Any, ...]:
    """For each place of the window, the slices of (N, C, *S) that it meets, window by window."""
    found: list[Any] = []
    for place in product(*map(range, kernel)):
        at = zip(place, dilation, out, stride, strict=True)
        slices = [slice(k * d, k * d + (o - 1) * s + 1, s) for k, d, o, s in at]
        found.append((slice(None), slice(None), *slices))
    return tuple(found)


def scatter(
    shares: Iterable[Array],
    spatial: Sizes,
    kernel: Sizes,
    out: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
) -> Array:
    """Send each share (N, C, *O), one a place of the window, back to where it was taken from.

    The sum, over the windows that an element is in: (N, C, *spatial), in the shares' order.
    """
    sizes = padded_sizes(spatial, padding)
    padded: Array | None = None
    apart = all(s > d * (k - 1) for k, s, d in zip(kernel, stride, dilation, strict=True))
    # Windows side by side leave nothing to be cleared.
    full = apart and all(s * o == size for s, o, size in zip(kernel, out, sizes, strict=True))
    for share, where in zip(shares, places(kernel, out, stride, dilation), strict=True):
        if padded is None:
            padded = scratch_like(share, sizes)
            if not full:
                padded.fill(0)
        if apart:  # no two windows meet
            padded[where] = share
        else:
            padded[where] += share
    assert padded is not None, "a window has at least one place"
    return padded[(slice(None), slice(None), *inside(spatial, padding))]
