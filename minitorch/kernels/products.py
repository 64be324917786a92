"""Products of a small matrix with a long one, in parts of the size at which BLAS is quickest.

OpenBLAS first copies both matrices into an order of its own, which for a matrix of few rows takes
as long as the product. Up to a million multiplications its kernels for AVX-512 do without, and up
to `EASY` no kernel is split among threads, which for so little takes longer than it saves. On one
core, (32, 27) @ (27, 8192) runs at 87 GFLOP/s as a whole and at 140 in eight parts, (6, 25) @ (25,
8960) at 58 and 155. Kernels without AVX-512 take about as long for the parts as for the whole.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

EASY = 1 << 18
SHORT = 64  # columns, fewer of which are no part


@functools.lru_cache(maxsize=1024)
def parts_of(length: int, each: int) -> int:
    """Into how many equal parts to cut `length` columns that take `each` multiplications."""
    least = max(-(-length * each // EASY), 1)
    most = min(4 * least, length // SHORT)
    return next((n for n in range(least, most + 1) if length % n == 0), 1)


def scratch(G: int, M: int, P: int, dtype: Any) -> Array:
    """A matrix (G, M, P) to be written, whose rows do not lie a multiple of 4 KiB apart.

    Places that do get in each other's way in a processor's caches, and a product goes down along
    the rows: with them it takes up to three times as long.
    """
    apart = P + 16 if P % 512 == 0 else P
    return np.empty((G, M, apart), dtype)[:, :, :P]


def multiply(small: Array, long: Array, out: Array) -> None:
    """small (G, M, K) @ long (G, K, P), into out (G, M, P); they may lie in any order."""
    (G, M, K), P = small.shape, long.shape[2]
    n = parts_of(P, M * K)
    if n == 1:
        np.matmul(small, long, out=out)
        return
    cut = long.reshape(G, K, n, P // n).transpose(0, 2, 1, 3)  # (G, n, K, P / n)
    np.matmul(small[:, np.newaxis], cut, out=out.reshape(G, M, n, P // n).transpose(0, 2, 1, 3))


def multiply_long(a: Array, b: Array) -> Array:
    """a (G, M, P) @ b (G, N, P) transposed: (G, M, N)."""
    (G, M, P), N = a.shape, b.shape[1]
    n = parts_of(P, M * N)
    if n == 1:
        whole: Array = np.matmul(a, b.transpose(0, 2, 1))
        return whole
    a, b = a.reshape(G, M, n, P // n), b.reshape(G, N, n, P // n)
    total: Array = np.matmul(a.transpose(0, 2, 1, 3), b.transpose(0, 2, 3, 1)).sum(1)  # (G, M, N)
    return total
