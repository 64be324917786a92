"""Normalisation: statistics and results of one channel, group or row, while it is in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop, served, sums
from minitorch.kernels.norm import FAR, Axes, Layout, Standard, layout_of

BLOCK = 4096  # elements that are added up in their own dtype; the sums of these in float64
SHORT = 100  # elements of a run, below which a loop that starts anew with each does not pay
FEW = 8  # channels in a row that are too few to be worked on at once
WORK = 0.25  # elements that one takes as long as, by `in_parts`'s measure


@sums
def _moments(x: Any) -> Any:
    """The mean, and the sum of the squares around it, in float64."""
    number = x.dtype.type
    count = number(x.size)
    total = squares = rest = number(0)
    for i in range(x.size):
        total += x[i]
    near = total / count
    for i in range(x.size):
        d = x[i] - near
        rest += d
        squares += d * d
    mean = rest / count
    return near + np.float64(mean), squares - np.float64(mean) * rest


@loop
def _merge(count: Any, mean: Any, squares: Any, x: Any) -> Any:
    """Combine what `_moments` gives for x with what came before (Chan, Golub and LeVeque, 1979)."""
    for first in range(0, x.size, BLOCK):
        part = x[first : first + BLOCK]
        its_mean, its_squares = _moments(part)
        n, away = float(part.size), its_mean - mean
        count += n
        mean += away * (n / count)
        squares += its_squares + away * away * (n * (1 - n / count))
    return count, mean, squares


# ---- cells: one weight and one mean for many elements -----------------------------------------
#
# An array is (A, K, B), as in `norm.Layout`: K cells of A * B elements. Where several cells have
# one mean, they lie side by side.


def _order(layout: Layout, axes: Axes) -> Axes | None:
    """The shape of one number a mean, in the order of memory; None for what is left to NumPy."""
    A, K, B = layout.folded
    kept = [axis for axis in layout.order if layout.cells[axis] != 1]
    shared = [axis in axes for axis in kept]
    fits = B >= SHORT or (A == 1 and B > 1) or (B == 1 and K >= FEW and not any(shared))
    if not fits or shared != sorted(shared) or (A > 1 and any(shared)):
        return None
    return tuple([1 if axis in axes else layout.cells[axis] for axis in layout.order])


def _per_cell(layout: Layout, numbers: Array | None, missing: Any) -> Array:
    """One number a cell, in the order of memory; all are `missing` if there are none."""
    K = layout.folded[1]
    if numbers is None:
        return np.full(K, missing)
    if numbers.size != K:
        numbers = np.broadcast_to(numbers, layout.cells)
    return np.ascontiguousarray(numbers.transpose(layout.order).reshape(K), missing.dtype)


@loop
def _line(x: Any, mean: Any, scale: Any, shift: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = (x[i] - mean) * scale + shift


@loop
def _standardise(
    start: int,
    stop: int,
    x: Array,
    w: Array,
    b: Array,
    eps: float,
    y: Array,
    statistics: Array,
) -> None:
    A, K, B = x.shape
    groups = statistics.shape[1]
    number, per = x.dtype.type, K // groups  # cells that share a mean
    runs = x.reshape(A, groups, per * B)
    for group in range(start, stop):
        count, mean, squares = 0.0, 0.0, 0.0
        for a in range(A):
            count, mean, squares = _merge(count, mean, squares, runs[a, group])
        near, variance = number(mean), squares / count
        inverse = 1 / np.sqrt(variance + eps)
        statistics[0, group], statistics[1, group], statistics[2, group] = near, inverse, variance
        for k in range(group * per, group * per + per):
            scale = inverse * w[k]
            shift = b[k] - (mean - near) * scale
            for a in range(A):
                _line(x[a, k], near, number(scale), number(shift), y[a, k])


def standardise_cells(
    x: Array, w: Array | None, b: Array | None, axes: Axes, inner: Axes, eps: float
) -> Any:
    layout = layout_of(x, inner)
    sizes = _order(layout, axes)
    if not served(x) or not x.size or sizes is None:
        return NotImplemented
    one = x.dtype.type(1)
    z, weights, biases = layout.fold(x), _per_cell(layout, w, one), _per_cell(layout, b, one * 0)
    y, statistics = np.empty_like(z), np.empty((3, *sizes), x.dtype)
    flat = statistics.reshape(3, -1)
    if layout.folded[2] == 1:
        _standardise_columns(_long(layout, z), weights, biases, eps, _long(layout, y), flat)
    else:
        each = WORK * x.size / flat.shape[1]
        in_parts(_standardise, flat.shape[1], each, z, weights, biases, eps, y, flat)
    mean, inverse, variance = (a.transpose(layout.back) for a in statistics)
    return Standard(layout.unfold(y), mean, inverse, variance)


@sums
def _dots(grad: Any, x: Any, mean: Any) -> Any:
    """The sums of grad * (x - mean), of grad, and of x - mean."""
    dot = total = rest = x.dtype.type(0)
    for i in range(x.size):
        d = x[i] - mean
        dot += grad[i] * d
        total += grad[i]
        rest += d
    return np.float64(dot), np.float64(total), np.float64(rest)


@loop
def _plane(
    grad: Any, x: Any, mean: Any, rest: Any, scale: Any, slope: Any, shift: Any, out: Any
) -> None:
    for i in range(x.size):
        out[i] = grad[i] * scale + ((x[i] - mean - rest) * slope + shift)


@loop
def _back(
    start: int,
    stop: int,
    grad: Array,
    x: Array,
    w: Array,
    means: Array,
    inverses: Array,
    dparams: Array,
    out: Array,
) -> None:
    A, K, B = x.shape
    number, per = x.dtype.type, K // means.size
    for group in range(start, stop):
        near, inverse, count = means[group], np.float64(inverses[group]), float(per * A * B)
        rest = pull = offset = 0.0
        for k in range(group * per, group * per + per):
            dot = total = 0.0
            for a in range(A):
                for i in range(0, B, BLOCK):
                    part = slice(i, i + BLOCK)
                    found = _dots(grad[a, k, part], x[a, k, part], near)
                    dot, total, rest = dot + found[0], total + found[1], rest + found[2]
            dparams[0, k], dparams[1, k] = dot * inverse, total
            pull += dot * w[k]
            offset += total * w[k]
        # What rounding has left of a large mean is taken out of the sums.
        rest = rest / count if (near * inverse) ** 2 > FAR else 0.0
        pull = pull - rest * offset if rest else pull  # offset may be inf
        slope = number(-inverse * inverse * inverse * pull / count)
        shift, off = number(-inverse * offset / count), number(rest)
        for k in range(group * per, group * per + per):
            if rest:
                dparams[0, k] -= rest * inverse * dparams[1, k]
            scale = number(inverse * w[k])
            for a in range(len(out)):
                _plane(grad[a, k], x[a, k], near, off, scale, slope, shift, out[a, k])


def cells_back(
    grad: Array,
    x: Array,
    w: Array | None,
    statistics: tuple[Array, Array],
    axes: Axes,
    inner: Axes,
    wants_x: bool,
) -> Any:
    layout = layout_of(x, inner)
    if not served(x, grad) or not x.size or _order(layout, axes) is None:
        return NotImplemented
    mean, inverse = (
        np.ascontiguousarray(a.transpose(layout.order).reshape(-1)) for a in statistics
    )
    z, g, weights = layout.fold(x), layout.fold(grad), _per_cell(layout, w, x.dtype.type(1))
    if mean.size < weights.size and not np.isfinite(weights).all():
        return NotImplemented  # inf and NaN then depend on where a weight is multiplied with
    out = np.empty_like(z if wants_x else z[:0])
    dparams = np.empty((2, *[layout.cells[axis] for axis in layout.order]), x.dtype)
    flat = dparams.reshape(2, -1)
    if layout.folded[2] == 1:
        if not ((mean * inverse) ** 2 <= FAR).all():
            return NotImplemented
        z, g, out = _long(layout, z), _long(layout, g), _long(layout, out)
        _columns_back(g, z, weights, mean, inverse, flat, out)
    else:
        each = WORK * x.size / mean.size
        in_parts(_back, mean.size, each, g, z, weights, mean, inverse, flat, out)
    dweight, dbias = (a.transpose(layout.back) for a in dparams)
    return layout.unfold(out) if wants_x else None, dweight, dbias


@loop
def _scale(start: int, stop: int, x: Array, scale: Array, shift: Array, y: Array) -> None:
    for i in range(start, stop):
        k = i % scale.size
        _line(x[i], x.dtype.type(0), scale[k], shift[k], y[i])


def scale_cells(x: Array, scale: Array, shift: Array | None, inner: Axes) -> Any:
    layout = layout_of(x, inner)
    A, K, B = layout.folded
    if not served(x, scale) or not x.size or _order(layout, inner) is None:
        return NotImplemented
    z, zero = layout.fold(x), x.dtype.type(0)
    slopes, shifts = _per_cell(layout, scale, zero), _per_cell(layout, shift, zero)
    y = np.empty_like(z)
    if B == 1:
        z = _long(layout, z)
        lines = np.zeros((3, z.shape[1] // K, K), x.dtype)
        lines[1], lines[2] = slopes, shifts
        each = WORK * z.shape[1]
        in_parts(_lines, len(z), each, z, lines.reshape(3, -1), _long(layout, y))
    else:
        in_parts(_scale, A * K, WORK * B, z.reshape(-1, B), slopes, shifts, y.reshape(-1, B))
    return layout.unfold(y)


# Channels last, (A, K): a row's numbers are worked on side by side. Short rows are laid end to end,
# `repeats` of them, as one long one.


def _long(layout: Layout, x: Array) -> Array:
    """The view of (A, K, 1) that has long rows."""
    wide = layout.folded[1] * (layout.repeats or 1)
    return x.reshape(x.size // wide, wide)


@loop
def _column_moments(start: int, stop: int, x: Array, rows: int, parts: Array) -> None:
    """For blocks of rows: the means, how far they are off, and the squares around them added up."""
    for part in range(start, stop):
        block = x[part * rows : part * rows + rows]
        mean, rest, squares = parts[part, 0], parts[part, 1], parts[part, 2]
        parts[part] = 0
        for a in range(len(block)):
            for k in range(mean.size):
                mean[k] += block[a, k]
        for k in range(mean.size):
            mean[k] /= len(block)
        for a in range(len(block)):
            for k in range(mean.size):
                d = block[a, k] - mean[k]
                rest[k] += d
                squares[k] += d * d


@loop
def _merge_columns(
    parts: Array, A: int, rows: int, w: Array, b: Array, eps: float, statistics: Array, lines: Array
) -> None:
    for k in range(w.size):
        count = mean = squares = 0.0
        for part in range(len(parts)):
            n = float(min(rows, A - part * rows))
            for j in range(k, parts.shape[2], w.size):
                rest = parts[part, 1, j] / n
                away = parts[part, 0, j] + rest - mean
                count += n
                mean += away * (n / count)
                squares += parts[part, 2, j] - rest * rest * n + away * away * (n * (1 - n / count))
        near, variance = w.dtype.type(mean), squares / count
        inverse = 1 / np.sqrt(variance + eps)
        statistics[0, k], statistics[1, k], statistics[2, k] = near, inverse, variance
        for j in range(k, lines.shape[1], w.size):
            lines[0, j], lines[1, j] = near, inverse * w[k]
            lines[2, j] = b[k] - (mean - near) * inverse * w[k]


@loop
def _lines(start: int, stop: int, x: Array, lines: Array, y: Array) -> None:
    mean, scale, shift = lines[0], lines[1], lines[2]
    for a in range(start, stop):
        for k in range(mean.size):
            y[a, k] = (x[a, k] - mean[k]) * scale[k] + shift[k]


def _blocks(x: Array) -> tuple[int, int]:
    """The number of rows in a block, and that of blocks."""
    rows = max(BLOCK // x.shape[1], 16)
    return rows, -(-len(x) // rows)


def _standardise_columns(
    x: Array, w: Array, b: Array, eps: float, y: Array, statistics: Array
) -> None:
    A, wide = x.shape
    rows, count = _blocks(x)
    parts, lines = np.empty((count, 3, wide), x.dtype), np.empty((3, wide), x.dtype)
    in_parts(_column_moments, count, WORK * rows * wide, x, rows, parts)
    _merge_columns(parts, A, rows, w, b, eps, statistics, lines)
    in_parts(_lines, A, WORK * wide, x, lines, y)


@loop
def _column_dots(
    start: int, stop: int, grad: Array, x: Array, mean: Array, rows: int, parts: Array
) -> None:
    for part in range(start, stop):
        dot, total = parts[part, 0], parts[part, 1]
        parts[part] = 0
        for a in range(part * rows, min(part * rows + rows, len(x))):
            for k in range(mean.size):
                dot[k] += grad[a, k] * (x[a, k] - mean[k])
                total[k] += grad[a, k]


@loop
def _merge_dots(
    parts: Array, A: int, w: Array, inverses: Array, dparams: Array, planes: Array
) -> None:
    for k in range(w.size):
        dot = total = 0.0
        for part in range(len(parts)):
            for j in range(k, parts.shape[2], w.size):
                dot += parts[part, 0, j]
                total += parts[part, 1, j]
        inverse = np.float64(inverses[k])
        scale, count = inverse * w[k], A * (parts.shape[2] // w.size)
        dparams[0, k], dparams[1, k] = dot * inverse, total
        for j in range(k, planes.shape[1], w.size):
            planes[0, j], planes[1, j] = scale, -scale * inverse * inverse * dot / count
            planes[2, j] = -scale * total / count


@loop
def _planes(
    start: int, stop: int, grad: Array, x: Array, mean: Array, planes: Array, out: Array
) -> None:
    scale, slope, shift = planes[0], planes[1], planes[2]
    for a in range(start, stop):
        for k in range(mean.size):
            out[a, k] = grad[a, k] * scale[k] + ((x[a, k] - mean[k]) * slope[k] + shift[k])


def _columns_back(
    grad: Array, x: Array, w: Array, mean: Array, inverse: Array, dparams: Array, out: Array
) -> None:
    A, wide = x.shape
    rows, count = _blocks(x)
    parts, planes = np.empty((count, 2, wide), x.dtype), np.empty((3, wide), x.dtype)
    means = mean if wide == w.size else np.tile(mean, wide // w.size)
    in_parts(_column_dots, count, WORK * rows * wide, grad, x, means, rows, parts)
    _merge_dots(parts, A, w, inverse, dparams, planes)
    if out.size:
        in_parts(_planes, A, WORK * wide, grad, x, means, planes, out)


# ---- rows: a weight for each element of a row --------------------------------------------------


@loop
def _rows(
    start: int,
    stop: int,
    x: Array,
    w: Array,
    b: Array,
    eps: float,
    centre: bool,
    y: Array,
    means: Array,
    inverses: Array,
) -> None:
    number, E = x.dtype.type, x.shape[1]
    for m in range(start, stop):
        if not centre:
            mean, squares = 0.0, _dots(x[m], x[m], number(0))[0]
        elif E <= BLOCK:
            mean, squares = _moments(x[m])
        else:
            _, mean, squares = _merge(0.0, 0.0, 0.0, x[m])
        near, inverse = number(mean), 1 / np.sqrt(squares / E + eps)
        scale, shift = number(inverse), number((near - mean) * inverse)
        means[m, 0], inverses[m, 0] = near, scale
        for e in range(E):
            y[m, e] = ((x[m, e] - near) * scale + shift) * w[e] + b[e]


def standardise_rows(x: Array, w: Array | None, b: Array | None, eps: float, centre: bool) -> Any:
    if not served(x) or not x.size or not x.flags.c_contiguous:
        return NotImplemented
    M, E = x.shape
    y, means, inverses = np.empty_like(x), np.empty((M, 1), x.dtype), np.empty((M, 1), x.dtype)
    weights = np.ones(E, x.dtype) if w is None else np.ascontiguousarray(w, x.dtype)
    biases = np.zeros(E, x.dtype) if b is None else np.ascontiguousarray(b, x.dtype)
    in_parts(_rows, M, WORK * E, x, weights, biases, eps, centre, y, means, inverses)
    return y, means if centre else None, inverses


@sums
def _row_dots(grad: Any, x: Any, w: Any, mean: Any) -> Any:
    """The sums of grad * w * (x - mean), of grad * w, and of x - mean."""
    dot = total = rest = x.dtype.type(0)
    for e in range(x.size):
        d, g = x[e] - mean, grad[e] * w[e]
        dot += g * d
        total += g
        rest += d
    return np.float64(dot), np.float64(total), np.float64(rest)


@loop
def _rows_back(
    start: int,
    stop: int,
    grad: Array,
    x: Array,
    w: Array,
    means: Array,
    inverses: Array,
    centre: bool,
    rows: int,
    dparams: Array,
    out: Array,
) -> None:
    number, (M, E) = x.dtype.type, x.shape
    for part in range(start, stop):
        dweight, dbias = dparams[part, 0], dparams[part, 1]
        dparams[part] = 0
        for m in range(part * rows, min(part * rows + rows, M)):
            mean, inverse = means[m, 0], np.float64(inverses[m, 0])
            dot, total, rest = _row_dots(grad[m], x[m], w, mean)
            if not centre:
                total = rest = 0.0
            rest = rest / E if (mean * inverse) ** 2 > FAR else 0.0
            dot = dot - rest * total if rest else dot  # total may be inf
            scale, off = number(inverse), number(rest)
            for e in range(E):
                dweight[e] += grad[m, e] * ((x[m, e] - mean - off) * scale)
                dbias[e] += grad[m, e]
            if out.size:
                slope = number(-inverse * inverse * inverse * dot / E)
                shift = number(-inverse * total / E)
                for e in range(E):
                    d = x[m, e] - mean - off
                    out[m, e] = grad[m, e] * w[e] * scale + (d * slope + shift)


def rows_back(
    grad: Array, x: Array, w: Array | None, mean: Array | None, inverse: Array, wants_x: bool
) -> Any:
    if not (served(x, grad) and x.size and x.flags.c_contiguous and grad.flags.c_contiguous):
        return NotImplemented
    M, E = x.shape
    means = np.zeros_like(inverse) if mean is None else mean
    weights = np.ones(E, x.dtype) if w is None else np.ascontiguousarray(w, x.dtype)
    out = np.empty_like(x if wants_x else x[:0])
    rows = max(M // 64, BLOCK // E, 1)
    count = -(-M // rows)
    dparams = np.empty((count, 2, E), x.dtype)
    fixed = (grad, x, weights, means, inverse, mean is not None, rows, dparams, out)
    in_parts(_rows_back, count, 2 * WORK * rows * E, *fixed)
    dweight, dbias = dparams[0] if count == 1 else dparams.sum(0)
    return out if wants_x else None, dweight, dbias
