"""Cholesky's decomposition, and the triangular systems that its gradient is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import triangular
from minitorch.kernels.layout import column_major
from minitorch.ops.math.linalg import need_floats
from minitorch.ops.support.operands import broadcast_shape, laid_by_columns, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class LinAlgError(RuntimeError):
    """A matrix has no such decomposition."""


def _check_matrices(who: str, name: str, x: Tensor, square: bool) -> None:
    shape = x._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"{who}: The input tensor {name} must have at least 2 dimensions.")
    if square and shape[-1] != shape[-2]:
        raise RuntimeError(
            f"{who}: {name} must be batches of square matrices, but they are {shape[-2]} by "
            f"{shape[-1]} matrices"
        )


class SolveTriangular(Function):
    """X with A X = B, for a triangular A."""

    torch_name = "LinalgSolveTriangularBackward0"

    def forward(self, A: Array, B: Array, *, upper: bool, unitriangular: bool) -> Array:
        X = column_major(triangular.solve_triangular(A, B, upper, unitriangular))
        self.save(A, X if self.needs(0) else None)
        self.upper, self.unitriangular = upper, unitriangular
        return X

    def backward(self, grad: Tensor) -> Any:
        A, X = self.saved
        options = {"upper": not self.upper, "unitriangular": self.unitriangular}
        grad_B = SolveTriangular.apply(A.mT, grad, **options)
        if X is None:
            return None, grad_B
        grad_A = -(grad_B @ X.mT)
        beside = 1 if self.unitriangular else 0  # whose diagonal does not count
        grad_A = grad_A.triu(beside) if self.upper else grad_A.tril(-beside)
        return grad_A, grad_B if self.needs(1) else None


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X with ``A @ X = B`` (or ``X @ A = B``, not `left`), for triangular matrices A.

    Args:
        A: (..., N, N). What is beside its triangle is not read.
        B: (..., N, K), or (..., K, N) if not `left`; the batches broadcast.
        upper: whether A is upper triangular, or lower.
        unitriangular: take A's diagonal for ones.

    Raises:
        RuntimeError: for shapes that do not fit, or different dtypes.

    >>> import minitorch
    >>> A = minitorch.tensor([[2.0, 0.0], [1.0, 1.0]])
    >>> solve_triangular(A, minitorch.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    who = "linalg.solve_triangular"
    A, B = require_tensor(who, "A", A), require_tensor(who, "B", B)
    if A._array.dtype not in (np.float32, np.float64):
        raise NotImplementedError(f'"triangular_solve_cpu" not implemented for {A.dtype}')
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            f"{who}: Expected A and B to have the same dtype, but found A of type {A.dtype} and B "
            f"of type {B.dtype} instead"
        )
    _check_matrices(who, "A", A, square=True)
    _check_matrices(who, "B", B, square=False)
    N = A._array.shape[-1]
    if B._array.shape[-2 if left else -1] != N:
        sizes = "x".join(map(str, B._array.shape[-2:]))
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{who}: Incompatible shapes of A and B for the equation {equation} ({N}x{N} and "
            f"{sizes})"
        )
    batch = broadcast_shape(who, A._array.shape[:-2], B._array.shape[:-2])
    A = A.expand(*batch, N, N)
    B = B.expand(*batch, *B._array.shape[-2:])
    if not left:
        X = solve_triangular(A.mT, B.mT, upper=not upper, unitriangular=unitriangular)
        return laid_by_columns(X.mT)
    return SolveTriangular.apply(A, B, upper=upper, unitriangular=unitriangular)


class Cholesky(Function):
    """L, lower triangular, with L L^T = A.

    The gradient: I. Murray, 2016, https://arxiv.org/abs/1602.07527.
    """

    torch_name = "LinalgCholeskyExBackward0"

    def forward(self, A: Array) -> Array:
        L = column_major(np.linalg.cholesky(A))
        self.save(L)
        return L

    def backward(self, grad: Tensor) -> Tensor:
        (L,) = self.saved
        inner = L.mT @ grad
        inner = (inner.tril() + inner.tril(-1)) / 2  # its lower triangle, with half the diagonal
        options = {"upper": True, "unitriangular": False}
        outer = SolveTriangular.apply(L.mT, inner, **options)
        outer = SolveTriangular.apply(L.mT, outer.mT, **options)
        return (outer + outer.mT) / 2


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Cholesky's decomposition of symmetric positive-definite matrices: ``L @ L.mT == A``.

    Args:
        A: (..., N, N). Only its lower triangle is read.
        upper: give ``L.mT`` instead.

    Raises:
        LinAlgError: for a matrix that is not positive-definite.
        RuntimeError: for matrices that are not square, or integers.
    """
    who = "linalg.cholesky"
    A = require_tensor(who, "A", A)
    _check_matrices(who, "A", A, square=True)
    need_floats(who, A)
    if A._array.dtype == np.float16:
        raise NotImplementedError(f'"cholesky_cpu" not implemented for {A.dtype}')
    if upper:
        A = A.mT  # so that it is the upper triangle that is read
    try:
        L = Cholesky.apply(A)
    except np.linalg.LinAlgError:
        raise LinAlgError(_which_is_indefinite(who, A._array)) from None
    return laid_by_columns(L.mT) if upper else L


def _is_definite(matrix: Array) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _which_is_indefinite(who: str, matrices: Array) -> str:
    """The first matrix, and the first leading minor of it, without a decomposition."""
    n = matrices.shape[-1]
    for number, matrix in enumerate(matrices.reshape(-1, n, n)):
        if _is_definite(matrix):
            continue
        order = next(k for k in range(1, n + 1) if not _is_definite(matrix[:k, :k]))
        where = f"(Batch element {number}): " if matrices.ndim > 2 else ""
        return (
            f"{who}: {where}The factorization could not be completed because the input is not "
            f"positive-definite (the leading minor of order {order} is not positive-definite)."
        )
    raise AssertionError("all matrices have a decomposition")
