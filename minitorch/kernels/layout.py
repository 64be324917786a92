"""Where the elements of an array lie in memory: its strides, and copies that have some.

An order of memory is written as the axes, that with the largest steps first: (0, 1, 2) is C's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.choice import or_compiled

Array = np.ndarray[Any, np.dtype[Any]]
Axes = tuple[int, ...]

LARGE = 1 << 16  # elements, from which on a copy is worth more than one call


@or_compiled
def copy(y: Array, x: Array) -> None:
    """y[...] = x, both of one shape."""
    y[...] = x


def packed(x: Array) -> Array:
    """`x` without gaps and in C's order: itself, or a copy."""
    return x if x.flags.c_contiguous else packed_copy(x)


def packed_copy(x: Array) -> Array:
    """A copy of `x` without gaps and in C's order."""
    if x.size < LARGE:
        return np.array(x, order="C")
    y = np.empty(x.shape, x.dtype)
    copy(y, x)
    return y


def laid_out(x: Array, strides: tuple[int, ...]) -> Array:
    """A copy of `x` with these strides, gaps included, which must be positive and not overlap."""
    if not x.size:
        return x
    reach = sum([(n - 1) * step for n, step in zip(x.shape, strides, strict=True)]) // x.itemsize
    y = np.ndarray(x.shape, x.dtype, np.empty(reach + 1, x.dtype), 0, strides)
    copy(y, x)
    return y


def stretched(x: Array, shape: tuple[int, ...]) -> Array:
    """`x` repeated along new and size-1 dimensions, without a copy; as writeable as `x` is.

    What ``np.broadcast_to`` comes to, in a tenth of its time where `x` lies in C's order.
    """
    if not x.flags.c_contiguous or not x.size:
        y = np.broadcast_to(x, shape)
        y.flags.writeable = x.flags.writeable
        return y
    steps = [step if n != 1 else 0 for n, step in zip(x.shape, x.strides, strict=True)]
    return np.ndarray(shape, x.dtype, x, 0, (0,) * (len(shape) - x.ndim) + tuple(steps))


def is_spread_out(x: Array) -> bool:
    """Whether its strides are positive and no two elements share a place in memory."""
    reach = 0
    for step, n in sorted(zip(x.strides, x.shape, strict=True)):
        if n > 1:
            if step <= reach:
                return False
            reach += (n - 1) * step
    return True


def is_dense(x: Array) -> bool:
    """Whether its elements fill one piece of memory, in whatever order."""
    return x.flags.c_contiguous or x.transpose(order_of(x)).flags.c_contiguous


def order_of(x: Array, *others: Array) -> Axes:
    """The order of memory that PyTorch gives what is computed element by element from arrays.

    They must be of one shape, broadcast to it. It is the first one's order; where that has no
    steps, or equal ones, the next one's; C's where nothing else decides.
    """
    return order_by(x.shape, [a.strides for a in (x, *others)])


def order_by(shape: tuple[int, ...], strides: list[tuple[int, ...]]) -> Axes:
    """`order_of` arrays of this shape and these strides."""

    def comes_later(outer: int, inner: int) -> int:  # -1 if `outer` has the larger steps
        for steps in strides:
            a, b = abs(steps[outer]), abs(steps[inner])
            if a == 0 or b == 0:
                continue
            if a != b:
                return 1 if a < b else -1
            if shape[outer] < shape[inner]:
                return 1
        return 0

    axes = list(range(len(shape)))
    for start in range(len(shape) - 2, -1, -1):  # a sort by insertion: not all can be compared
        place = start
        for other in range(start + 1, len(shape)):
            later = comes_later(axes[place], axes[other])
            if later > 0:
                axes[place], axes[other] = axes[other], axes[place]
                place = other
            elif later < 0:
                break
    return tuple(axes)


def in_order(x: Array, axes: Axes) -> Array:
    """A copy of `x`, its memory in the order of these axes, without gaps."""
    back = sorted(range(x.ndim), key=axes.__getitem__)
    return packed_copy(x.transpose(axes)).transpose(back)


def column_major(x: Array) -> Array:
    """Matrices with the elements of a column side by side in memory, as LAPACK gives them."""
    return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)


def preserved(x: Array) -> Array:
    """A copy of `x` without gaps, in its own order of memory."""
    return packed_copy(x) if x.flags.c_contiguous else in_order(x, order_of(x))


def order_kept(like: Array) -> Axes | None:
    """The order of memory of what shall lie as `like`: its own if it is dense, else C's (None)."""
    return None if like.flags.c_contiguous or not is_dense(like) else order_of(like)


def ordered_as(x: Array, like: Array) -> Array:
    """A copy of `x` with the strides of `like` if that is dense, else in C's order."""
    axes = order_kept(like)
    return packed_copy(x) if axes is None else in_order(x, axes)


def is_channels_last(shape: tuple[int, ...], strides: tuple[int, ...], least: int = 4) -> bool:
    """Whether images (N, C, *S) lie as (N, *S, C): by their strides, as PyTorch guesses.

    A step counts for a size of 1 too; where the steps leave it open it is not so.

    Args:
        shape, strides: the images'.
        least: how many dimensions they must have; more than 5 are no images.
    """
    if not least <= len(shape) <= 5 or strides[1] == 0 or 0 in shape:
        return False
    lowest = 0
    for axis in (1, *range(len(shape) - 1, 1, -1), 0):
        step = strides[axis]
        if step < lowest or (axis == 0 and lowest == strides[1]):
            return False
        lowest = step * max(shape[axis], 1)
    return True
