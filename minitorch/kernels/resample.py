"""Sums of weighted elements along one axis at a time: resampling, adaptive means, reflected edges.

Resampling along an axis is a product with a sparse matrix, a `Table`. All axes of an image are
resampled by one table each, and the adjoint is the same with each table transposed.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from minitorch.kernels._windows import Array, upcast_half
from minitorch.kernels.pool import adaptive_bounds

Term = tuple[Array | None, Array, Array | None]


class Table:
    """A sparse matrix: y[rows] += weights * x[columns], entry by entry.

    Args:
        shape: the lengths of y and x.
        rows, columns: the places of the entries; ints.
        weights: their values (float64); None for ones.
    """

    def __init__(
        self, shape: tuple[int, int], rows: Array, columns: Array, weights: Array | None = None
    ) -> None:
        self.shape, self.rows, self.columns, self.weights = shape, rows, columns, weights

    @cached_property
    def transposed(self) -> Table:
        """The adjoint."""
        return Table(self.shape[::-1], self.columns, self.rows, self.weights)

    @cached_property
    def terms(self) -> list[Term]:
        """The first entry of every row, then every second one...: (rows, columns, weights).

        In one term each row appears once, so that NumPy can add to all of them at once. The rows
        are None where they are all there are, in order.
        """
        order = np.argsort(self.rows, kind="stable")
        rows, columns = self.rows[order], self.columns[order]
        weights = None if self.weights is None else self.weights[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        terms: list[Term] = []
        for number in range(int(rank.max(initial=-1)) + 1):
            chosen = rank == number
            places = None if chosen.sum() == self.shape[0] else rows[chosen]
            weight = None if weights is None else weights[chosen]
            terms.append((places, columns[chosen], weight))
        return terms


def _along(x: Array, table: Table, axis: int) -> Array:
    y: Array | None = None
    shape = (*x.shape[:axis], table.shape[0], *x.shape[axis + 1 :])
    before = (slice(None),) * axis
    for rows, columns, weights in table.terms:
        part = x.take(columns, axis)
        if weights is not None:
            part *= weights.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        if y is None and rows is None:
            y = part
            continue
        if y is None:
            y = np.zeros(shape, x.dtype)
        y[(*before, slice(None) if rows is None else rows)] += part
    return np.zeros(shape, x.dtype) if y is None else y


def resample(x: Array, tables: tuple[Table, ...]) -> Array:
    """x with each of its last axes multiplied by its table; weighted integers are rounded."""
    first = x.ndim - len(tables)
    if x.dtype.kind in "iu" and any(table.weights is not None for table in tables):
        limits = np.iinfo(x.dtype)
        y: Any = x
        for dim in reversed(range(len(tables))):  # Pillow's way: rounded after each axis
            table, bits = _in_integers(tables[dim])
            sums = _along(y.astype(np.int64), table, first + dim)
            y = np.clip((sums + (1 << bits >> 1)) >> bits, limits.min, limits.max).astype(x.dtype)
        return y
    y = upcast_half(x)
    growth = [out / max(size, 1) for out, size in (table.shape for table in tables)]

    def cost(dim: int) -> tuple[float, int]:
        """Order axes: those that shrink first; and the last, which is slow, while there is less."""
        return growth[dim], dim if growth[dim] < 1 else -dim

    for dim in sorted(range(len(tables)), key=cost):
        y = _along(y, tables[dim], first + dim)
    return y.astype(x.dtype, copy=False)


def _in_integers(table: Table) -> tuple[Table, int]:
    """A table of weights in 16-bit integers, and by how many bits they are too large.

    As in Pillow (libImaging/Resample.c), whose images of bytes PyTorch's are equal to: as many bits
    as the largest weight leaves room for.
    """
    if table.weights is None:
        return table, 0
    largest, bits = table.weights.max(initial=0), 0
    while bits < 22 and int(0.5 + largest * (1 << bits + 1)) < 1 << 15:
        bits += 1
    weights = table.weights * (1 << bits)
    rounded = np.trunc(weights + np.where(weights < 0, -0.5, 0.5)).astype(np.int64)
    return Table(table.shape, table.rows, table.columns, rounded), bits


# ---- the tables -------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def adaptive_means(size: int, out: int) -> Table:
    """Each of `out` cells' mean; see `adaptive_bounds`."""
    start, end = adaptive_bounds(size, out)
    lengths = end - start
    rows = np.repeat(np.arange(out), lengths)
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths - start, lengths)
    return Table((out, size), rows, columns, 1.0 / lengths[rows])


def picks(size: int, index: Array) -> Table:
    """The elements at `index`, unchanged."""
    return Table((len(index), size), np.arange(len(index)), index)


def _scale(size: int, out: int, factor: float | None, corners: bool, real: type) -> Any:
    """Compute the number of elements of the input from one of the output to the next."""
    if corners:
        return real(size - 1) / real(out - 1) if out > 1 else real(0)
    return real(size) / real(out) if factor is None else real(1.0 / factor)


