"""Softmax, its logarithm and cross entropy, a row at a time while it is in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop, served, sums
from minitorch.kernels.compiled.elementary import exp

EXP = 8  # additions that an exponential takes as long as


def _rows(axis: int, *arrays: Array) -> bool:
    """Whether all are rows, without gaps, along the last dimension, which is `axis`."""
    x = arrays[0]
    return (
        served(*arrays)
        and axis == x.ndim - 1
        and x.size > 0
        and all(a.flags.c_contiguous for a in arrays)
    )


@sums
def _largest(x: Any) -> Any:
    # NaN is passed over: it shows in the sum. (A maximum of several at a time, as vectors.)
    most = -np.inf
    for c in range(x.size):
        most = max(most, x[c])
    return x.dtype.type(most)


@sums
def _exponentials(x: Any, most: Any, y: Any) -> Any:
    # y = exp(x - most), and its sum.
    total = x.dtype.type(0)
    for c in range(x.size):
        e = exp(x[c] - most)
        y[c] = e
        total += e
    return total


@loop
def _softmax(start: int, stop: int, x: Array, y: Array) -> None:
    for n in range(start, stop):
        total = _exponentials(x[n], _largest(x[n]), y[n])
        for c in range(x.shape[1]):
            y[n, c] /= total


def softmax(x: Array, axis: int) -> Any:
    if not _rows(axis, x):
        return NotImplemented
    y = np.empty_like(x)
    C = x.shape[-1]
    in_parts(_softmax, x.size // C, EXP * C, x.reshape(-1, C), y.reshape(-1, C))
    return y


@sums
def _dot(x: Any, y: Any) -> Any:
    total = x.dtype.type(0)
    for c in range(x.size):
        total += x[c] * y[c]
    return total


@loop
def _softmax_back(start: int, stop: int, grad: Array, y: Array, out: Array) -> None:
    for n in range(start, stop):
        total = _dot(grad[n], y[n])
        for c in range(y.shape[1]):
            out[n, c] = (grad[n, c] - total) * y[n, c]


def softmax_back(grad: Array, y: Array, axis: int) -> Any:
    if not _rows(axis, y, grad):
        return NotImplemented
    out = np.empty_like(y)
    C = y.shape[-1]
    parts = [a.reshape(-1, C) for a in (grad, y, out)]
    in_parts(_softmax_back, y.size // C, 2 * C, *parts)
    return out


@loop
def _log_softmax(start: int, stop: int, x: Array, y: Array) -> None:
    for n in range(start, stop):
        most = _largest(x[n])
        total = np.log(_exponentials(x[n], most, y[n]))
        for c in range(x.shape[1]):
            y[n, c] = (x[n, c] - most) - total


def log_softmax(x: Array, axis: int) -> Any:
    if not _rows(axis, x):
        return NotImplemented
    y = np.empty_like(x)
    C = x.shape[-1]
    in_parts(_log_softmax, x.size // C, EXP * C, x.reshape(-1, C), y.reshape(-1, C))
    return y
