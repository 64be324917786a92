"""Convolution as a sum over shifted images, kept in registers until it is whole.

A block of sums is of some output channels, and of as many positions as two vectors have numbers.
For each input channel and place of the kernel the image is loaded once, and multiplied with one
weight for each output channel: nothing is copied, and each output is written once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.kernels import shifts
from minitorch.kernels._windows import batch_first, batch_last, output_size
from minitorch.kernels.compiled import WORTH, Array, in_parts, inner, loop, served
from minitorch.kernels.compiled.vectors import (
    HIGH,
    add_outer,
    add_products,
    add_totals,
    lanes,
    move,
    nothing,
    rows_of,
    store,
)
from minitorch.kernels.layout import packed
from minitorch.kernels.threads import blas_threads

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

SEVERAL = 8  # blocks of positions, for which the same weights are used one after the other
CHUNK = 1024  # positions of a block of gradients, which stay in the nearest cache


def _outputs(rows: int) -> Any:
    # A function for that many output channels: registers have no numbers, so it is fixed.
    @inner
    def outputs(
        x: Any, at: Any, apart: Any, C: Any, offsets: Any, w: Any, place: Any, bias: Any, o: Any,
        y: Any, to: Any, between: Any,
    ) -> None:  # fmt: skip
        block = rows_of(bias, o, rows)
        for _ in range(C):
            for k in range(len(offsets)):
                block = add_outer(block, rows, x, at + offsets[k], w, place)
                place += rows
            at += apart
        store(block, rows, y, to, between)

    return outputs


_eight, _four, _two, _one = map(_outputs, (8, 4, 2, 1))


@inner
def _height(left: int) -> int:
    # How many of the output channels that are left make a block.
    if left >= 8 and HIGH >= 8:
        return 8
    return 4 if left >= 4 else 2 if left >= 2 else 1


@loop
def _packed(w: Array) -> Array:
    # w (G, C, K, O), flat, block after block of output channels.
    G, C, K, O = w.shape
    packed, place = np.empty(w.size, w.dtype), 0
    for group in range(G):
        o = 0
        while o < O:
            rows = _height(O - o)
            for c in range(C):
                for k in range(K):
                    for row in range(rows):
                        packed[place + row] = w[group, c, k, o + row]
                    place += rows
            o += rows
    return packed


@loop
def _conv(
    start: int, stop: int, x: Array, apart: int, w: Array, bias: Array, shape: Any, offsets: Array,
    starts: Array, y: Array, length: int, between: int, wide: int,
) -> None:  # fmt: skip
    # Shape: x flat, w packed, of `shape` (G, C, K, O); bias (G * O), y flat: its channels lie
    # `between` apart. A piece of work is one group, one row, and of it `SEVERAL` blocks of `wide`
    # positions, so that weights are used again; the last blocks overlap.
    _, C, K, O = shape
    rows, parts = len(starts), (length + wide * SEVERAL - 1) // (wide * SEVERAL)
    for piece in range(start, stop):
        group, row = divmod(piece // parts, rows)
        first = piece % parts * wide * SEVERAL
        last = min(first + wide * SEVERAL, length)
        source, o = group * C * apart + starts[row], 0
        while o < O:
            high, channel = _height(O - o), group * O + o
            place, target = channel * C * K, channel * between + row * length
            for i in range(first, last, wide):
                i = min(i, length - wide)
                at, to = source + i, target + i
                if high == 8:
                    _eight(x, at, apart, C, offsets, w, place, bias, channel, y, to, between)
                elif high == 4:
                    _four(x, at, apart, C, offsets, w, place, bias, channel, y, to, between)
                elif high == 2:
                    _two(x, at, apart, C, offsets, w, place, bias, channel, y, to, between)
                else:
                    _one(x, at, apart, C, offsets, w, place, bias, channel, y, to, between)
            o += high


def _sum(
    x: Array, apart: int, w: Array, bias: Array | None, rows: shifts.Rows, N: int
) -> Array | None:
    """The outputs (G * O, *sizes, N); None if there are too few for a vector.

    Shape: x flat, w (G, C, K, O), bias (G * O).
    """
    (G, C, K, O), wide = w.shape, 2 * lanes(x.dtype)
    starts, length, sizes, frame = rows.starts, rows.length, rows.sizes, rows.frame
    # Where rows are short, one long row has them all, and what lies between them.
    whole, between = int(starts[-1] - starts[0]) + length, len(starts) * length
    framed = len(starts) > 1 and -(-whole // wide) < 0.9 * len(starts) * -(-length // wide)
    if framed:
        starts, length, between = starts[:1], whole, math.prod(frame) * N
    if length < wide:
        return None
    y = np.empty(G * O * between, x.dtype)
    bias = np.zeros(G * O, x.dtype) if bias is None else np.ascontiguousarray(bias)
    given = x, apart, _packed(w), bias, w.shape, rows.offsets, starts, y, length, between
    pieces = G * len(starts) * -(-length // (wide * SEVERAL))
    in_parts(_conv, pieces, SEVERAL * wide * C * K * O / 16, *given, wide)
    if not framed:
        return y.reshape(G * O, *sizes, N)
    inside = y.reshape(G * O, *frame, N)[(slice(None), *map(slice, sizes))]
    return np.ascontiguousarray(inside)


def _by_groups(weight: Array, groups: int) -> Array:
    """weight (G * O, C, *K) as (G, O, C, K)."""
    return weight.reshape(groups, len(weight) // groups, weight.shape[1], -1)


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    if not served(x, weight) or not x.size:
        return NotImplemented
    (N, _, *S), K = x.shape, weight.shape[2:]
    out = tuple(map(output_size, S, K, stride, padding, dilation))
    plane, rows = shifts.forward(x.shape, K, out, stride, padding, dilation)
    memory, apart = plane.fill(batch_last(x))
    w = _by_groups(weight, groups).transpose(0, 2, 3, 1)  # (G, C, K, O)
    y = _sum(memory, apart, w, bias, rows, N)
    return NotImplemented if y is None else (batch_first(y), None)


def conv_input(
    grad: Array,
    weight: Array,
    input_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    bias: Array | None = None,
) -> Any:
    # Zeros around the gradients must not meet an infinite weight.
    if not served(grad, weight) or not grad.size or not np.isfinite(weight).all():
        return NotImplemented
    (N, C, *S), (K, out) = input_shape, (weight.shape[2:], grad.shape[2:])
    plane, parts = shifts.backward(N, tuple(S), K, out, stride, padding, dilation)
    memory, apart = plane.fill(batch_last(grad))
    w = _by_groups(weight, groups).transpose(0, 1, 3, 2)  # (G, O, K, C)
    dx = None
    for part in parts:
        own = w if len(parts) == 1 else w[:, :, part.places]
        found = _sum(memory, apart, own, bias, part.rows, N)
        if found is None:
            return NotImplemented
        if len(parts) == 1 and part.rows.sizes == tuple(S):
            return batch_first(found)
        if dx is None:
            dx = np.empty((C, *S, N), grad.dtype)  # each pixel is one part's
        dx[(slice(None), *part.pixels)] = found
    return NotImplemented if dx is None else batch_first(dx)


def _gradients(rows: int) -> Any:
    # A function for that many output channels, and three weights of each.
    count = 3 * rows

    @inner
    def gradients(
        g: Any, step: Any, x: Any, bases: Any, many: Any, p: Any, dw: Any, to: Any, between: Any
    ) -> None:
        block, places = nothing(g, count), (p[0], p[1], p[2])
        for v in range(many):
            block = add_products(block, g, v * step, CHUNK, x, bases[v], places)
        add_totals(block, dw, to, between, 3)

    return gradients


_high, _low = _gradients(HIGH), _gradients(1)


@loop
def _conv_weight(
    start: int, stop: int, g: Array, x: Array, places: Array, starts: Array, length: int,
    step: int, dw: Array,
) -> None:  # fmt: skip
    # Shape: g flat, of (G, O, rows, length); x flat; places (G, W), where in x each of a channel's
    # weights begins; dw (parts, G, O, W). A piece of work is one of the parts, each of which has
    # some of the vectors of positions. (What is left of a row is added at the end.)
    parts, G, O, W = dw.shape
    between, in_row = len(starts) * length, length // step
    dw, vectors = dw.reshape(-1), len(starts) * in_row
    near, bases = np.empty(HIGH * CHUNK, g.dtype), np.empty(CHUNK // step, np.int64)
    for part in range(start, stop):
        end = vectors * (part + 1) // parts
        for first in range(vectors * part // parts, end, CHUNK // step):
            many = min(CHUNK // step, end - first)
            for group in range(G):
                o = 0
                while o < O:
                    # Gradients of a block of channels, from far apart to side by side.
                    high = HIGH if O - o >= HIGH else 1
                    channel = group * O + o
                    for v in range(many):
                        row, i = divmod(first + v, in_row)
                        bases[v] = starts[row] + i * step
                        at = channel * between + row * length + i * step
                        for h in range(high):
                            move(near, h * CHUNK + v * step, g, at + h * between)
                    to = (part * G * O + channel) * W
                    for w in range(0, W, 3):
                        p = places[group, w : w + 3]
                        if high == HIGH:
                            _high(near, step, x, bases, many, p, dw, to + w, W)
                        else:
                            _low(near, step, x, bases, many, p, dw, to + w, W)
                    o += high
        if part == 0 and in_row * step < length:
            for channel in range(G * O):
                for w in range(W):
                    place, total = places[channel // O, w], dw[channel * W + w]
                    for r in range(len(starts)):
                        at = channel * between + r * length
                        for i in range(in_row * step, length):
                            total += g[at + i] * x[place + starts[r] + i]
                    dw[channel * W + w] = total


def conv_weight(
    grad: Array,
    x: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    columns: Array | None = None,
) -> Any:
    if not served(grad, x) or not grad.size or columns is not None:
        return NotImplemented
    O, C, *K = weight_shape
    plane, rows = shifts.forward(x.shape, tuple(K), grad.shape[2:], stride, padding, dilation)
    memory, apart = plane.fill(batch_last(x))
    g = packed(batch_last(grad)).reshape(-1)
    # Where each weight's pixels begin; as many as are a multiple of three, the last ones twice.
    places = (np.arange(groups * C) * apart)[:, np.newaxis] + rows.offsets  # (G * C, K)
    W = C * math.prod(K)
    places = places.reshape(groups, W)[:, np.minimum(np.arange(W + -W % 3), W - 1)]
    work = len(rows.starts) * rows.length * O * W / 16
    parts = max(min(int(work) // WORTH, len(rows.starts), blas_threads() or 1), 1)
    dw = np.zeros((parts, groups, O // groups, places.shape[1]), grad.dtype)
    given = g, memory, places, rows.starts, rows.length, lanes(x.dtype), dw
    in_parts(_conv_weight, parts, work / parts, *given)
    total = dw[0] if parts == 1 else dw.sum(0)
    return total[:, :, :W].reshape(weight_shape)
