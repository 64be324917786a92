"""Cholesky's decomposition, and the triangular systems that its gradient is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import factor, triangular
from minitorch.kernels.layout import column_major
from minitorch.ops.support.operands import (
    broadcast_shape,
    laid_by_columns,
    require_tensor,
    set_grad_fn_name,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve", "triangular_solve"]


class LinAlgError(RuntimeError):
    """A matrix has no such decomposition."""


def matrices(who: str, name: str, value: Any, *, square: bool = False) -> Tensor:
    """`value` as a tensor of matrices in float32 or float64, or an error of PyTorch's type."""
    x = require_tensor(who, name, value)
    check_matrices(who, name, x, square)
    need_single_or_double(who, x)
    return x


def need_single_or_double(who: str, x: Tensor) -> None:
    """Refuse what LAPACK has no routines for: integers, bools and halves."""
    given = f"Got {x.dtype} of shape {list(x._array.shape)}"
    if x._array.dtype.kind != "f":
        raise NotImplementedError(
            f"{who}: Expected a floating point or complex tensor as input. {given}"
        )
    if x.itemsize < 4:
        raise NotImplementedError(f"{who}: Low precision dtypes not supported. {given}")


def same_dtype(who: str, A: Tensor, B: Tensor) -> None:
    """Refuse a right side of another dtype."""
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            f"{who}: Expected A and B to have the same dtype, but found A of type {A.dtype} and B "
            f"of type {B.dtype} instead"
        )


def check_matrices(who: str, name: str, x: Tensor, square: bool) -> None:
    """Refuse a tensor of less than two dimensions, and matrices that are not `square`."""
    shape = x._array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"{who}: The input tensor {name} must have at least 2 dimensions, got {list(shape)}"
        )
    if square and shape[-1] != shape[-2]:
        raise RuntimeError(
            f"{who}: {name} must be batches of square matrices, but they are {shape[-2]} by "
            f"{shape[-1]} matrices"
        )


def first_failures(info: Tensor) -> list[tuple[str, int]]:
    """The first matrix whose `info` is not 0, as errors begin with it, and `info`; if there is one.

    Shape: info (...), one for a matrix.
    """
    flat = info._array.reshape(-1)
    where = "(Batch element {}): " if info._array.ndim else ""
    return [(where.format(i), int(flat[i])) for i in np.flatnonzero(flat)[:1]]


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


@takes_out("linalg.solve_triangular", SAME)
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
    same_dtype(who, A, B)
    check_matrices(who, "A", A, square=True)
    check_matrices(who, "B", B, square=False)
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

    def forward(self, A: Array) -> tuple[Array, Array]:
        L, info = factor.cholesky(A)
        L = column_major(L)
        self.save(L)
        return L, info

    def backward(self, grad: Tensor, _: None) -> Tensor:
        (L,) = self.saved
        inner = L.mT @ grad
        inner = (inner.tril() + inner.tril(-1)) / 2  # its lower triangle, with half the diagonal
        options = {"upper": True, "unitriangular": False}
        outer = SolveTriangular.apply(L.mT, inner, **options)
        outer = SolveTriangular.apply(L.mT, outer.mT, **options)
        return (outer + outer.mT) / 2


@takes_out("linalg.cholesky_ex", SAME)
def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False
) -> return_types.linalg_cholesky_ex:
    """`cholesky` that says in `info` whether it worked, and raises only with `check_errors`.

    Args:
        A: (..., N, N). Only its lower triangle is read (with `upper` the other one).
        upper: give ``L.mT`` instead.
        check_errors: whether to raise as `cholesky` does.

    Returns:
        (L, info): `info` is 0, or the order of the leading minor that is not positive-definite;
        then the columns of L from there on are NaN.

    Raises:
        RuntimeError: for matrices that are not square, or integers.

    >>> import minitorch
    >>> cholesky_ex(minitorch.tensor([[4.0, 2.0], [2.0, 0.0]])).info
    tensor(2, dtype=torch.int32)
    """
    return return_types.linalg_cholesky_ex(*_cholesky("linalg.cholesky_ex", A, upper, check_errors))


