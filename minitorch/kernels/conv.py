"""Convolution as a matrix product: the windows become columns (im2col), BLAS does the rest.

Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks (2006). Arrays are
(N, C, *spatial) of any number of spatial dimensions; G groups of channels are G products. Images of
`MANY` channels and more lie channels last in memory, others batch last: see `_windows`.

Which way is taken:

- Columns that fit into the cache (`SMALL`) are made at once, and kept for the gradient in the
  weight: a step of a small net is few calls.
- More are made, multiplied and forgotten a block of output rows at a time, and the blocks shared
  out among threads. All the columns of an image of 32 channels and 32x32 pixels, 32 times, are
  38 MB: on them BLAS takes up to twice as long, and making them takes longer still.
- A kernel of one element with stride 1 needs no columns: the image is its own.
- For 3x3 kernels over many channels `winograd` needs only 4 of 9 products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.kernels import winograd
from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    batch_first,
    channels_first,
    inside,
    lies_last,
    pad,
    padded_sizes,
    places,
    scatter,
    to_layout,
    upcast_half,
)
from minitorch.kernels.products import multiply, multiply_long, scratch
from minitorch.kernels.sums import add_up
from minitorch.kernels.threads import share

SMALL = 1 << 18  # elements of columns: 1 MiB of float32, a core's cache
Block = tuple[int, int]  # output rows, from and to


def output_size(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> int:
    """Count the windows that fit."""
    return (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1


class Images:
    """Images (N, C, *S) in the memory order of `_windows`, and as matrices.

    Attributes:
        channels_last: whether the order is (*S, N, C), and not (C, *S, N).
        array: in that order, without gaps.
    """

    def __init__(self, array: Array, channels_last: bool, groups: int) -> None:
        self.array, self.channels_last, self.groups = array, channels_last, groups

    @classmethod
    def of(cls, x: Array, groups: int) -> Images:
        """x (N, C, *S), copied only if it lies otherwise."""
        return cls(to_layout(upcast_half(x), groups), lies_last(x.shape[1], groups), groups)

    @classmethod
    def new(cls, N: int, C: int, S: Sizes, groups: int, dtype: Any, *, zero: bool) -> Images:
        """Images to be written."""
        channels_last = lies_last(C, groups)
        make: Any = np.zeros if zero else np.empty
        return cls(make((*S, N, C) if channels_last else (C, *S, N), dtype), channels_last, groups)

    def block(self, start: int, stop: int) -> Array:
        """The matrix (G, C / G, P) of image rows `start` to `stop`, without a copy."""
        if self.channels_last:
            rows = self.array[start:stop]
            return rows.reshape(-1, rows.shape[-1]).T[None]  # (1, C, P)
        rows = self.array[:, start:stop]
        G, C, P = self.groups, len(rows), math.prod(rows.shape[1:])
        return rows.reshape(G, C // G, P)

    def add(self, start: int, stop: int, bias: Array) -> None:
        """Add one number a channel to image rows `start` to `stop`."""
        if self.channels_last:  # in runs of N * C numbers, not of C
            part = self.array[start:stop]
            part += np.broadcast_to(bias, part.shape[-2:]).copy()
        else:
            part = self.array[:, start:stop]  # (C, rows, ..., N)
            part += bias.reshape(-1, *(1,) * (part.ndim - 1))  # (C, 1, ..., 1)

    def images(self) -> Array:
        """(N, C, *S), over the same memory."""
        return (channels_first if self.channels_last else batch_first)(self.array)


class Columns:
    """The windows of x (N, C, *S) as a matrix, made a block of output rows at a time.

    A block is (G, C / G * K, P): P positions, and K elements of the kernel. In memory it is
    (C, *K, P) if the batch lies last, and (P, *K, C) if the channels do.
    """

    def __init__(
        self,
        x: Array,
        kernel: Sizes,
        out: Sizes,
        stride: Sizes,
        padding: Pairs,
        dilation: Sizes,
        groups: int,
    ) -> None:
        image = Images.of(x, groups)
        self.channels_last, self.groups = image.channels_last, groups
        self.out, self.kernel = out, kernel
        N, C = x.shape[:2]
        self.deep = C // groups * math.prod(kernel)
        self.across = math.prod(out[1:]) * N
        self.size = C * math.prod(kernel) * out[0] * self.across
        # Then the image is its own columns.
        self.is_pointwise = math.prod(kernel) == 1 and max(stride) == 1
        array = pad(image.array, padding, first=0 if self.channels_last else 1)
        steps = array.strides[:-2] if self.channels_last else array.strides[1:-1]
        within = [step * d for step, d in zip(steps, dilation, strict=True)]
        between = [step * s for step, s in zip(steps, stride, strict=True)]
        if self.channels_last:
            shape: Sizes = (*out, N, *kernel, C)
            strides: Sizes = (*between, array.strides[-2], *within, array.strides[-1])
        else:
            shape = (C, *kernel, *out, N)
            strides = (array.strides[0], *within, *between, array.strides[-1])
        self.windows: Array = np.ndarray(shape, array.dtype, array, 0, strides)  # no copy yet

    def block(self, start: int, stop: int, ones: bool = False) -> Array:
        """The columns for output rows `start` to `stop`; `ones` adds a row of them at the end."""
        P = (stop - start) * self.across
        if self.channels_last:
            return self.windows[start:stop].reshape(P, self.deep).T[None]  # (1, K * C, P)
        part = self.windows[(*(slice(None),) * (1 + len(self.kernel)), slice(start, stop))]
        if self.is_pointwise:
            return part.reshape(self.groups, self.deep, P)
        columns = scratch(self.groups, self.deep + ones, P, part.dtype)
        columns[:, : self.deep].reshape(part.shape)[...] = part
        if ones:
            columns[:, self.deep] = 1
        return columns

    def blocks(self) -> list[Block]:
        """The output rows cut so that the columns of each part stay in the cache."""
        return _blocks(self.out[0], SMALL * self.out[0] // max(self.size, 1))


def _blocks(rows: int, each: int) -> list[Block]:
    each = -(-rows // -(-rows // max(each, 1)))  # in parts of about the same size
    return [(start, min(start + each, rows)) for start in range(0, rows, each)]


def _matrix(weight: Array, groups: int, channels_last: bool) -> Array:
    """weight (O, C / G, *K) as (G, O / G, C / G * K), in the order of `Columns`."""
    weight = upcast_half(weight)
    if channels_last:
        weight = weight.transpose(0, *range(2, weight.ndim), 1)  # (O, *K, C)
    O = len(weight)
    return weight.reshape(groups, O // groups, math.prod(weight.shape[1:]))


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> tuple[Array, Array | None]:
    """y (N, O, *out) of x (N, C, *S), weight (O, C / G, *K), bias (O); and the columns, if few."""
    if winograd.suits(x, weight.shape, stride, padding, dilation, groups):
        quick = winograd.conv(x, weight, bias, padding)
        if quick is not None:
            return quick, None
    (N, _, *S), (O, _, *K) = x.shape, weight.shape
    out = tuple(map(output_size, S, K, stride, padding, dilation))
    columns = Columns(x, tuple(K), out, stride, padding, dilation, groups)
    y = Images.new(N, O, out, groups, columns.windows.dtype, zero=False)
    matrix = _matrix(weight, groups, columns.channels_last)

    def work(blocks: Sequence[Block]) -> Array:
        for start, stop in blocks:
            block = columns.block(start, stop)
            multiply(matrix, block, y.block(start, stop))
            if bias is not None:
                y.add(start, stop, bias)
        return block

    few: Array | None = None
    plain = groups == 1 and not columns.is_pointwise | columns.channels_last
    if plain and bias is not None and columns.size <= SMALL:
        # One product does all: the bias is the weight of a row of ones.
        few = columns.block(0, out[0], ones=True)
        matrix = np.concatenate([matrix, upcast_half(bias)[None, :, None]], 2)  # (1, O, C * K + 1)
        multiply(matrix, few, y.block(0, out[0]))
    elif columns.is_pointwise or columns.size <= SMALL:
        few = work([(0, out[0])])
    else:
        share(work, columns.blocks())
    return y.images().astype(x.dtype, copy=False), few


def conv_weight(
    grad: Array,
    x: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    columns: Array | None = None,
) -> Array:
    """The adjoint of `conv` in weight: output gradients times the windows."""
    O, C, *K = weight_shape
    rows = Images.of(grad, groups)
    if columns is not None:
        channels_last = lies_last(x.shape[1], groups)
        deep = math.prod(weight_shape[1:])  # without the ones, if there are some
        dw = multiply_long(columns[:, :deep], rows.block(0, grad.shape[2]))
    else:
        if winograd.suits(x, weight_shape, stride, padding, dilation, groups):
            quick = winograd.conv_weight(grad, x, padding)
            if quick is not None:
                return quick
        cut = Columns(x, tuple(K), grad.shape[2:], stride, padding, dilation, groups)
        channels_last = cut.channels_last

        def work(blocks: Sequence[Block]) -> Array:
            first, *others = blocks
            total = multiply_long(cut.block(*first), rows.block(*first))
            for block in others:
                total += multiply_long(cut.block(*block), rows.block(*block))
            return total

        first, *others = share(work, [(0, grad.shape[2])] if cut.is_pointwise else cut.blocks())
        dw = sum(others, first)  # (G, C / G * K, O / G)
    if channels_last:
        dw = dw.reshape(*K, C, O).transpose(-1, -2, *range(len(K)))  # (O, C, *K)
    else:
        dw = dw.transpose(0, 2, 1).reshape(weight_shape)  # (O, C / G, *K)
    return dw.astype(grad.dtype, copy=False)


def conv_parameters(
    grad: Array, x: Array, weight_shape: Sizes, columns: Array, groups: int, **geometry: Any
) -> tuple[Array, Array]:
    """The adjoint of `conv` in weight and in bias, given the columns that it made."""
    deep = math.prod(weight_shape[1:])
    if columns.shape[1] == deep:
        dw = conv_weight(grad, x, weight_shape, columns=columns, groups=groups, **geometry)
        return dw, add_up(grad, (0, *range(2, grad.ndim)), keepdim=False)
    rows = Images.of(grad, groups).block(0, grad.shape[2])
    both = multiply_long(columns, rows)[0].astype(grad.dtype, copy=False)  # (C * K + 1, O)
    return both[:deep].T.reshape(weight_shape), both[deep]


def conv_input(
    grad: Array,
    weight: Array,
    input_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    bias: Array | None = None,
) -> Array:
    """The adjoint of `conv` in x: each gradient is added to the window it came from."""
    (N, C, *S), (O, _, *K) = input_shape, weight.shape
    out, kernel = grad.shape[2:], tuple(K)
    turned = _turned(weight, groups)
    if math.prod(kernel) == 1 and tuple(S) == out and max(stride) == 1:
        return conv(grad, turned, bias, stride, padding, dilation, groups)[0]
    around = tuple([(2 - before, 2 - after) for before, after in padding])
    if winograd.suits(grad, turned.shape, stride, around, dilation, groups):
        quick = winograd.conv(grad, turned, bias, around)
        if quick is not None:
            return quick
    rows = Images.of(grad, groups)
    sizes = padded_sizes(tuple(S), padding)
    dx = Images.new(N, C, sizes, groups, rows.array.dtype, zero=True)
    if dx.channels_last:  # (K, O, C): a matrix a place of the kernel
        matrix = upcast_half(weight).transpose(*range(2, weight.ndim), 0, 1).reshape(-1, O, C)
    else:  # (G, C / G * K, O / G)
        matrix = _matrix(weight, groups, channels_last=False).transpose(0, 2, 1)
    target = dx.images()

    def work(blocks: Sequence[Block]) -> None:
        for start, stop in blocks:
            block, size = rows.block(start, stop), (stop - start, *out[1:])
            if dx.channels_last:
                shares = np.matmul(block[0].T, matrix).reshape(len(matrix), *size, N, C)
                shares = shares.transpose(0, -2, -1, *range(1, 1 + len(S)))  # (K, N, C, *size)
            else:
                columns = scratch(*matrix.shape[:2], block.shape[2], block.dtype)
                multiply(matrix, block, columns)
                shares = columns.reshape(C, math.prod(kernel), *size, N)
                shares = shares.transpose(1, -1, 0, *range(2, 2 + len(S)))  # (K, N, C, *size)
            under = target[:, :, start * stride[0] :]
            for part, where in zip(shares, places(kernel, size, stride, dilation), strict=True):
                under[where] += part

    if math.prod(kernel) * C * math.prod(out) * N <= SMALL:
        work([(0, out[0])])
    else:
        # Windows of neighbouring blocks may meet, so every other block is left for later.
        reach = dilation[0] * (kernel[0] - 1)
        each = SMALL // max(1, C * math.prod(kernel) * math.prod(out[1:]) * N)
        blocks = _blocks(out[0], max(each, -(-reach // stride[0])))
        share(work, blocks[0::2])
        share(work, blocks[1::2])
    if bias is not None:
        dx.add(0, sizes[0], bias)
    cut = target[(slice(None), slice(None), *inside(tuple(S), padding))]
    return cut.astype(grad.dtype, copy=False)


def _turned(weight: Array, groups: int) -> Array:
    """The weight (O, C / G, *K) of a convolution with stride 1, as (C, O / G, *K) of its adjoint:
    the same kernels, each turned around.
    """
    O, C, *K = weight.shape
    flipped = weight[(slice(None), slice(None), *[slice(None, None, -1)] * len(K))]
    parts = flipped.reshape(groups, O // groups, C, *K).swapaxes(1, 2)  # (G, C / G, O / G, *K)
    return parts.reshape(groups * C, O // groups, *K)


def unfold(x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """The windows of x (N, C, *S) as columns: (N, C * K, P)."""
    N, C, *S = x.shape
    out = tuple(map(output_size, S, kernel, stride, padding, dilation))
    padded = pad(x, padding)
    columns = np.empty((N, C, math.prod(kernel), *out), x.dtype)
    for place, where in enumerate(places(kernel, out, stride, dilation)):
        columns[:, :, place] = padded[where]
    return columns.reshape(N, C * math.prod(kernel), math.prod(out))


def fold(
    x: Array, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> Array:
    """The adjoint of `unfold`: each column of x (N, C * K, P) added to its window."""
    N, C, *S = shape
    out = tuple(map(output_size, S, kernel, stride, padding, dilation))
    shares = x.reshape(N, C, math.prod(kernel), *out)
    shares = shares.transpose(2, 0, 1, *range(3, 3 + len(S)))  # (K, N, C, *out)
    return np.ascontiguousarray(scatter(shares, tuple(S), kernel, out, stride, padding, dilation))