def _source(out: int, scale: Any, corners: bool, real: type) -> Array:
    """Where in the input each element of the output lies, from -0.5 (or 0, with `corners`)."""
    place: Array = np.arange(out).astype(real)
    if corners:
        return scale * place
    return scale * (place + real(0.5)) - real(0.5)


@lru_cache(maxsize=256)
def nearest(
    size: int, out: int, factor: float | None, exact: bool, planar: bool, real: type
) -> Table:
    """The element at or before each place; with `exact`, the one whose middle is nearest.

    Which of two it is may hang on the last bit. So this rounds where PyTorch does, which differs
    for images (`planar`) and what has one or three spatial dimensions.
    """
    place = np.arange(out)
    if planar:
        scale = np.float32(_scale(size, out, factor, False, np.float64))
        if not exact and out in (size, 2 * size):
            return picks(size, place * size // out)
        at = (place.astype(np.float32) + np.float32(0.5 if exact else 0)) * scale
    elif exact:  # one rounding for product and difference (a fused multiply-add)
        scale = _scale(size, out, factor, False, real)
        at = _source(out, np.float64(scale), False, np.float64).astype(real) + real(0.5)
    else:
        at = _scale(size, out, factor, False, real) * place.astype(real)
    index = np.floor(at.astype(np.float32)).astype(np.int64)
    return picks(size, np.minimum(index, size - 1))


@lru_cache(maxsize=256)
def linear(size: int, out: int, factor: float | None, corners: bool, real: type) -> Table:
    """Between the two elements on either side, by distance."""
    if size == out:
        at: Array = np.arange(out).astype(real)
    else:
        scale = _scale(size, out, factor, corners, real)
        at = np.maximum(_source(out, scale, corners, real), 0)
    low = np.minimum(at.astype(np.int64), size - 1)
    part = np.clip(at - low, 0, 1)
    return _weighted(size, np.stack([low, low + 1], 1), np.stack([1 - part, part], 1))


def _cubic_near(t: Array, a: float) -> Array:
    return ((a + 2) * t - (a + 3)) * t * t + 1


def _cubic_far(t: Array, a: float) -> Array:
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a


def cubic_weights(t: Any, a: float = -0.75) -> list[Any]:
    """The weights of the elements at -1, 0, 1 and 2 for a place t in 0..1, by cubic convolution.

    Keys, Cubic convolution interpolation for digital image processing (1981). Takes arrays, and
    whatever else can be added and multiplied.
    """
    return [
        _cubic_far(t + 1, a), _cubic_near(t, a), _cubic_near(1 - t, a), _cubic_far(2 - t, a)
    ]  # fmt: skip


@lru_cache(maxsize=256)
def cubic(size: int, out: int, factor: float | None, corners: bool, real: type) -> Table:
    """Keys's cubic convolution of four neighbours, the edge repeated."""
    at = _source(out, _scale(size, out, factor, corners, real), corners, real)
    low = np.floor(at).astype(np.int64)
    weights = np.stack(cubic_weights(np.clip(at - low, 0, 1)), 1)  # (out, 4)
    return _weighted(size, low[:, None] + np.arange(-1, 3), weights)


def _triangle(t: Array) -> Array:
    return np.maximum(1 - np.abs(t), 0)


def _keys(t: Array) -> Array:
    t = np.abs(t)
    return np.where(t < 1, _cubic_near(t, -0.5), np.where(t < 2, _cubic_far(t, -0.5), 0))


def _lanczos(t: Array) -> Array:
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


FILTERS = {"bilinear": (_triangle, 1), "bicubic": (_keys, 2), "lanczos": (_lanczos, 3)}


@lru_cache(maxsize=256)
def smooth(
    size: int, out: int, factor: float | None, corners: bool, mode: str, real: type
) -> Table:
    """A filter stretched by the scale where that makes images smaller, against aliasing.

    Pillow's way (libImaging/Resample.c), which PyTorch follows: Keys's cubic has a = -0.5 here.
    """
    kernel, reach = FILTERS[mode]
    scale = _scale(size, out, factor, corners, real)
    stretch = max(scale, real(1))
    center = scale * (np.arange(out).astype(real) + real(0.5))
    start = np.maximum((center - reach * stretch + real(0.5)).astype(np.int64), 0)
    end = np.minimum((center + reach * stretch + real(0.5)).astype(np.int64), size)
    columns = start[:, None] + np.arange(int((end - start).max(initial=1)))  # (out, window)
    weights = kernel((columns - center[:, None] + real(0.5)) / stretch)
    weights = np.where(columns < end[:, None], weights, 0)
    return _weighted(size, columns, weights / weights.sum(1, keepdims=True))


def _weighted(size: int, columns: Array, weights: Array) -> Table:
    """A row's columns and weights side by side; columns over the edge stand for the edge."""
    rows, inside = np.repeat(np.arange(len(columns)), columns.shape[1]), columns.clip(0, size - 1)
    return Table((len(columns), size), rows, inside.reshape(-1), weights.reshape(-1))
