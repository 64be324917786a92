"""Singular values, eigenvalues, and what they make: pseudoinverses, ranks, least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.kernels.layout import column_major
from minitorch.ops.math.decompositions import LinAlgError, check_matrices, matrices, same_dtype
from minitorch.ops.math.linalg import matmul
from minitorch.ops.math.systems import is_vector_beside, solve
from minitorch.ops.shape.strided import diag_embed
from minitorch.ops.support.operands import (
    array_of,
    broadcast_shape,
    check_constant,
    laid_by_columns,
    require_tensor,
    set_grad_fn_name,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["pinverse", "svd"]


def _decomposed(who: str, decompose: Callable[[], Any], A: Array) -> Any:
    """The result of LAPACK's iteration, which on infinities might go on forever.

    Raises:
        LinAlgError: for numbers that are not finite; if the iteration did not come to an end.
    """
    if not np.isfinite(A).all():
        raise LinAlgError(
            f"{who}: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        )
    try:
        return decompose()
    except np.linalg.LinAlgError:
        raise LinAlgError(f"{who}: The algorithm failed to converge.") from None


def _differences(x: Tensor) -> Tensor:
    """x_j - x_i of all pairs: ``(..., N) -> (..., N, N)``."""
    return x[..., None, :] - x[..., None]


def _ones_on_diagonal(x: Tensor) -> Tensor:
    """`x`, whose diagonal is 0, as a divisor of what is 0 there, too."""
    return x + x._wrap(np.eye(x.shape[-1], dtype=x._array.dtype))


def _skew(x: Tensor) -> Tensor:
    return (x - x.mT) / 2


# ---- singular values -----------------------------------------------------------------------------
class SVD(Function):
    """U, S and V^T with U diag(S) V^T = A, and orthogonal columns in U and V.

    With F = (skew(U^T gU) / E) * S + S * (skew(V^T gV) / E), E_ij = (S_j^2 - S_i^2) / 2, it is

        gA = U (F + diag(gS)) V^T + (I - U U^T) gU S^-1 V^T + U S^-1 gV^T (I - V V^T)

    J. Townsend, 2016, https://j-towns.github.io/papers/svd-derivative.pdf.
    """

    torch_name = "LinalgSvdBackward0"
    materialize_grads = False

    def forward(self, A: Array, *, full: bool) -> tuple[Array, Array, Array]:
        U, S, Vh = _decomposed("linalg.svd", lambda: np.linalg.svd(A, full_matrices=full), A)
        U, S, Vh = column_major(U), S, column_major(Vh)
        self.save(U, S, Vh)
        return U, S, Vh

    def backward(self, gU: Tensor | None, gS: Tensor | None, gVh: Tensor | None) -> Tensor:
        U, S, Vh = self.saved
        M, K, N = U.shape[-2], S.shape[-1], Vh.shape[-1]
        _refuse_nullspace(gU, gVh, K)
        U, Vh = U[..., :K], Vh[..., :K, :]
        inner = None if gS is None else diag_embed(gS)
        # E in two factors, as the square of what is tiny or huge is 0 or infinite.
        apart = _ones_on_diagonal(_differences(S))
        mean = _ones_on_diagonal((S[..., None, :] + S[..., None]) / 2)
        beside = None
        if gU is not None:
            gU = gU[..., :K]
            added = _skew(U.mT @ gU) / apart * (S[..., None, :] / mean)
            inner = added if inner is None else inner + added
            if M > K:
                outside = (gU - U @ (U.mT @ gU)) / S[..., None, :]
                beside = outside @ Vh
        if gVh is not None:
            gVh = gVh[..., :K, :]
            added = (S[..., None] / mean) * (_skew(Vh @ gVh.mT) / apart)
            inner = added if inner is None else inner + added
            if N > K:
                outside = (gVh - (gVh @ Vh.mT) @ Vh) / S[..., None]
                outside = U @ outside
                beside = outside if beside is None else beside + outside
        grad = U @ inner @ Vh
        return grad if beside is None else grad + beside


def _refuse_nullspace(gU: Tensor | None, gVh: Tensor | None, K: int) -> None:
    for name, beyond in (
        ("U", None if gU is None else gU._array[..., K:]),
        ("Vh", None if gVh is None else gVh._array[..., K:, :]),
    ):
        if beyond is not None and beyond.any():
            raise RuntimeError(
                f"linalg.svd: the columns of {name} beyond the {K} singular values are some basis "
                "of what is left, and have no derivative; use full_matrices=False"
            )


@takes_out("linalg.svd", SAME)
def linalg_svd(
    A: Tensor, full_matrices: bool = True, *, driver: None = None
) -> return_types.linalg_svd:
    """The singular value decomposition ``A = U @ diag(S) @ Vh``, the largest values first.

    The gradient in U and Vh is infinite or NaN where singular values are equal, and needs all to be
    positive where A is not square; that in S is finite. Signs of U and Vh are LAPACK's choice, so a
    loss must not depend on them.

    Args:
        A: (..., M, N); K is the smaller of M and N.
        full_matrices: give U as (..., M, M) and Vh as (..., N, N), not (..., M, K) and (..., K, N).
        driver: must be None, as in PyTorch without a GPU.

    Raises:
        LinAlgError: for numbers that are not finite.
        RuntimeError: for less than two dimensions, integers or halves.

    >>> import minitorch
    >>> linalg_svd(minitorch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    A = matrices("linalg.svd", "A", A)
    _no_driver("linalg.svd", driver)
    return return_types.linalg_svd(*SVD.apply(A, full=full_matrices))


@takes_out("linalg.svdvals", SAME)
def svdvals(A: Tensor, *, driver: None = None) -> Tensor:
    """The singular values of matrices, the largest first.

    Shape: ``(..., M, N) -> (..., K)``, K the smaller of M and N.
    """
    return linalg_svd(A, False, driver=driver).S


def _no_driver(who: str, driver: object) -> None:
    if driver is not None:
        raise RuntimeError(
            f"{who}: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
            f"backend, got {driver!r}"
        )


@takes_out("svd", SAME)
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> return_types.svd:
    """`linalg.svd` by its older name, with V, not its transpose.

    Args:
        input: (..., M, N).
        some: give no more columns than there are singular values.
        compute_uv: without it, U and V are zeros, (..., M, M) and (..., N, N).
    """
    A = matrices("linalg.svd", "input", input)
    U, S, Vh = SVD.apply(A, full=not some or not compute_uv)
    if not compute_uv:
        U, Vh = U.new_zeros(U.shape), Vh.new_zeros(Vh.shape)
    return return_types.svd(U, S, Vh.mT)


# ---- eigenvalues ---------------------------------------------------------------------------------
class Eigh(Function):
    """L and V with V diag(L) V^T = A, for symmetric A.

    With E_ij = L_j - L_i it is gA = V (skew(V^T gV) / E + diag(gL)) V^T: M. Giles, 2008,
    https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf, 3.1, made symmetric.
    """

    torch_name = "LinalgEighBackward0"
    materialize_grads = False

    def forward(self, A: Array, *, uplo: Any) -> tuple[Array, Array]:
        L, V = _decomposed("linalg.eigh", lambda: np.linalg.eigh(A, uplo), A)
        V = column_major(V)
        self.save(L, V)
        return L, V

    def backward(self, gL: Tensor | None, gV: Tensor | None) -> Tensor:
        L, V = self.saved
        if gV is None:
            return (V * gL[..., None, :]) @ V.mT  # type: ignore[index]
        inner = _skew(V.mT @ gV) / _ones_on_diagonal(_differences(L))
        if gL is not None:
            inner = inner + diag_embed(gL)
        return V @ inner @ V.mT


@takes_out("linalg.eigh", SAME)
def eigh(A: Tensor, UPLO: str = "L") -> return_types.linalg_eigh:
    """The eigenvalues, the smallest first, and eigenvectors of symmetric matrices.

    The gradient is that of a symmetric A. In the eigenvectors it is infinite or NaN where
    eigenvalues are equal. Their signs are LAPACK's choice, so a loss must not depend on them.

    Args:
        A: (..., N, N).
        UPLO: "L" or "U": the triangle that is read.

    Returns:
        (eigenvalues, eigenvectors): (..., N), and (..., N, N), one a column.

    Raises:
        LinAlgError: for numbers that are not finite.
        RuntimeError: for matrices that are not square, integers or halves.

    >>> import minitorch
    >>> eigh(minitorch.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    A = matrices("linalg.eigh", "A", A, square=True)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"linalg.eigh: Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return return_types.linalg_eigh(*Eigh.apply(A, uplo=UPLO.upper()))


@takes_out("linalg.eigvalsh", SAME)
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices, the smallest first: those of `eigh`."""
    return eigh(A, UPLO).eigenvalues


class Eig(Function):
    """L and V with V diag(L) V^-1 = A, real, the columns of V of length 1.

    With E_ij = L_j - L_i and G = V^T gV - V^T V diag(V^T gV), as a column's length never changes,

        gA = V^-T (G / E + diag(gL)) V^T

    C. Boeddeker et al., 2017, https://arxiv.org/abs/1701.00392, 4.77.
    """

    torch_name = "LinalgEigBackward0"
    materialize_grads = False

    def forward(self, A: Array) -> tuple[Array, Array]:
        L, V = _decomposed("linalg.eig", lambda: np.linalg.eig(A), A)
        if L.dtype.kind == "c":
            raise NotImplementedError(
                "linalg.eig: a matrix has complex eigenvalues, and minitorch has no complex "
                "numbers; linalg.eigh gives those of symmetric matrices"
            )
        V = column_major(V)
        self.save(L, V)
        return L, V

    def backward(self, gL: Tensor | None, gV: Tensor | None) -> Tensor:
        L, V = self.saved
        if gV is None:
            return solve(V.mT, gL[..., None] * V.mT)  # type: ignore[index]
        inner = V.mT @ gV
        on_diagonal = (V * gV).sum(-2)[..., None, :]
        inner = (inner - V.mT @ V * on_diagonal) / _ones_on_diagonal(_differences(L))
        if gL is not None:
            inner = inner + diag_embed(gL)
        return solve(V.mT, inner @ V.mT)


@takes_out("linalg.eig")
def eig(A: Tensor) -> return_types.linalg_eig:
    """The eigenvalues and eigenvectors of matrices whose eigenvalues are all real.

    PyTorch gives complex numbers, which minitorch has not: the results here are their real parts.
    The eigenvectors' signs are LAPACK's choice, so a loss must not depend on them.

    Shape: A (..., N, N); the eigenvalues (..., N); the eigenvectors (..., N, N), one a column.

    Raises:
        NotImplementedError: where eigenvalues are not real; for integers or halves.
        LinAlgError: for numbers that are not finite.
        RuntimeError: for matrices that are not square.

    >>> import minitorch
    >>> eig(minitorch.tensor([[2.0, 1.0], [0.0, 3.0]])).eigenvalues
    tensor([2., 3.])
    """
    return return_types.linalg_eig(*Eig.apply(matrices("linalg.eig", "A", A, square=True)))


@takes_out("linalg.eigvals")
def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of matrices whose eigenvalues are all real: those of `eig`."""
    A = matrices("linalg.eigvals", "A", A, square=True)
    return return_types.linalg_eig(*Eig.apply(A)).eigenvalues


# ---- pseudoinverses, ranks, least squares --------------------------------------------------------
class PInv(Function):
    """P, (..., N, M), the pseudoinverse of A; singular values up to a limit count as 0.

    While the rank stays the same, it is

        gA = -P^T gP P^T + (I - A P) gP^T P P^T + P^T P gP^T (I - P A)

    G. Golub and V. Pereyra, 1973, https://doi.org/10.1137/0710036.
    """

    torch_name = "LinalgPinvBackward0"

    def forward(self, A: Array, *, atol: Any, rtol: Any, hermitian: bool) -> Array:
        sizes, (U, S, Vh) = _magnitudes(A, hermitian, vectors=True)
        counts = sizes > _limit(sizes, atol, rtol)[..., None]
        inverted = np.where(counts, 1 / np.where(counts, S, 1), 0).astype(A.dtype)
        P = (Vh.swapaxes(-1, -2) * inverted[..., None, :]) @ U.swapaxes(-1, -2)
        self.save(A, P)
        return P

    def backward(self, grad: Tensor) -> Tensor:
        A, P = self.saved
        PT, gT = P.mT, grad.mT
        first, second = gT @ P @ PT, PT @ P @ gT
        return first - A @ (P @ first) + second - (second @ P) @ A - PT @ grad @ PT


def _magnitudes(A: Array, hermitian: bool, vectors: bool = False) -> tuple[Array, Any]:
    """The singular values, and (U, S, V^T) if wanted; of a symmetric A by its eigenvalues, S."""
    if hermitian:
        L, V = _decomposed("linalg.eigh", lambda: np.linalg.eigh(A), A)
        return np.abs(L), (V, L, V.swapaxes(-1, -2))
    if not vectors:
        return _decomposed("linalg.svd", lambda: np.linalg.svd(A, compute_uv=False), A), None
    U, S, Vh = _decomposed("linalg.svd", lambda: np.linalg.svd(A, full_matrices=False), A)
    return S, (U, S, Vh)


def _limit(sizes: Array, atol: Any, rtol: Any) -> Array:
    """The size, (...), up to which singular values, (..., K), count as 0."""
    return np.maximum(atol, rtol * sizes.max(-1, initial=0))


def _tolerances(who: str, A: Tensor, atol: Any, rtol: Any) -> tuple[Array, Array]:
    """The tolerances as arrays: by default none but PyTorch's relative one, for rounding."""
    for name, value in (("atol", atol), ("rtol", rtol)):
        if isinstance(value, TensorBase):
            check_constant(who, **{name: value})  # type: ignore[arg-type]
    absolute = np.asarray(0.0 if atol is None else array_of(atol), np.float64)
    if rtol is None:
        rounding = max(A._array.shape[-2:]) * float(np.finfo(A._array.dtype).eps)
        return absolute, np.where(absolute > 0, 0.0, rounding)
    return absolute, np.asarray(array_of(rtol), np.float64)


@takes_out("linalg.pinv")
def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The pseudoinverses of matrices (Moore and Penrose), by their singular values.

    The gradient is that of a rank that stays the same: singular values that are equal do no harm.

    Args:
        A: (..., M, N).
        rcond: another name of `rtol`.
        hermitian: whether A is symmetric, of which then the lower triangle is read.
        atol, rtol: numbers, or tensors (...). Singular values up to the larger of `atol` and `rtol`
            times the largest count as 0. By default `rtol` is the larger of M and N times the
            dtype's eps (and 0 where `atol` is positive).

    Returns:
        (..., N, M).

    Raises:
        LinAlgError: for numbers that are not finite.
        RuntimeError: for less than two dimensions, integers or halves.

    >>> import minitorch
    >>> pinv(minitorch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    who = "linalg.pinv"
    A = matrices(who, "A", A, square=hermitian)
    absolute, relative = _tolerances(who, A, atol, rcond if rtol is None else rtol)
    return PInv.apply(A, atol=absolute, rtol=relative, hermitian=hermitian)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """`linalg.pinv` by its older name, and with another limit."""
    return pinv(input, rtol=rcond)


@takes_out("linalg.matrix_rank")
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The ranks of matrices: how many singular values are above a limit.

    Args:
        A: (..., M, N).
        tol: the limit itself.
        hermitian, atol, rtol: as `pinv` takes them.

    Returns:
        int64 (...).

    >>> import minitorch
    >>> matrix_rank(minitorch.ones(2, 2))
    tensor(1)
    """
    who = "linalg.matrix_rank"
    A = matrices(who, "input", A, square=hermitian)
    if tol is not None:
        atol, rtol = tol, 0.0
    absolute, relative = _tolerances(who, A, atol, rtol)
    sizes, _ = _magnitudes(A._array, hermitian)
    return A._wrap(np.asarray((sizes > _limit(sizes, absolute, relative)[..., None]).sum(-1)))


@takes_out("linalg.lstsq")
def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> return_types.linalg_lstsq:
    """X for which ``A @ X - B`` is shortest, and X itself where several are.

    All drivers take the pseudoinverse here; they differ in what they say of the rank.

    Args:
        A: (..., M, N).
        B: (..., M, K), or vectors (..., M); the batches broadcast.
        rcond: singular values up to this times the largest count as 0; by default the larger of M
            and N times the dtype's eps.
        driver: "gelsy" (the default), "gels" (A is of full rank), "gelsd" or "gelss".

    Returns:
        (solution, residuals, rank, singular_values): the solution, (..., N, K) or (..., N); the
        squared lengths of ``A @ X - B``, (..., K), if M > N and all ranks are N, but not by
        "gelsy", else empty; the ranks, but not by "gels"; the singular values, by "gelsd" and
        "gelss".

    Raises:
        RuntimeError: for shapes that do not fit, dtypes that differ, integers or halves.

    >>> import minitorch
    >>> A, B = minitorch.tensor([[1.0], [0.0]]), minitorch.tensor([[2.0], [3.0]])
    >>> lstsq(A, B, driver="gels")[:2]
    (tensor([[2.]]), tensor([9.]))
    """
    who = "linalg.lstsq"
    A, B = matrices(who, "input", A), require_tensor(who, "other", B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"{who}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got {driver}"
        )
    same_dtype(who, A, B)
    *batch, M, N = A._array.shape
    is_vector = is_vector_beside(A, B)
    if is_vector:
        B = B.unsqueeze(-1)
    check_matrices(who, "other", B, square=False)
    if B._array.shape[-2] != M:
        raise RuntimeError(
            f"{who}: input.size(-2) should match other.size(-2), got {list(A._array.shape)} and "
            f"{list(B._array.shape)}"
        )
    shape = broadcast_shape(who, tuple(batch), B._array.shape[:-2])
    A, B = A.expand(*shape, M, N), B.expand(*shape, *B._array.shape[-2:])
    if rcond is None or rcond < 0:
        rcond = max(M, N) * float(np.finfo(A._array.dtype).eps)
    limit = 0.0 if driver == "gels" else rcond
    P = PInv.apply(A, atol=0.0, rtol=limit, hermitian=False)
    X = set_grad_fn_name("LinalgLstsqBackward0", laid_by_columns(matmul(P, B)))
    sizes, _ = _magnitudes(A._array, False)
    ranks = np.asarray((sizes > _limit(sizes, 0.0, limit)[..., None]).sum(-1))
    empty = A._wrap(np.empty(0, A._array.dtype))
    known = M > N and driver not in (None, "gelsy")
    known = known and (driver == "gels" or bool((ranks == N).all()))
    residuals = (matmul(A, X) - B).square().sum(-2) if known else X.reshape(-1)[:0]
    return return_types.linalg_lstsq(
        X.squeeze(-1) if is_vector else X,
        residuals.squeeze(-1) if is_vector and known else residuals,
        A._wrap(np.empty(0, np.int64) if driver == "gels" else ranks),
        A._wrap(sizes) if driver in ("gelsd", "gelss") else empty,
    )
