"""The exponential of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

LARGEST = 5.371920351148152  # the norm up to which the fraction below is exact to float64
# The numerator of Pade's fraction of degree 13; in its denominator every other sign is minus.
PADE = [math.comb(13, k) * math.factorial(26 - k) / math.factorial(26) for k in range(14)]


def matrix_exp(a: Array) -> Array:
    """exp(a), of matrices halved until they are small, and then squared as often.

    N. J. Higham, 2005, The scaling and squaring method for the matrix exponential revisited,
    https://doi.org/10.1137/04061101X. It is computed in float64.

    Shape:
        a: (..., N, N), as is the result.
    """
    x = a.astype(np.float64)
    norms = np.abs(x).sum(-2).max(-1, initial=0)[..., None, None]  # (..., 1, 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        halvings = np.maximum(np.ceil(np.log2(norms / LARGEST)), 0)
        halvings = np.where(np.isfinite(halvings), halvings, 0)
        x = x / 2.0**halvings
        square, power = x @ x, np.eye(a.shape[-1])
        even, odd = PADE[0] * power, PADE[1] * power
        for k in range(2, 14, 2):
            power = power @ square
            even, odd = even + PADE[k] * power, odd + PADE[k + 1] * power
        odd = x @ odd
        y = np.linalg.solve(even - odd, even + odd) if np.isfinite(x).all() else _each(even, odd)
        for step in range(int(halvings.max(initial=0))):
            y = np.where(step < halvings, y @ y, y)
        return y.astype(a.dtype)


def _each(even: Array, odd: Array) -> Array:
    """The fractions of those matrices that are finite, and NaN for the others."""
    finite = np.isfinite(even + odd).all((-1, -2))[..., None, None]
    eye = np.eye(even.shape[-1])
    fraction = np.linalg.solve(np.where(finite, even - odd, eye), np.where(finite, even + odd, eye))
    return np.where(finite, fraction, np.nan)


def power_of_two(x: Array) -> Array:
    """The power of two next to the largest magnitude of each matrix; 1 for one of zeros.

    Shape: ``(..., N, N) -> (..., 1, 1)``.
    """
    largest = np.abs(x).max((-1, -2), keepdims=True, initial=0)
    known = (largest > 0) & np.isfinite(largest)
    return np.where(known, 2.0 ** np.frexp(np.where(known, largest, 1))[1], 1).astype(x.dtype)
