"""Triangular systems, solved by substitution; NumPy itself only solves general ones."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 16  # rows that are substituted one by one; above that, products of matrices do the work


def solve_triangular(a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """x with ``a @ x = b`` for triangular `a`; what is beside its triangle is not read.

    With `unit` the diagonal is not read either, and counts as ones.

    Shape:
        a: (..., N, N). b: (..., N, K). Returns (..., N, K).
    """
    x = np.array(b, order="C")
    if upper:  # back to front it is lower triangular
        _substitute(a[..., ::-1, ::-1], x[..., ::-1, :], unit)
    else:
        _substitute(a, x, unit)
    return x


def _substitute(a: Array, x: Array, unit: bool) -> None:
    """Turn `x` from the right side into the solution, the first half of the rows first."""
    N = x.shape[-2]
    if N > BLOCK:
        half = N // 2
        _substitute(a[..., :half, :half], x[..., :half, :], unit)
        x[..., half:, :] -= a[..., half:, :half] @ x[..., :half, :]
        _substitute(a[..., half:, half:], x[..., half:, :], unit)
        return
    for row in range(N):
        if row:
            x[..., row, :] -= (a[..., row, None, :row] @ x[..., :row, :])[..., 0, :]
        if not unit:
            x[..., row, :] /= a[..., row, row, None]
