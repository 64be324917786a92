"""Convolution, and the two products that are its gradients, as matrix products.

Images lie batch last in memory, see `_windows`. There are three ways, by the number of channels:

- of few, the windows are copied as the columns of a matrix, one for each output position, and a
  convolution is one product with the kernels;
- of more than `FEW`, it is a sum of products with the whole image, shifted: see `shifts`;
- of still more, and 3x3, it is `winograd`, which needs 4 of 9 products.

Of columns:

- Columns are few for small images: then they are kept for the gradient.
- More are made, multiplied and forgotten a block of output rows at a time, and the blocks shared
  out among threads.
- A kernel of one element with stride 1 needs no columns: the image is its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.kernels import shifts, winograd
from minitorch.kernels._windows import (
    Array,
    Pairs,
    Sizes,
    batch_first,
    batch_last,
    inside,
    output_size,
    pad,
    padded_sizes,
    places,
    scatter,
    upcast_half,
)
from minitorch.kernels.blas import add_shifted, products_shifted
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.layout import packed
from minitorch.kernels.products import multiply, multiply_long, scratch
from minitorch.kernels.sums import add_up
from minitorch.kernels.threads import share

SMALL = 1 << 18  # elements of columns: 1 MiB of float32, a core's cache
FEW = 8  # channels, up to which columns are quicker than shifts
Block = tuple[int, int]  # output rows, from and to


# ---- by columns -------------------------------------------------------------------------------


class Columns:
    """The windows of x (N, C, *S) as a matrix, made a block of output rows at a time.

    A block is (G, C / G * K, P): P positions, and K elements of the kernel.
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
        self.groups, self.out, self.kernel = groups, out, kernel
        N, C = x.shape[:2]
        self.deep = C // groups * math.prod(kernel)
        self.across = math.prod(out[1:]) * N
        self.size = C * math.prod(kernel) * out[0] * self.across
        # Then the image is its own columns.
        self.is_pointwise = math.prod(kernel) == 1 and max(stride) == 1
        array = pad(packed(batch_last(upcast_half(x))), padding, first=1)
        steps = array.strides[1:-1]
        within = [step * d for step, d in zip(steps, dilation, strict=True)]
        between = [step * s for step, s in zip(steps, stride, strict=True)]
        shape: Sizes = (C, *kernel, *out, N)
        strides: Sizes = (array.strides[0], *within, *between, array.strides[-1])
        self.windows: Array = np.ndarray(shape, array.dtype, array, 0, strides)  # no copy yet

    def block(self, start: int, stop: int, ones: bool = False) -> Array:
        """The columns for output rows `start` to `stop`; `ones` adds a row of them at the end."""
        P = (stop - start) * self.across
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


