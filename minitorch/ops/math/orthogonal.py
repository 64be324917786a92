"""QR decompositions, and products of the reflections that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.layout import column_major
from minitorch.ops.math.decompositions import SolveTriangular, matrices, same_dtype
from minitorch.ops.math.linalg import matmul
from minitorch.ops.math.reduce import constant_of
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import laid_by_columns, require_tensor, set_grad_fn_name
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["geqrf", "orgqr", "ormqr", "qr"]


class QR(Function):
    """Q R = A, Q with orthogonal columns and R upper triangular, for A with rows enough.

    gA = (gQ + Q syh(gR R^T - Q^T gQ)) R^-T, where syh takes the upper triangle and mirrors it:
    S. Walter and L. Lehmann, 2010, https://arxiv.org/abs/1009.6112.
    """

    torch_name = "LinalgQrBackward0"

    def forward(self, A: Array, *, mode: Any) -> tuple[Array, Array]:
        self.mode = mode
        made: Any = np.linalg.qr(A, mode)
        if mode == "r":
            return np.empty(0, A.dtype), column_major(made)
        Q, R = map(column_major, made)
        self.save(Q, R)
        return Q, R

    def backward(self, gQ: Tensor, gR: Tensor) -> Tensor:
        if self.mode == "r":
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
                "Please use linalg.qr(A, mode='reduced') if you are going to require gradients."
            )
        Q, R = self.saved
        if Q.shape[-1] > R.shape[-1]:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols "
                f"(linalg.qr, Q {list(Q.shape)} and R {list(R.shape)})"
            )
        inner = (gR @ R.mT - Q.mT @ gQ).triu()
        inner = inner.triu(1) + inner.mT
        whole = gQ + Q @ inner
        return SolveTriangular.apply(R, whole.mT, upper=True, unitriangular=False).mT


@takes_out("linalg.qr", SAME)
def linalg_qr(A: Tensor, mode: str = "reduced") -> return_types.linalg_qr:
    """Orthogonal columns Q and an upper triangle R with ``Q @ R == A``, with LAPACK's signs.

    Args:
        A: (..., M, N); K is the smaller of M and N.
        mode: "reduced" gives Q (..., M, K) and R (..., K, N); "complete" Q (..., M, M) and R
            (..., M, N), without a gradient if M > N; "r" R alone, without a gradient.

    Raises:
        RuntimeError: for less than two dimensions, integers or halves; for a gradient that there is
            not. That of the others is infinite or NaN where the first K columns are dependent.

    >>> import minitorch
    >>> Q, R = linalg_qr(minitorch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> R
    tensor([[-5.0000, -2.2000],
            [ 0.0000,  0.4000]])
    """
    A = matrices("linalg.qr", "A", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    M, N = A._array.shape[-2:]
    if M >= N or mode == "r":
        return return_types.linalg_qr(*QR.apply(A, mode=mode))
    # Q and R's square part are those of the first M columns.
    Q, R = QR.apply(A[..., :M], mode="reduced")
    return return_types.linalg_qr(Q, laid_by_columns(cat([R, matmul(Q.mT, A[..., M:])], -1)))


@takes_out("qr", SAME)
def qr(input: Tensor, some: bool = True) -> return_types.qr:
    """`linalg.qr` by its older name: reduced, if told `some`, or complete."""
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))


class Geqrf(Function):
    """R on and above the diagonal, reflectors below it, and their factors. No derivative of it."""

    torch_name = "NotImplemented"

    def forward(self, A: Array) -> tuple[Array, Array]:
        reflectors, tau = np.linalg.qr(A, "raw")
        return column_major(reflectors.swapaxes(-1, -2)), tau

    def backward(self, *_: Any) -> Any:
        raise NotImplementedError("the derivative for 'geqrf' is not implemented.")


@takes_out("geqrf")
def geqrf(input: Tensor) -> return_types.geqrf:
    """The QR decomposition as LAPACK keeps it, for `orgqr` and `ormqr`. There is no gradient.

    Shape: input (..., M, N).

    Returns:
        (a, tau): a, (..., M, N), has R on and above the diagonal, and below it reflectors without
        the 1 that each begins with; tau, (..., K), has their factors.

    Raises:
        RuntimeError: for less than two dimensions, integers or halves.
    """
    return return_types.geqrf(*Geqrf.apply(matrices("geqrf", "input", input)))


def _reflect(A: Tensor, tau: Tensor, X: Tensor, backwards: bool) -> Tensor:
    """H_1 H_2 ... H_K X with H = I - tau v v^T, v from a column of A; or H_K ... H_1 X."""
    M, K = A._array.shape[-2], tau._array.shape[-1]
    V = A[..., :K].tril(-1) + A._wrap(np.eye(M, K, dtype=A._array.dtype))
    for k in range(K) if backwards else reversed(range(K)):
        v = V[..., k : k + 1]  # (..., M, 1)
        X = X - tau[..., k : k + 1, None] * matmul(v, matmul(v.mT, X))
    return X


def _check_reflectors(who: str, A: Tensor, tau: Tensor, most: int) -> None:
    a, t = A._array.shape, tau._array.shape
    if t and t[-1] > min(most, a[-1]):
        raise RuntimeError(
            f"{who}: input.shape[-1] must be greater than or equal to tau.shape[-1], and so must "
            f"the rows be, got input {list(a)} and tau {list(t)}"
        )
    if len(a) - len(t) != 1 or a[:-2] != t[:-1]:
        raise RuntimeError(
            f"{who}: Expected tau to have one dimension less than input, and batch dimensions of "
            f"tau to be equal to input.shape[:-2], but got {list(t[:-1])} (tau {list(t)}, input "
            f"{list(a)})"
        )
    same_dtype(who, A, tau)


@takes_out("linalg.householder_product")
def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of reflections ``I - tau * v @ v.mT``: Q, as `geqrf` keeps it.

    Args:
        A: (..., M, N), M >= N; below its diagonal are the vectors v, each after a 1.
        tau: (..., K), K <= N, their factors.

    Returns:
        (..., M, N).

    Raises:
        RuntimeError: for shapes that do not fit, integers or halves.

    >>> import minitorch
    >>> householder_product(*geqrf(minitorch.tensor([[3.0, 1.0], [4.0, 2.0]])))
    tensor([[-0.6000, -0.8000],
            [-0.8000,  0.6000]])
    """
    who = "linalg.householder_product"
    A, tau = matrices(who, "input", A), require_tensor(who, "tau", tau)
    M, N = A._array.shape[-2:]
    if N > M:
        raise RuntimeError(
            f"{who}: input.shape[-2] must be greater than or equal to input.shape[-1], got "
            f"{list(A._array.shape)}"
        )
    _check_reflectors(who, A, tau, M)
    eye = np.broadcast_to(np.eye(M, N, dtype=A._array.dtype), A._array.shape)
    Q = _reflect(A, tau, constant_of(A, A._wrap(eye.copy())), backwards=False)
    return set_grad_fn_name("LinalgHouseholderProductBackward0", laid_by_columns(Q))


@takes_out("orgqr")
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """`linalg.householder_product`, by LAPACK's name."""
    return householder_product(input, tau)


@takes_out("ormqr", SAME)
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """``Q @ other`` (or ``other @ Q``, not `left`) for the whole Q, as `geqrf` keeps it.

    Args:
        input: (..., R, N), R being M if `left`, else K. tau: (..., T), T <= N, T <= R.
        other: (..., M, K).
        left: on which side of `other` Q stands.
        transpose: take ``Q.mT`` instead.

    Raises:
        RuntimeError: for shapes that do not fit, dtypes that differ, integers or halves.
    """
    A, other = matrices("ormqr", "input", input), matrices("ormqr", "other", other)
    tau = require_tensor("ormqr", "tau", tau)
    same_dtype("ormqr", A, other)
    rows, side = A._array.shape[-2], other._array.shape[-2 if left else -1]
    if rows != side:
        raise RuntimeError(
            f"ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], got other "
            f"{list(other._array.shape)} and input {list(A._array.shape)}"
        )
    _check_reflectors("ormqr", A, tau, rows)
    if A._array.shape[:-2] != other._array.shape[:-2]:
        raise RuntimeError(
            "ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], got other "
            f"{list(other._array.shape)} and input {list(A._array.shape)}"
        )
    X = _reflect(A, tau, other if left else other.mT, backwards=transpose == left)
    return set_grad_fn_name("OrmqrBackward0", laid_by_columns(X if left else X.mT))
