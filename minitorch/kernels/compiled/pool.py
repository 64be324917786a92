"""The largest element of each window along one dimension, and its gradient's way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop, served

if TYPE_CHECKING:
    from minitorch.kernels.pool import Stage

LEAST = 1 << 14  # elements, below which NumPy is done as soon


@loop
def _largest(
    start: int, stop: int, x: Array, y: Array, winner: Array, places: int, stride: int, apart: int
) -> None:
    # Shape: x (A, L, B); y and winner (A, windows, B). (Slices of short rows would cost more than
    # they hold.)
    _, windows, B = y.shape
    for piece in range(start, stop):
        a, window = divmod(piece, windows)
        for i in range(B):
            y[a, window, i] = x[a, window * stride, i]
            winner[a, window, i] = 0
        for place in range(1, places):
            at = window * stride + place * apart
            for i in range(B):
                # NaN is larger than anything, and a later one than an earlier one.
                new, most = x[a, at, i], y[a, window, i]
                better = (new > most) | (new != new)
                y[a, window, i] = new if better else most
                winner[a, window, i] = place if better else winner[a, window, i]


@loop
def _spread(
    start: int, stop: int, grad: Array, winner: Array, y: Array, places: int, stride: int,
    apart: int, meet: bool,
) -> None:  # fmt: skip
    _, windows, B = grad.shape
    zero = y.dtype.type(0)
    for a in range(start, stop):
        for window in range(windows):
            for place in range(places):
                at = window * stride + place * apart
                if meet:
                    for i in range(B):
                        y[a, at, i] += grad[a, window, i] if winner[a, window, i] == place else zero
                else:
                    for i in range(B):
                        y[a, at, i] = grad[a, window, i] if winner[a, window, i] == place else zero


def _folded(x: Array, order: list[int], axis: int) -> Array | None:
    """The array as (A, L, B) around the axis, over its own memory; None if it does not lie so."""
    inner = x.transpose(order)
    if not inner.flags.c_contiguous:
        return None
    at = order.index(axis)
    shape = math.prod(inner.shape[:at]), inner.shape[at], math.prod(inner.shape[at + 1 :])
    return inner.reshape(shape)


def _steps(stage: Stage) -> tuple[int, int, int]:
    """The window's places, its stride, and how far its elements are apart."""
    parts = [where[-1] for where in stage.at]
    return len(parts), parts[0].step, parts[1].start - parts[0].start


def largest(padded: Array, stage: Stage, want_winner: bool) -> Any:
    if not (want_winner and served(padded) and padded.size > 2 * LEAST and 1 < len(stage.at) < 256):
        return NotImplemented
    order = sorted(range(padded.ndim), key=lambda axis: -padded.strides[axis])
    x = _folded(padded, order, stage.axis)
    if stage.real or x is None:
        return NotImplemented
    windows = len(range(x.shape[1])[stage.at[0][-1]])
    y = np.empty((len(x), windows, x.shape[2]), x.dtype)
    winner = np.empty(y.shape, np.uint8)
    in_parts(_largest, len(x) * windows, len(stage.at) * x.shape[2], x, y, winner, *_steps(stage))
    sizes = [windows if axis == stage.axis else padded.shape[axis] for axis in order]
    back = np.argsort(order)
    return y.reshape(sizes).transpose(back), winner.reshape(sizes).transpose(back)


def spread(grad: Array, winner: Array, stage: Stage, padded: Array) -> Any:
    if not (served(grad, padded) and padded.size > LEAST and 1 < len(stage.at) < 256):
        return NotImplemented
    order = sorted(range(winner.ndim), key=lambda axis: -winner.strides[axis])
    folded = [_folded(a, order, stage.axis) for a in (grad, winner, padded)]
    if any(a is None for a in folded):
        return NotImplemented
    _, _, y = folded
    assert y is not None
    work = y.shape[1] * y.shape[2]
    in_parts(_spread, len(y), work, *folded, *_steps(stage), not stage.apart)
    return None