def _block(images: Array, groups: int, start: int, stop: int) -> Array:
    """Rows `start` to `stop` of images (C, *S, N) as a matrix (G, C / G, P), without a copy."""
    rows = images[:, start:stop]
    return rows.reshape(groups, len(rows) // groups, math.prod(rows.shape[1:]))


def _matrix(weight: Array, groups: int) -> Array:
    """weight (O, C / G, *K) as (G, O / G, C / G * K)."""
    O = len(weight)
    return upcast_half(weight).reshape(groups, O // groups, math.prod(weight.shape[1:]))


# ---- by shifts --------------------------------------------------------------------------------


def _many(C: int, O: int, kernel: Sizes, size: int, dtype: Any) -> bool:
    """Whether to shift: (C, O) channels a group, `size` elements of columns."""
    return min(C, O) > FEW and math.prod(kernel) > 1 and size > SMALL and dtype.char in "efd"


def _frame(rows: shifts.Rows, N: int) -> tuple[int, int]:
    """Of one row of outputs: how far to the next one, and how far from its first to its last."""
    frame = rows.frame
    last = shifts.at([size - 1 for size in rows.sizes[1:]], frame[1:])
    return math.prod(frame[1:]) * N, (last + 1) * N


def _row_blocks(rows: shifts.Rows, O: int, N: int) -> list[Block]:
    return _blocks(rows.sizes[0], SMALL // max(_frame(rows, N)[0] * O, 1))


def _sum(
    memory: Array, apart: int, w: Array, rows: shifts.Rows, bias: Array | None, y: Array
) -> None:
    """y = the sum of shifted images, and the bias.

    Shape: memory flat, w (G, K, O, C), bias (G * O), y (G * O, *sizes, N).
    """
    (G, K, O, C), N = w.shape, y.shape[-1]
    step, span = _frame(rows, N)
    first = int(rows.starts[0])
    offsets = [int(offset) for offset in rows.offsets]

    def work(blocks: Sequence[Block]) -> None:
        for start, stop in blocks:
            whole, P = (stop - start) * step, (stop - start - 1) * step + span
            frame = np.empty((O, whole), y.dtype)
            shaped = frame.reshape(O, stop - start, *rows.frame[1:], N)
            cut = shaped[(slice(None), slice(None), *map(slice, rows.sizes[1:]))]
            for group in range(G):
                begin = first + start * step + group * C * apart
                if K:
                    starts = [begin + offset for offset in offsets]
                    add_shifted(w[group], memory, apart, starts, frame[:, :P])
                else:
                    frame.fill(0)
                part = slice(group * O, (group + 1) * O)
                if bias is None:
                    y[part, start:stop] = cut
                else:
                    between = (1,) * (y.ndim - 1)
                    np.add(cut, bias[part].reshape(-1, *between), out=y[part, start:stop])

    share(work, _row_blocks(rows, O, N))


# ---- the three products -----------------------------------------------------------------------


@or_compiled
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
    (N, _, *S), (O, C, *K) = x.shape, weight.shape
    out = tuple(map(output_size, S, K, stride, padding, dilation))
    dtype = np.dtype(np.float32) if x.dtype == np.float16 else x.dtype
    size = groups * C * math.prod((*K, *out)) * N
    many = _many(C, O // groups, tuple(K), size, x.dtype)
    if many and winograd.suits(x, weight.shape, stride, padding, dilation, groups):
        quick = winograd.conv(x, weight, bias, padding)
        if quick is not None:
            return quick, None
    y = np.empty((O, *out, N), dtype)
    if many:
        plane, rows = shifts.forward(x.shape, tuple(K), out, stride, padding, dilation)
        memory, apart = plane.fill(batch_last(upcast_half(x)))
        w = upcast_half(weight).reshape(groups, O // groups, C, -1).transpose(0, 3, 1, 2)
        _sum(memory, apart, np.ascontiguousarray(w), rows, bias, y)
        return batch_first(y).astype(x.dtype, copy=False), None
    columns = Columns(x, tuple(K), out, stride, padding, dilation, groups)
    matrix = _matrix(weight, groups)

    def work(blocks: Sequence[Block]) -> Array:
        for start, stop in blocks:
            block = columns.block(start, stop)
            multiply(matrix, block, _block(y, groups, start, stop))
            if bias is not None:
                part = y[:, start:stop]
                part += bias.reshape(-1, *(1,) * (y.ndim - 1))
        return block

    few: Array | None = None
    plain = groups == 1 and not columns.is_pointwise
    if plain and bias is not None and columns.size <= SMALL:
        # One product does all: the bias is the weight of a row of ones.
        few = columns.block(0, out[0], ones=True)
        matrix = np.concatenate([matrix, upcast_half(bias)[None, :, None]], 2)  # (1, O, C * K + 1)
        multiply(matrix, few, _block(y, groups, 0, out[0]))
    elif columns.is_pointwise or columns.size <= SMALL:
        few = work([(0, out[0])])
    else:
        share(work, columns.blocks())
    return batch_first(y).astype(x.dtype, copy=False), few


@or_compiled
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
    (O, C, *K), (N, _, *out) = weight_shape, grad.shape
    g = packed(batch_last(upcast_half(grad)))  # (O, *out, N)
    if columns is not None:
        deep = math.prod(weight_shape[1:])  # without the ones, if there are some
        dw = multiply_long(columns[:, :deep], _block(g, groups, 0, out[0]))
        return dw.transpose(0, 2, 1).reshape(weight_shape).astype(grad.dtype, copy=False)
    if _many(C, O // groups, tuple(K), groups * C * math.prod((*K, *out)) * N, x.dtype):
        if winograd.suits(x, weight_shape, stride, padding, dilation, groups):
            quick = winograd.conv_weight(grad, x, padding)
            if quick is not None:
                return quick
        found = _weight_by_shifts(g, x, weight_shape, stride, padding, dilation, groups)
        if np.isfinite(found).all():  # else zeros between the rows may have met an infinite pixel
            return found.astype(grad.dtype, copy=False)
    cut = Columns(x, tuple(K), tuple(out), stride, padding, dilation, groups)

    def work(blocks: Sequence[Block]) -> Array:
        first, *others = blocks
        total = multiply_long(cut.block(*first), _block(g, groups, *first))
        for block in others:
            total += multiply_long(cut.block(*block), _block(g, groups, *block))
        return total

    first, *others = share(work, [(0, out[0])] if cut.is_pointwise else cut.blocks())
    dw = sum(others, first).transpose(0, 2, 1)  # (G, O / G, C / G * K)
    return dw.reshape(weight_shape).astype(grad.dtype, copy=False)


def _weight_by_shifts(
    g: Array,
    x: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Array:
    (O, C, *K), N = weight_shape, g.shape[-1]
    out = g.shape[1:-1]
    plane, rows = shifts.forward(x.shape, tuple(K), out, stride, padding, dilation)
    memory, apart = plane.fill(batch_last(upcast_half(x)))
    step, span = _frame(rows, N)
    offsets, each = [int(offset) for offset in rows.offsets], O // groups

    def work(blocks: Sequence[Block]) -> Array:
        total = np.zeros((groups, math.prod(K), each, C), g.dtype)
        for start, stop in blocks:
            whole, P = (stop - start) * step, (stop - start - 1) * step + span
            frame = np.zeros((each, whole), g.dtype)
            shaped = frame.reshape(each, stop - start, *rows.frame[1:], N)
            cut = shaped[(slice(None), slice(None), *map(slice, rows.sizes[1:]))]
            for group in range(groups):
                cut[...] = g[group * each : (group + 1) * each, start:stop]
                begin = int(rows.starts[0]) + start * step + group * C * apart
                starts = [begin + offset for offset in offsets]
                products_shifted(frame[:, :P], memory, apart, starts, total[group])
        return total

    first, *others = share(work, _row_blocks(rows, each, N))
    return sum(others, first).transpose(0, 2, 3, 1).reshape(weight_shape)  # (O, C, *K)


def conv_parameters(
    grad: Array, x: Array, weight_shape: Sizes, columns: Array, groups: int, **geometry: Any
) -> tuple[Array, Array]:
    """The adjoint of `conv` in weight and in bias, given the columns that it made."""
    deep = math.prod(weight_shape[1:])
    if columns.shape[1] == deep:
        dw = conv_weight(grad, x, weight_shape, columns=columns, groups=groups, **geometry)
        return dw, add_up(grad, (0, *range(2, grad.ndim)), keepdim=False)
    g = packed(batch_last(upcast_half(grad)))
    both = multiply_long(columns, _block(g, groups, 0, grad.shape[2]))[0]  # (C * K + 1, O)
    both = both.astype(grad.dtype, copy=False)
    return both[:deep].T.reshape(weight_shape), both[deep]


@or_compiled
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
    (N, C, *S), (O, each, *K) = input_shape, weight.shape
    out, kernel = grad.shape[2:], tuple(K)
    if math.prod(kernel) == 1 and tuple(S) == out and max(stride) == 1:
        turned = weight.reshape(groups, O // groups, each, *K).swapaxes(1, 2)
        turned = turned.reshape(groups * each, O // groups, *K)
        return conv(grad, turned, bias, stride, padding, dilation, groups)[0]
    size = C * math.prod((*kernel, *out)) * N
    wide, w = upcast_half(grad), upcast_half(weight)
    many = _many(each, O // groups, kernel, size, grad.dtype)
    around = tuple([(2 - before, 2 - after) for before, after in padding])
    if many and winograd.suits(grad, (each, O, *kernel), stride, around, dilation, groups):
        turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
        quick = winograd.conv(grad, turned, bias, around)
        if quick is not None:
            return quick
    # Zeros around the gradients must not meet an infinite weight.
    if many and np.isfinite(w).all():
        plane, parts = shifts.backward(N, tuple(S), kernel, out, stride, padding, dilation)
        memory, apart = plane.fill(batch_last(wide))
        matrices = w.reshape(groups, O // groups, each, -1).transpose(0, 3, 2, 1)  # (G, K, C, O)
        dx = np.empty((C, *S, N), wide.dtype)
        for part in parts:
            own = np.ascontiguousarray(matrices[:, part.places])
            _sum(memory, apart, own, part.rows, bias, dx[(slice(None), *part.pixels)])
        return batch_first(dx).astype(grad.dtype, copy=False)
    g = packed(batch_last(wide))
    sizes = padded_sizes(tuple(S), padding)
    dx = np.zeros((C, *sizes, N), g.dtype)
    matrix = _matrix(weight, groups).transpose(0, 2, 1)  # (G, C / G * K, O / G)
    target = batch_first(dx)

    def work(blocks: Sequence[Block]) -> None:
        for start, stop in blocks:
            block, rows = _block(g, groups, start, stop), (stop - start, *out[1:])
            G, M, _ = matrix.shape
            columns = scratch(G, M, block.shape[2], block.dtype)
            multiply(matrix, block, columns)
            shares = columns.reshape(C, math.prod(kernel), *rows, N)
            shares = shares.transpose(1, -1, 0, *range(2, 2 + len(S)))  # (K, N, C, *rows)
            under = target[:, :, start * stride[0] :]
            for part, where in zip(shares, places(kernel, rows, stride, dilation), strict=True):
                under[where] += part

    if size <= SMALL:
        work([(0, out[0])])
    else:
        # Windows of neighbouring blocks may meet, so every other block is left for later.
        reach = dilation[0] * (kernel[0] - 1)
        rows = SMALL // max(1, C * math.prod(kernel) * math.prod(out[1:]) * N)
        blocks = _blocks(out[0], max(rows, -(-reach // stride[0])))
        share(work, blocks[0::2])
        share(work, blocks[1::2])
    if bias is not None:
        dx += bias.reshape(-1, *(1,) * (dx.ndim - 1))
    cut = target[(slice(None), slice(None), *inside(tuple(S), padding))]
    return cut.astype(grad.dtype, copy=False)


# ---- columns to the outside -------------------------------------------------------------------


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
