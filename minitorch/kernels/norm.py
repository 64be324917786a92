"""Bringing arrays to mean 0 and variance 1 over some axes, and the gradient of that.

The time is that of moving bytes: sums and dot products are left to BLAS, which reads once and
writes nothing, and the rest works in place. Where the mean is large beside the deviation it is
subtracted first, in one more step, so that no precision is lost.

Two ways, by what a weight is shared by. `cells` are parts of the array with one weight and one
mean for all their elements (a channel, or a channel of one sample); in `rows` each element of a row
has its own weight.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minitorch.kernels.choice import or_compiled
from minitorch.kernels.layout import packed
from minitorch.kernels.sums import ones

Array = np.ndarray[Any, np.dtype[Any]]
Axes = tuple[int, ...]

SHORT = 1024  # a run along which NumPy is at full speed, even if it starts anew with each
LONG = 2048  # elements of the longest run
WIDE = 65536  # elements of an operand that stays in the processor's cache
FAR = 4  # squared means, in variances, from which the mean is subtracted before anything is added
BLOCK = 32768  # elements of rows that are worked on while they are in the cache


class Standard(NamedTuple):
    """y, and the statistics that made it; their reduced axes are kept with size 1."""

    y: Array
    mean: Array
    inverse: Array  # 1 / sqrt(variance + eps)
    variance: Array  # the mean square: divided by the count, not by one less


# ---- cells: one weight and one mean for many elements -----------------------------------------


class Layout:
    """Layout of an array in memory: (A, K, B), where each of K cells has A * B elements.

    Args:
        shape: the array's.
        order: its axes by their strides, the largest first.
        inner: the axes that run within a cell.
    """

    def __init__(self, shape: Axes, order: Axes, inner: Axes) -> None:
        self.order = order
        self.memory = tuple([shape[axis] for axis in order])
        self.back = tuple(np.argsort(order).tolist())
        self.cells = tuple(1 if axis in inner else n for axis, n in enumerate(shape))
        kept = [i for i, axis in enumerate(order) if axis not in inner and shape[axis] != 1]
        first, last = (kept[0], kept[-1] + 1) if kept else (0, 0)
        self.fits = all(axis not in inner for axis in order[first:last])
        sizes = self.memory
        A, K, B = (math.prod(part) for part in (sizes[:first], sizes[first:last], sizes[last:]))
        self.folded = A, K, B
        # NumPy takes one number for each cell of a run from another array, and starts anew with
        # each cell. Many short runs are quicker as one long one, beside the numbers repeated.
        self.repeats = 0
        if B < SHORT and A >= 4 and K * B <= WIDE:
            self.repeats = 1
            while A % (8 * self.repeats) == 0 and 2 * self.repeats * K * B <= LONG:
                self.repeats *= 2

    def fold(self, x: Array) -> Array:
        """The array as (A, K, B), without gaps; a view, if it lies so."""
        return packed(x.transpose(self.order)).reshape(self.folded)

    def unfold(self, x: Array) -> Array:
        """An array (A, K, B) in the shape of the whole, as a view."""
        return x.reshape(self.memory).transpose(self.back)

    def lengthwise(self, x: Array) -> Array:
        """The view of (A, K, B) with which what `broadcast_per_cell` makes is to be combined."""
        A, K, B = self.folded
        n = self.repeats
        return x.reshape(A // n, n * K * B) if n else x

    def broadcast_per_cell(self, numbers: Array) -> Array:
        """One number a cell, to be combined with all of its elements.

        Shape: anything that broadcasts to `cells`.
        """
        _, K, B = self.folded
        row = np.broadcast_to(numbers, self.cells).transpose(self.order).reshape(K)
        if not self.repeats:
            return row.reshape(K, 1)
        row = row.repeat(B) if B != 1 else row  # (K * B)
        return row if self.repeats == 1 else np.tile(row, self.repeats)

    def total(self, x: Array) -> Array:
        """The sum of each cell of x (A, K, B)."""
        A, K, B = self.folded
        if B != 1:
            return self._add((x.reshape(A * K, B) @ ones(B, x.dtype)).reshape(A, K))
        n = self.repeats or 1
        return self._add((ones(A // n, x.dtype) @ x.reshape(A // n, n * K)).reshape(n, K))

    def dot(self, x: Array, y: Array) -> Array:
        """The sum of x * y over each cell."""
        A, K, B = self.folded
        if B != 1:
            return self._add(np.matmul(x[:, :, np.newaxis], y[..., np.newaxis]).reshape(A, K))
        n = self.repeats or 1
        wide = A // n, n * K
        return self._add(np.einsum("ij,ij->j", x.reshape(wide), y.reshape(wide)).reshape(n, K))

    def _add(self, parts: Array) -> Array:
        """The sums of parts (parts, K) of cells, added up, in the shape `cells`."""
        sums = parts[0] if len(parts) == 1 else ones(len(parts), parts.dtype) @ parts
        sizes = [self.cells[axis] for axis in self.order]
        return sums.reshape(sizes).transpose(self.back)


def layout_of(x: Array, inner: Axes) -> Layout:
    """Find the layout of `x`, whose cells are made of the axes `inner`.

    In C order those must come before or after all others, or both.
    """
    return _layout(x.shape, x.strides, x.itemsize, inner)


@functools.lru_cache(maxsize=256)
def _layout(shape: Axes, strides: Axes, itemsize: int, inner: Axes) -> Layout:
    order = tuple(sorted(range(len(shape)), key=lambda axis: -strides[axis]))
    step, packed = itemsize, True
    for axis in reversed(order):
        packed = packed and (shape[axis] == 1 or strides[axis] == step)
        step *= shape[axis]
    found = Layout(shape, order, inner)
    return found if packed and found.fits else Layout(shape, tuple(range(len(shape))), inner)


@or_compiled
def scale_cells(x: Array, scale: Array, shift: Array | None, inner: Axes) -> Array:
    """y = x * scale + shift. Shape: as w and b of `standardise_cells`."""
    layout = layout_of(x, inner)
    y = layout.lengthwise(layout.fold(x)) * layout.broadcast_per_cell(scale)
    if shift is not None:
        y += layout.broadcast_per_cell(shift)
    return layout.unfold(y)


def cell_sums(grad: Array, x: Array, inner: Axes) -> tuple[Array, Array]:
    """The gradients in `scale_cells`'s scale and shift, one number a cell."""
    layout = layout_of(x, inner)
    g = layout.fold(grad)
    return layout.dot(g, layout.fold(x)), layout.total(g)


