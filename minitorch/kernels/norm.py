"""Bringing arrays to mean 0 and variance 1 over some axes, and the gradient of that.

The sums run in two passes, and what is left of the mean after the first is taken out by the
second: no precision is lost where the mean is large beside the deviation.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Axes = tuple[int, ...]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def total(x: Array, axes: Axes) -> Array:
    """The sum over `axes`, which are kept with size 1."""
    return _einsum(axes, x)


def dot(x: Array, y: Array, axes: Axes) -> Array:
    """The sum of x * y over `axes`, which are kept with size 1."""
    return _einsum(axes, x, y)


def _einsum(axes: Axes, *operands: Array) -> Array:
    # einsum makes no intermediate product, and adds several times faster than np.sum where the
    # axes are not the last.
    shape = operands[0].shape
    summed = np.einsum(_subscripts(len(shape), axes, len(operands)), *operands)
    return summed.reshape([1 if axis in axes else size for axis, size in enumerate(shape)])


@functools.cache
def _subscripts(ndim: int, axes: Axes, operands: int) -> str:
    names = LETTERS[:ndim]
    kept = "".join(name for axis, name in enumerate(names) if axis not in axes)
    return f"{','.join([names] * operands)}->{kept}"


class Standard(NamedTuple):
    """`standardise`'s results: x standardised, 1 / its deviation, and what they came from."""

    y: Array
    inverse: Array
    mean: Array | None
    variance: Array


def standardise(x: Array, axes: Axes, eps: float, centre: bool) -> Standard:
    """y = (x - mean) / sqrt(variance + eps) over `axes`; without `centre`, the mean counts as 0.

    The variance is the mean square: divided by the count, not by one less.
    """
    kind = x.dtype.type
    count = kind(math.prod(x.shape[axis] for axis in axes))
    if centre:
        mean = total(x, axes) / count
        y = x - mean
        rest = total(y, axes) / count
        y -= rest
        mean = mean + rest
    else:
        mean, y = None, x
    variance = dot(y, y, axes) / count
    inverse = kind(1) / np.sqrt(variance + kind(eps))
    if centre:
        y *= inverse
    else:
        y = x * inverse
    return Standard(y, inverse, mean, variance)


def standardise_back(grad: Array, y: Array, inverse: Array, axes: Axes, centre: bool) -> Array:
    """The gradient in x, given that in `standardise`'s y:

    (grad - mean(grad) - y * mean(grad * y)) / deviation, where `centre` decides the middle term.
    """
    count = y.dtype.type(math.prod(y.shape[axis] for axis in axes))
    made = y * (dot(grad, y, axes) / -count)
    made += grad
    if centre:
        made -= total(grad, axes) / count
    made *= inverse
    return made
