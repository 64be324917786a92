"""Factorizations as LAPACK has them: with pivots, and with word of where a matrix has none.

Pivots are LAPACK's, counted from 1: ``pivots[k] == p`` says that in step k the rows k + 1 and p
changed places.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.kernels.triangular import solve_triangular

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 16  # columns that are eliminated one by one; above that, products of matrices do the work
GROWTH = (1 + math.sqrt(17)) / 8  # a pivot may be this much smaller than the rest: Bunch, Kaufman


# ---- Cholesky's, of matrices that may have none -------------------------------------------------
def cholesky(a: Array) -> tuple[Array, Array]:
    """L with ``L @ L.mT == a``, and the order of the first leading minor that is not positive.

    (That order is 0 where there is none; else the columns from there on are NaN.)

    Shape:
        a: (..., N, N), of which the lower triangle is read. Returns (..., N, N) and int32 (...).
    """
    info = np.zeros(a.shape[:-2], np.int32)
    try:
        L = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        pass
    else:
        if not np.isnan(L).any():
            return L, info
    L = np.zeros_like(a)
    for place in np.ndindex(info.shape):
        matrix, N = a[place], a.shape[-1]
        order = next((k for k in range(1, N + 1) if not _is_definite(matrix[:k, :k])), N + 1)
        known = order - 1
        info[place] = order if order <= N else 0
        L[place][:known, :known] = np.linalg.cholesky(matrix[:known, :known])
        L[place][known:, :known] = solve_triangular(
            L[place][:known, :known], matrix[known:, :known].T, False, False
        ).T
        L[place][known:, known:] = np.tril(np.full((N - known, N - known), np.nan))
    return L, info


def _is_definite(matrix: Array) -> bool:
    try:
        return not np.isnan(np.linalg.cholesky(matrix)).any()
    except np.linalg.LinAlgError:
        return False


# ---- LU: Gaussian elimination, the largest of a column as its pivot -----------------------------
def lu_factor(a: Array) -> tuple[Array, Array]:
    """L below the diagonal and U on and above it, and the pivots: LAPACK's getrf.

    Shape:
        a: (..., M, N). Returns (..., M, N) and int32 (..., K), K the smaller of M and N.
    """
    *batch, M, N = a.shape
    K = min(M, N)
    lu = a.reshape(math.prod(batch), M, N).copy()
    pivots = np.empty((len(lu), K), np.int32)
    _eliminate(lu, pivots, 0, K)
    _update(lu, 0, K, N)
    return lu.reshape(a.shape), pivots.reshape(*batch, K)


def _eliminate(lu: Array, pivots: Array, start: int, stop: int) -> None:
    """Factor the columns from `start` to `stop`; the others only change rows with them."""
    if stop - start > BLOCK:
        half = (start + stop) // 2
        _eliminate(lu, pivots, start, half)
        _update(lu, start, half, stop)
        _eliminate(lu, pivots, half, stop)
        return
    each = np.arange(len(lu))
    for k in range(start, stop):
        largest = k + np.abs(lu[:, k:, k]).argmax(1)  # (B,)
        pivots[:, k] = largest + 1
        row = lu[each, largest]  # (B, N), a copy
        lu[each, largest] = lu[:, k]
        lu[:, k] = row
        pivot = row[:, k, None]
        lu[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)  # below a pivot of 0 are zeros
        lu[:, k + 1 :, k + 1 : stop] -= lu[:, k + 1 :, k, None] * row[:, None, k + 1 : stop]


def _update(lu: Array, start: int, half: int, stop: int) -> None:
    """Bring the columns from `half` to `stop` up to those factored, from `start` to `half`."""
    if half < stop and start < half:
        inner = lu[:, start:half, start:half]
        top = solve_triangular(inner, lu[:, start:half, half:stop], False, True)
        lu[:, start:half, half:stop] = top
        lu[:, half:, half:stop] -= lu[:, half:, start:half] @ top


def permutation(pivots: Array, rows: int) -> Array:
    """The order of rows p, so that ``a[p] == L @ U``, that pivots come to.

    Shape:
        pivots: (..., K). Returns int64 (..., M), M = `rows`.
    """
    *batch, K = pivots.shape
    flat = pivots.reshape(math.prod(batch), K)
    order = np.tile(np.arange(rows), (len(flat), 1))
    each = np.arange(len(flat))
    for k in range(K):
        other = flat[:, k] - 1
        order[:, k], order[each, other] = order[each, other], order[:, k].copy()
    return order.reshape(*batch, rows)


def first_zero(factors: Array) -> Array:
    """The first 0, counted from 1, on the diagonals of matrices; 0 where there is none: int32."""
    zero = np.diagonal(factors, 0, -2, -1) == 0
    if not zero.any():
        return np.zeros(zero.shape[:-1], np.int32)
    return np.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(np.int32)


def spoiled(a: Array) -> Array:
    """Say which matrices have a NaN, of which LAPACK makes numbers in places. Bool (...)."""
    return np.asarray(np.isnan(a).any((-2, -1)))


def solve(a: Array, b: Array) -> tuple[Array, Array]:
    """x with ``a @ x = b``, and which pivot of each matrix is 0 (`first_zero`): it is singular.

    Shape:
        a: (..., N, N). b: (..., N, K). Returns (..., N, K) and int32 (...).
    """
    spoilt = spoiled(a)
    if spoilt.any():
        x, info = solve(np.where(spoilt[..., None, None], np.eye(a.shape[-1], dtype=a.dtype), a), b)
        return np.where(spoilt[..., None, None], np.nan, x).astype(x.dtype, copy=False), info
    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        lu, pivots = lu_factor(a)
        y = np.take_along_axis(b, permutation(pivots, a.shape[-1])[..., None], -2)
        x = solve_triangular(lu, solve_triangular(lu, y, False, True), True, False)
        return x, first_zero(lu)


def nearly_singular(lu: Array) -> bool:
    """Say whether, by `lu_factor`, the last pivots of some matrix may be nothing but rounding."""
    pivots = np.abs(np.diagonal(lu, 0, -2, -1))
    least, most = pivots.min(-1, initial=np.inf), pivots.max(-1, initial=0)
    return bool((least <= lu.shape[-1] * np.finfo(lu.dtype).eps * most).any())


def minors(N: int) -> tuple[Array, Array, Array]:
    """The rows and columns that are left where one is taken out, and the signs of cofactors.

    Shape: (N, 1, N - 1, 1), (1, N, 1, N - 1) and (N, N).
    """
    others = np.array([[k for k in range(N) if k != i] for i in range(N)], np.int64)
    others = others.reshape(N, max(N - 1, 0))
    signs = 1 - 2 * (np.add.outer(np.arange(N), np.arange(N)) % 2)
    return others[:, None, :, None], others[None, :, None, :], signs


def cofactors(a: Array) -> Array:
    """The gradient of the determinant, ``det(a)`` times the inverse's transpose; NaN if not finite.

    It is a polynomial of the elements. Small matrices next to singular ones get it from their
    minors; large ones change little if a pivot of 0 is made a tiny one, and have an inverse then.

    Shape:
        a: (..., N, N), as is the result.
    """
    N = a.shape[-1]
    a = np.where(np.isfinite(a).all((-1, -2), keepdims=True), a, np.nan)
    lu, pivots = lu_factor(a)
    if N <= BLOCK and nearly_singular(lu):
        rows, columns, signs = minors(N)
        return np.asarray(np.linalg.det(a[..., rows, columns]) * signs.astype(a.dtype))
    diagonal = np.einsum("...ii->...i", lu)  # a view
    tiny = np.finfo(a.dtype).eps * np.maximum(np.abs(diagonal).max(-1, initial=0), 1)
    np.copyto(diagonal, tiny[..., None], where=diagonal == 0)
    odd = (pivots != np.arange(1, N + 1)).sum(-1) % 2
    det = diagonal.prod(-1) * (1 - 2 * odd).astype(a.dtype)
    eye = np.eye(N, dtype=a.dtype)[permutation(pivots, N)]
    inverse = solve_triangular(lu, solve_triangular(lu, eye, False, True), True, False)
    return np.asarray(det[..., None, None] * inverse.swapaxes(-1, -2))


# ---- LDL: symmetric matrices, pivots of one row or two ------------------------------------------
def ldl_factor(a: Array) -> tuple[Array, Array, Array]:
    """L, with ones on its diagonal, and D, of blocks 1 by 1 and 2 by 2, in one matrix: sytrf.

    J. R. Bunch and L. Kaufman, 1977, https://doi.org/10.1090/S0025-5718-1977-0428694-0.

    Shape:
        a: (..., N, N), of which the lower triangle is read. Returns (..., N, N); the pivots, int32
        (..., N), negative where the rows of a block 2 by 2 changed places; and int32 (...), the
        first block, counted from 1, that is 0, or 0.
    """
    *batch, N, _ = a.shape
    lower = np.tril(a)
    ld = (lower + np.tril(a, -1).swapaxes(-1, -2)).reshape(math.prod(batch), N, N)
    pivots = np.empty((len(ld), N), np.int32)
    info = np.zeros(len(ld), np.int32)
    for number, matrix in enumerate(ld):
        k = 0
        while k < N:
            rows, other = _choose_pivot(matrix, k)
            if not matrix[k:, k].any():
                info[number] = info[number] or k + 1
            else:
                _exchange_both(matrix[k:, k:], rows - 1, other - k)
                block, below = matrix[k : k + rows, k : k + rows], matrix[k + rows :, k : k + rows]
                scaled = np.linalg.solve(block, below.T).T
                matrix[k + rows :, k + rows :] -= scaled @ below.T
                below[...] = scaled
            pivots[number, k : k + rows] = other + 1 if rows == 1 else -other - 1
            k += rows
    return np.tril(ld).reshape(a.shape), pivots.reshape(*batch, N), info.reshape(batch)


def _choose_pivot(a: Array, k: int) -> tuple[int, int]:
    """The number of rows of the next block, and the row that its last one changes places with."""
    beside = np.abs(a[k + 1 :, k])
    if not beside.size or abs(a[k, k]) >= GROWTH * beside.max() or np.isnan(a[k, k]):
        return 1, k
    other = k + 1 + int(beside.argmax())
    row = np.abs(a[other, k:])
    row[other - k] = 0
    if abs(a[k, k]) * row.max() >= GROWTH * beside.max() ** 2:
        return 1, k
    return (1 if abs(a[other, other]) >= GROWTH * row.max() else 2), other


def _exchange_both(a: Array, i: int, j: int) -> None:
    """Let rows i and j of a symmetric matrix change places, and the columns."""
    if i != j:
        a[[i, j]] = a[[j, i]]
        a[:, [i, j]] = a[:, [j, i]]


def ldl_solve(ld: Array, pivots: Array, b: Array) -> Array:
    """x with ``a @ x = b``, from `ldl_factor` of `a`: LAPACK's sytrs.

    Shape:
        ld: (..., N, N). pivots: (..., N). b: (..., N, K). Returns (..., N, K).
    """
    *batch, N, K = b.shape
    count = math.prod(batch)
    x = b.reshape(count, N, K).copy()
    sets = zip(ld.reshape(count, N, N), pivots.reshape(count, N), x, strict=True)
    for matrix, pivot, right in sets:
        blocks, k = [], 0
        while k < N:
            rows = 1 if pivot[k] > 0 else 2
            blocks.append((k, rows, abs(int(pivot[k])) - 1))
            k += rows
        for k, rows, other in blocks:
            _exchange_rows(right, k + rows - 1, other)
            right[k + rows :] -= matrix[k + rows :, k : k + rows] @ right[k : k + rows]
            if rows == 1:
                right[k] /= matrix[k, k]
            else:
                block = matrix[k : k + 2, k : k + 2].copy()
                block[0, 1] = block[1, 0]
                right[k : k + 2] = np.linalg.solve(block, right[k : k + 2])
        for k, rows, other in reversed(blocks):
            right[k : k + rows] -= matrix[k + rows :, k : k + rows].T @ right[k + rows :]
            _exchange_rows(right, k + rows - 1, other)
    return x.reshape(b.shape)


def _exchange_rows(x: Array, i: int, j: int) -> None:
    if i != j:
        x[[i, j]] = x[[j, i]]