@or_compiled
def standardise_cells(
    x: Array, w: Array | None, b: Array | None, axes: Axes, inner: Axes, eps: float
) -> Standard:
    """y = (x - mean) / sqrt(variance + eps) * w + b, with mean and variance over `axes`.

    Shape: w and b broadcast to x and have size 1 along the axes `inner`, which `axes` includes.
    """
    scalar, layout = x.dtype.type, layout_of(x, inner)
    z, group, count = layout.fold(x), _grouping(x, axes, inner), _count(x, axes)
    mean = group(layout.total(z)) / count
    variance = group(layout.dot(z, z)) / count - mean * mean
    residual_mean = mean  # of z
    if not (mean * mean <= scalar(FAR) * variance).all():
        z, residual_mean = _centered(z, mean, layout, group, count)
        mean, residual_mean = mean + residual_mean, scalar(0)
        variance = group(layout.dot(z, z)) / count
    inverse = scalar(1) / np.sqrt(variance + scalar(eps))
    scale = inverse if w is None else inverse * w
    shift = -residual_mean * scale
    y = layout.lengthwise(z) * layout.broadcast_per_cell(scale)
    y += layout.broadcast_per_cell(shift if b is None else shift + b)
    return Standard(layout.unfold(y), mean, inverse, variance)


@or_compiled
def cells_back(
    grad: Array,
    x: Array,
    w: Array | None,
    statistics: tuple[Array, Array],
    axes: Axes,
    inner: Axes,
    wants_x: bool,
) -> tuple[Array | None, Array, Array]:
    """The gradients in `standardise_cells`'s x, and, still one number a cell, in its w and b.

    With y = (x - mean) * inverse, that in x is
    (grad * w - mean(grad * w) - y * mean(grad * w * y)) * inverse.

    Args:
        statistics: the mean and the inverse.
    """
    (mean, inverse), scalar, layout = statistics, x.dtype.type, layout_of(x, inner)
    group, count = _grouping(x, axes, inner), _count(x, axes)
    z, g = layout.fold(x), layout.fold(grad)
    dbias = layout.total(g)
    # (Of an infinite gradient, two parts of the sum would be infinite, and their difference NaN.)
    if not ((mean * inverse) ** 2 <= scalar(FAR)).all() or not np.isfinite(dbias).all():
        z, _ = _centered(z, mean, layout, group, count)
        mean = scalar(0)  # of z
    dweight = (layout.dot(g, z) - mean * dbias) * inverse
    if not wants_x:
        return None, dweight, dbias
    x_coefficient, offset, scale, g = dweight, dbias, inverse, layout.lengthwise(g)
    if w is not None and group is not _identity:  # cells of different weights share a mean
        x_coefficient, offset, g = x_coefficient * w, offset * w, g * layout.broadcast_per_cell(w)
    elif w is not None:
        scale = inverse * w
    x_coefficient = group(x_coefficient) * inverse / -count
    offset = group(offset) / -count - mean * x_coefficient
    grad_x = layout.lengthwise(z) * layout.broadcast_per_cell(x_coefficient)
    grad_x += layout.broadcast_per_cell(offset)
    grad_x += g
    grad_x *= layout.broadcast_per_cell(scale)
    return layout.unfold(grad_x), dweight, dbias


