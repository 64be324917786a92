"""The largest singular values of matrices, found at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.ops.math.decompositions import matrices
from minitorch.ops.math.linalg import matmul
from minitorch.ops.math.orthogonal import linalg_qr
from minitorch.ops.math.random import normal_
from minitorch.ops.math.spectral import linalg_svd

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["pca_lowrank", "svd_lowrank"]


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The `q` largest singular values, nearly, and their vectors, from random products of `A`.

    N. Halko et al., 2009, https://arxiv.org/abs/0909.4061, algorithm 5.1. The same seed gives
    PyTorch's products.

    Args:
        A: (..., M, N).
        q: how many; a few more than the rank of A is enough. None is 6.
        niter: how often the products are multiplied by A and its transpose; None is 2.
        M: a matrix to take from A first; broadcast to it.

    Returns:
        (U, S, V): (..., M, q), (..., q) and (..., N, q).

    Raises:
        RuntimeError: for less than two dimensions, integers or halves.

    >>> import minitorch
    >>> svd_lowrank(minitorch.ones(3, 3), q=1)[1].round(decimals=3)
    tensor([3.])
    """
    A = matrices("svd_lowrank", "A", A)
    if M is not None:
        A = A - M.expand(A._array.shape)
    count, rounds = 6 if q is None else q, 2 if niter is None else niter
    wide = A._array.shape[-2] < A._array.shape[-1]
    tall = A.mT if wide else A
    Q = linalg_qr(matmul(tall, normal_(A.new_empty(tall._array.shape[-1], count)))).Q
    for _ in range(rounds):
        Q = linalg_qr(matmul(tall.mT, Q)).Q
        Q = linalg_qr(matmul(tall, Q)).Q
    U, S, Vh = linalg_svd(matmul(Q.mT, tall), full_matrices=False)
    U, V = matmul(Q, U), Vh.mT
    return (V, S, U) if wide else (U, S, V)


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """The principal components of samples: `svd_lowrank` of their distances from their mean.

    Args:
        A: (..., M, N), M samples.
        q: how many; by default 6, or the smaller of M and N.
        center: whether to take the mean away.
        niter: as `svd_lowrank` takes it.

    Returns:
        (U, S, V): the components are V's columns.

    Raises:
        ValueError: for a q that is negative or more than there are; for a negative `niter`.
        RuntimeError: for less than two dimensions, integers or halves.
    """
    A = matrices("pca_lowrank", "A", A)
    most = min(A._array.shape[-2:])
    q = min(6, most) if q is None else q
    if not 0 <= q <= most:
        raise ValueError(
            f"pca_lowrank: q(={q}) must be non-negative integer and not greater than min(m, n)="
            f"{most}"
        )
    if niter < 0:
        raise ValueError(f"pca_lowrank: niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