@takes_out("linalg.cholesky", SAME)
def linalg_cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Cholesky's decomposition of symmetric positive-definite matrices: ``L @ L.mT == A``.

    Args:
        A: (..., N, N). Only its lower triangle is read (with `upper` the other one).
        upper: give ``L.mT`` instead.

    Raises:
        LinAlgError: for a matrix that is not positive-definite.
        RuntimeError: for matrices that are not square, or integers.
    """
    return _cholesky("linalg.cholesky", A, upper, True)[0]


@takes_out("cholesky")
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """`linalg.cholesky`, by its older name."""
    return _cholesky("cholesky", input, upper, True)[0]


def _cholesky(who: str, A: Tensor, upper: bool, check_errors: bool) -> tuple[Tensor, Tensor]:
    A = matrices(who, "A", A, square=True)
    L, info = Cholesky.apply(A.mT if upper else A)
    if check_errors:
        for where, order in first_failures(info):
            raise LinAlgError(
                f"{who}: {where}The factorization could not be completed because the input is not "
                f"positive-definite (the leading minor of order {order} is not "
                "positive-definite)."
            )
    return (laid_by_columns(L.mT) if upper else L), info


@takes_out("cholesky_solve")
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X with ``A @ X = B``, from A's Cholesky decomposition L: two triangular systems.

    Args:
        B: (..., N, K); the batches broadcast.
        L: (..., N, N), of which one triangle is read: ``L @ L.mT == A``, or with `upper`
            ``L.mT @ L == A``.
        upper: whether L is upper triangular.

    Raises:
        RuntimeError: for shapes that do not fit, other dtypes than float32 and float64, or two.
    """
    who = "cholesky_solve"
    B, L = require_tensor(who, "B", B), require_tensor(who, "L", L)
    for name, x in (("b", B), ("u", L)):
        if x._array.ndim < 2:
            raise RuntimeError(
                f"{who}: {name} should have at least 2 dimensions, but has {x._array.ndim} "
                "dimensions instead"
            )
    same_dtype(who, L, B)
    need_single_or_double(who, L)
    first, second = (L.mT, L) if upper else (L, L.mT)
    X = solve_triangular(first, B, upper=False)
    X = laid_by_columns(solve_triangular(second, X, upper=True))
    return set_grad_fn_name("CholeskySolveBackward0", X)


@takes_out("cholesky_inverse")
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A from its Cholesky decomposition L: see `cholesky_solve`.

    Shape: ``(..., N, N) -> (..., N, N)``.

    Raises:
        RuntimeError: for matrices that are not square; other dtypes than float32 and float64.
    """
    L = matrices("cholesky_inverse", "A", L, square=True)
    eye = L._wrap(np.eye(L._array.shape[-1], dtype=L._array.dtype))
    return set_grad_fn_name("CholeskyInverseBackward0", cholesky_solve(eye, L, upper))


@takes_out("triangular_solve", SAME)
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> return_types.triangular_solve:
    """X with ``A @ X = b``, and A itself: an older form of `linalg.solve_triangular`.

    Args:
        b: (..., N, K). A: (..., N, N). The batches broadcast.
        upper: whether A is upper triangular, or lower.
        transpose: solve with ``A.mT`` instead.
        unitriangular: take A's diagonal for ones.

    Raises:
        RuntimeError: for shapes that do not fit, or different dtypes.
    """
    A, b = require_tensor("triangular_solve", "A", A), require_tensor("triangular_solve", "b", b)
    same_dtype("triangular_solve", A, b)
    need_single_or_double("triangular_solve", A)
    matrix = A.mT if transpose and A._array.ndim > 1 else A
    X = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    X = set_grad_fn_name("TriangularSolveBackward0", X)
    A = A.expand(*X.shape[:-2], *A.shape[-2:])
    return return_types.triangular_solve(X, laid_by_columns(A.clone()))
