"""Softmax, its logarithm and cross entropy, a row at a time while it is in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from minitorch.kernels.compiled import Array, in_parts, inline, loop, served, sums
from minitorch.kernels.compiled.elementary import exp

EXP = 5  # additions that an exponential takes as long as
SHORT, MANY = 16, 1 << 12
BLOCK = 2048  # numbers in rows that are worked on together


def _rows(axis: int, *arrays: Array) -> bool:
    """Whether all are rows, without gaps, along the last dimension, which is `axis`.

    Many short rows are none: NumPy works on all of them at once.
    """
    x = arrays[0]
    return (
        served(*arrays)
        and axis == x.ndim - 1
        and x.size > 0
        and (x.shape[axis] >= SHORT or x.size <= MANY)
        and all(a.flags.c_contiguous for a in arrays)
    )


@inline
def _largest32(x: Any) -> Any:
    # As integers, which the bits of floats are in the same order as, but for negative ones the
    # wrong way round: their maximum is found for several at a time.
    bits, most = x.view(np.int32), np.int32(-(2**31))
    for c in range(bits.size):
        i = bits[c]
        i = i ^ ((i >> np.int32(31)) & np.int32(0x7FFFFFFF))
        most = i if i > most else most
    return np.int32(most ^ ((most >> np.int32(31)) & np.int32(0x7FFFFFFF))).view(np.float32)


@inline
def _largest64(x: Any) -> Any:
    bits, most = x.view(np.int64), np.int64(-(2**63))
    for c in range(bits.size):
        i = bits[c]
        i = i ^ ((i >> 63) & 0x7FFFFFFFFFFFFFFF)
        most = i if i > most else most
    return np.int64(most ^ ((most >> 63) & 0x7FFFFFFFFFFFFFFF)).view(np.float64)


def largest(x: Any) -> Any:
    """The largest of a row. NaN may be passed over: it shows in a sum."""


@overload(largest, inline="always")
def _largest(x: Any) -> Any:
    return _largest32.py_func if x.dtype == types.float32 else _largest64.py_func


@loop
def shift(start: int, stop: int, x: Array, y: Array) -> None:
    """Put rows, each less its largest number, into y."""
    for n in range(start, stop):
        most = largest(x[n])
        for c in range(x.shape[1]):
            y[n, c] = x[n, c] - most


@loop
def exponentiate(x: Array) -> None:
    """Overwrite rows without gaps by their exponentials; short ones are treated as one."""
    row = x.reshape(-1)
    for i in range(row.size):
        row[i] = exp(row[i])


@sums
def add_up(x: Any) -> Any:
    """The sum of a row."""
    total = x.dtype.type(0)
    for c in range(x.size):
        total += x[c]
    return total


@sums
def dot(x: Any, y: Any) -> Any:
    """The sum of two rows' products."""
    total = x.dtype.type(0)
    for c in range(x.size):
        total += x[c] * y[c]
    return total


@loop
def _softmax(start: int, stop: int, x: Array, y: Array) -> None:
    C = x.shape[1]
    for first in range(start, stop, 1 + BLOCK // C):
        last = min(first + 1 + BLOCK // C, stop)
        shift(first, last, x, y)
        exponentiate(y[first:last])
        for n in range(first, last):
            total = add_up(y[n])
            for c in range(C):
                y[n, c] /= total


def softmax(x: Array, axis: int) -> Any:
    if not _rows(axis, x):
        return NotImplemented
    y = np.empty_like(x)
    C = x.shape[-1]
    in_parts(_softmax, x.size // C, EXP * C, x.reshape(-1, C), y.reshape(-1, C))
    return y


@loop
def _softmax_back(start: int, stop: int, grad: Array, y: Array, out: Array) -> None:
    for n in range(start, stop):
        total = dot(grad[n], y[n])
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
    C = x.shape[1]
    e = np.empty(BLOCK + C, x.dtype)
    for first in range(start, stop, 1 + BLOCK // C):
        last = min(first + 1 + BLOCK // C, stop)
        shift(first, last, x, y)
        shifted = y[first:last].reshape(-1)
        for i in range(shifted.size):
            e[i] = exp(shifted[i])
        for n in range(first, last):
            total = np.log(add_up(e[(n - first) * C : (n - first + 1) * C]))
            for c in range(C):
                y[n, c] -= total


def log_softmax(x: Array, axis: int) -> Any:
    if not _rows(axis, x):
        return NotImplemented
    y = np.empty_like(x)
    C = x.shape[-1]
    in_parts(_log_softmax, x.size // C, EXP * C, x.reshape(-1, C), y.reshape(-1, C))
    return y


@loop
def _log_softmax_back(start: int, stop: int, grad: Array, y: Array, out: Array) -> None:
    for n in range(start, stop):
        total = add_up(grad[n])
        for c in range(y.shape[1]):
            out[n, c] = grad[n, c] - exp(y[n, c]) * total


def log_softmax_back(grad: Array, y: Array, axis: int) -> Any:
    if not _rows(axis, y, grad):
        return NotImplemented
    out = np.empty_like(y)
    C = y.shape[-1]
    parts = [a.reshape(-1, C) for a in (grad, y, out)]
    in_parts(_log_softmax_back, y.size // C, EXP * C, *parts)
    return out


@loop
def _cross_entropy(
    start: int, stop: int, x: Array, target: Array, losses: Array, y: Array, at: Array
) -> None:
    C = x.shape[1]
    for first in range(start, stop, 1 + BLOCK // C):
        last = min(first + 1 + BLOCK // C, stop)
        shift(first, last, x, y)
        for n in range(first, last):
            losses[n] = -y[n, target[n]]
            at[n] = n * C + target[n]
        exponentiate(y[first:last])
        for n in range(first, last):
            total = add_up(y[n])
            losses[n] += np.log(total)
            for c in range(C):
                y[n, c] /= total


def cross_entropy(x: Array, target: Array) -> Any:
    if not _rows(1, x):
        return NotImplemented
    N, C = x.shape
    losses, y, at = np.empty(N, x.dtype), np.empty_like(x), np.empty(N, np.int64)
    in_parts(_cross_entropy, N, EXP * C, x, target, losses, y, at)
    return losses, y, at