def _centered(
    x: Array, mean: Array, layout: Layout, group: Callable[[Array], Array], count: Any
) -> tuple[Array, Array]:
    """x - mean as (A, K, B), and what rounding had left of the mean, which is subtracted too."""
    z = layout.lengthwise(x) - layout.broadcast_per_cell(mean)
    residual_mean = group(layout.total(z.reshape(layout.folded))) / count
    z -= layout.broadcast_per_cell(residual_mean)
    return z.reshape(layout.folded), residual_mean


def _count(x: Array, axes: Axes) -> Any:
    """Count the elements that share a mean, as a number of x's dtype."""
    return x.dtype.type(math.prod([x.shape[axis] for axis in axes]))


def _identity(numbers: Array) -> Array:
    """The sum over the cells that share a mean, where that is each alone."""
    return numbers


def _grouping(x: Array, axes: Axes, inner: Axes) -> Callable[[Array], Array]:
    """The function that sums one number a cell over those that share a mean, keeping the axes."""
    between = tuple([axis for axis in axes if axis not in inner and x.shape[axis] != 1])
    return (lambda numbers: numbers.sum(between, keepdims=True)) if between else _identity


# ---- rows: a weight for each element of a row --------------------------------------------------


@or_compiled
def standardise_rows(
    x: Array, w: Array | None, b: Array | None, eps: float, centre: bool
) -> tuple[Array, Array | None, Array]:
    """y = (x - mean) / sqrt(variance + eps) * w + b for each row; without `centre`, mean is 0.

    Gives y, the mean (None without `centre`), and 1 / sqrt(variance + eps), both as (M, 1).

    Shape: x (M, E); w and b (E).
    """
    (M, E), scalar = x.shape, x.dtype.type
    y, inverse = np.empty_like(x), np.empty((M, 1), x.dtype)
    means = np.empty((M, 1), x.dtype) if centre else None
    each, count = ones(E, x.dtype), scalar(E)
    scratch = np.empty((min(M, _rows(E)), E), x.dtype)
    for part in _blocks(M, E):
        out, z = y[part], x[part]
        if means is not None:
            mean = z @ each / count
            z = np.subtract(z, mean[:, np.newaxis], out=scratch[: len(z)])
        square = np.multiply(z, z, out=out) @ each / count
        if means is not None:
            if (mean * mean > scalar(16) * square).any():  # then the mean's rounding shows
                residual_mean = z @ each / count
                z -= residual_mean[:, np.newaxis]
                mean += residual_mean
                square = np.multiply(z, z, out=out) @ each / count
            means[part, 0] = mean
        deviation = np.sqrt(square + scalar(eps), out=square)
        np.divide(scalar(1), deviation, out=inverse[part, 0])
        _scaled(z, inverse[part], w, out)
        if b is not None:
            out += b
    return y, means, inverse


@or_compiled
def rows_back(
    grad: Array, x: Array, w: Array | None, mean: Array | None, inverse: Array, wants_x: bool
) -> tuple[Array | None, Array, Array]:
    """The gradients in `standardise_rows`'s x, w and b; see `cells_back`."""
    (M, E), scalar = grad.shape, grad.dtype.type
    grad_x = np.empty_like(grad) if wants_x else None
    grad_w, grad_b, each = np.zeros(E, grad.dtype), np.zeros(E, grad.dtype), ones(E, grad.dtype)
    weights, share = each if w is None else w, inverse / scalar(E)
    scratch = np.empty((min(M, _rows(E)), E), x.dtype)
    for part in _blocks(M, E):
        g, z, scale = grad[part], x[part], inverse[part]
        if mean is not None:
            z = np.subtract(z, mean[part], out=scratch[: len(z)])
            if ((mean[part] * scale) ** 2 > scalar(16)).any():
                z -= (z @ each / scalar(E))[:, np.newaxis]
        product = g * z
        grad_w += scale[:, 0] @ product
        grad_b += ones(len(g), g.dtype) @ g
        if grad_x is None:
            continue
        out = _scaled(g, scale, w, grad_x[part])
        x_coefficient = (product @ weights)[:, np.newaxis] * share[part]
        x_coefficient *= scale
        x_coefficient *= scale
        out -= np.multiply(z, x_coefficient, out=product)
        if mean is not None:
            out -= (g @ weights)[:, np.newaxis] * share[part]
    return grad_x, grad_w, grad_b


def _rows(E: int) -> int:
    """The number of rows of E elements that fit the processor's cache."""
    return max(BLOCK // max(E, 1), 1)


def _blocks(M: int, E: int) -> list[slice]:
    """M rows of E elements, in blocks that fit the processor's cache."""
    return [slice(start, start + _rows(E)) for start in range(0, M, _rows(E))]


def _scaled(x: Array, column: Array, row: Array | None, out: Array) -> Array:
    """x * column * row, where `column` has one number for each row of x, and `row` for each column.

    Where rows are short, BLAS multiplies the two first: it need not start anew with each row.
    """
    if row is None:
        return np.multiply(x, column, out=out)
    if x.shape[1] < 256:
        return np.multiply(x, np.dot(column, row[np.newaxis]), out=out)
    np.multiply(x, column, out=out)
    return np.multiply(out, row, out=out)
