"""Systems of linear equations: solutions, inverses, determinants, and the factors that help."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import factor
from minitorch.kernels.layout import column_major
from minitorch.ops.math.decompositions import (
    LinAlgError,
    SolveTriangular,
    check_matrices,
    first_failures,
    matrices,
    same_dtype,
    solve_triangular,
)
from minitorch.ops.math.select import where
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import (
    broadcast_shape,
    laid,
    laid_by_columns,
    require_tensor,
    set_grad_fn_name,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["det", "inverse", "logdet", "lu", "lu_solve", "lu_unpack", "slogdet"]


# ---- solutions and inverses ----------------------------------------------------------------------
class Solve(Function):
    """X with A X = B, and which pivot of A is 0, counted from 1 (or 0).

    The gradient: M. Giles, 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf, 2.3.1.
    """

    torch_name = "LinalgSolveExBackward0"

    def forward(self, A: Array, B: Array) -> tuple[Array, Array]:
        X, info = factor.solve(A, B)
        X = column_major(X)
        self.save(A, X if self.needs(0) else None)
        return X, info

    def backward(self, grad: Tensor, _: None) -> Any:
        A, X = self.saved
        grad_B, _ = Solve.apply(A.mT, grad)
        grad_A = None if X is None else -(grad_B @ X.mT)
        return grad_A, grad_B if self.needs(1) else None


@takes_out("linalg.solve_ex", SAME)
def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False
) -> return_types.linalg_solve_ex:
    """`solve` that says in `info` whether it worked, and raises only with `check_errors`.

    Args:
        A, B, left: as `solve` takes them.
        check_errors: whether to raise as `solve` does.

    Returns:
        (result, info): `info`, int32 (...), is 0, or which pivot of A is 0, counted from 1; then
        the result holds inf or NaN.
    """
    return return_types.linalg_solve_ex(*_solve("linalg.solve_ex", A, B, left, check_errors))


@takes_out("linalg.solve", SAME)
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with ``A @ X = B`` (or ``X @ A = B``, not `left`).

    Args:
        A: (..., N, N).
        B: (..., N, K), or (..., K, N) if not `left`; the batches broadcast. Or vectors (..., N),
            which B is taken for if it is 1-d, or of A's shape without its last dimension.
        left: on which side of X A stands.

    Raises:
        LinAlgError: for a singular matrix.
        RuntimeError: for shapes that do not fit, dtypes that differ, integers or halves.

    >>> import minitorch
    >>> A = minitorch.tensor([[2.0, 0.0], [1.0, 1.0]])
    >>> solve(A, minitorch.tensor([2.0, 3.0]))
    tensor([1., 2.])
    """
    return _solve("linalg.solve", A, B, left, True)[0]


def _solve(who: str, A: Tensor, B: Tensor, left: bool, check_errors: bool) -> tuple[Tensor, Tensor]:
    A, B = matrices(who, "A", A, square=True), require_tensor(who, "B", B)
    same_dtype(who, A, B)
    N, shape = A._array.shape[-1], B._array.shape
    is_vector = is_vector_beside(A, B)
    if is_vector:
        if not left:
            raise RuntimeError(
                f"{who}: Vector broadcasting of the left hand side is not supported for "
                f"left=False. In this case {who} is equivalent to B / A.squeeze(-1)"
            )
        B = B.unsqueeze(-1)
    check_matrices(who, "B", B, square=False)
    _check_sides(who, A, B, left)
    batch = broadcast_shape(who, A._array.shape[:-2], B._array.shape[:-2])
    A, B = A.expand(*batch, N, N), B.expand(*batch, *B._array.shape[-2:])
    X, info = Solve.apply(A, B) if left else Solve.apply(A.mT, B.mT)
    if check_errors:
        for place, _ in first_failures(info):
            raise LinAlgError(
                f"torch.{who}: {place}The solver failed because the input matrix is singular "
                f"(A {list(A._array.shape)}, B {list(shape)})."
            )
    if is_vector:
        X = X.squeeze(-1)
        return (laid_by_columns(X) if batch else X), info
    return (X if left else laid(X.mT)), info


def is_vector_beside(A: Tensor, B: Tensor) -> bool:
    """Whether PyTorch takes `B` for one vector a matrix of `A`."""
    a, b = A._array.shape, B._array.shape
    return len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])


def _check_sides(who: str, A: Tensor, B: Tensor, left: bool) -> None:
    N, M = A._array.shape[-1], B._array.shape[-2 if left else -1]
    if N != M:
        sizes = "x".join(map(str, B._array.shape[-2:]))
        raise RuntimeError(
            f"{who}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({N}x{N} and {sizes})"
        )


class Inverse(Function):
    """X with A X = X A = I, and which pivot of A is 0, counted from 1 (or 0)."""

    torch_name = "LinalgInvExBackward0"

    def forward(self, A: Array) -> tuple[Array, Array]:
        eye = np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype), A.shape)
        X, info = factor.solve(A, eye)
        X = column_major(X)
        self.save(X)
        return X, info

    def backward(self, grad: Tensor, _: None) -> Tensor:
        (X,) = self.saved
        return -(X.mT @ grad @ X.mT)


@takes_out("linalg.inv_ex", SAME)
def inv_ex(A: Tensor, *, check_errors: bool = False) -> return_types.linalg_inv_ex:
    """`inv` that says in `info` whether it worked, and raises only with `check_errors`.

    Returns:
        (inverse, info): `info`, int32 (...), is 0, or which pivot of A is 0, counted from 1; then
        the inverse holds inf or NaN.
    """
    return return_types.linalg_inv_ex(*_inverse("linalg.inv_ex", A, check_errors))


@takes_out("linalg.inv", SAME)
def inv(A: Tensor) -> Tensor:
    """The inverses of square matrices.

    Shape: ``(..., N, N) -> (..., N, N)``.

    Raises:
        LinAlgError: for a singular matrix.
        RuntimeError: for matrices that are not square, integers or halves.

    >>> import minitorch
    >>> inv(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _inverse("linalg.inv", A, True)[0]


@takes_out("inverse", SAME)
def inverse(input: Tensor) -> Tensor:
    """`linalg.inv`, by its older name."""
    return _inverse("linalg.inv", input, True)[0]


def _inverse(who: str, A: Tensor, check_errors: bool) -> tuple[Tensor, Tensor]:
    X, info = Inverse.apply(matrices(who, "A", A, square=True))
    if check_errors:
        for place, pivot in first_failures(info):
            raise LinAlgError(
                f"{who}: {place}The diagonal element {pivot} is zero, the inversion could not be "
                "completed because the input matrix is singular."
            )
    return X, info


@takes_out("linalg.tensorinv")
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of `A` as the matrix of its first `ind` dimensions by its others.

    Shape: ``(*S, *T) -> (*T, *S)``, where S, of `ind` sizes, and T have the same product.

    Raises:
        LinAlgError: for a singular matrix.
        RuntimeError: if `ind` is not positive, or the products differ.
    """
    A = require_tensor("linalg.tensorinv", "A", A)
    if ind <= 0:
        raise RuntimeError(
            f"linalg.tensorinv: Expected a strictly positive integer for 'ind', got {ind}"
        )
    shape = tuple(A._array.shape)
    size = _square_of("linalg.tensorinv", shape, ind)
    return inv(A.reshape(size, size)).reshape(shape[ind:] + shape[:ind])


@takes_out("linalg.tensorsolve")
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """X with ``tensordot(A, X, X.ndim) = B``.

    Args:
        A: ``(*S, *T)``, S being B's shape, of the same product as T.
        B: ``(*S)``.
        dims: dimensions of A that are moved to its end first.

    Returns:
        X, of shape T.

    Raises:
        LinAlgError: if A is singular.
        RuntimeError: for shapes that do not fit.
    """
    A, B = (
        require_tensor("linalg.tensorsolve", "A", A),
        require_tensor("linalg.tensorsolve", "B", B),
    )
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(-len(dims), 0)))
    ndim = B._array.ndim
    size = _square_of("linalg.tensorsolve", A._array.shape, ndim)
    return solve(A.reshape(size, size), B.reshape(size)).reshape(A._array.shape[ndim:])


def _square_of(who: str, shape: tuple[int, ...], ind: int) -> int:
    first, last = math.prod(shape[:ind]), math.prod(shape[ind:])
    if first != last:
        raise RuntimeError(
            f"{who}: Expected self to satisfy the requirement prod(self.shape[{ind}:]) == "
            f"prod(self.shape[:{ind}]), but got {last} != {first} (shape {list(shape)})"
        )
    return first


# ---- determinants --------------------------------------------------------------------------------
class Det(Function):
    """d = det(A)."""

    torch_name = "LinalgDetBackward0"

    def forward(self, A: Array) -> Array:
        d = np.where(factor.spoiled(A), np.nan, np.linalg.det(A)).astype(A.dtype, copy=False)
        self.save(A, d)
        return d

    def backward(self, grad: Tensor) -> Tensor:
        A, d = self.saved
        return grad[..., None, None] * _cofactors(A, d)

    def backward_kernel(self, grad: Array) -> Array:
        A, _ = self.saved
        return np.asarray(grad[..., None, None] * factor.cofactors(A))


def _cofactors(A: Tensor, d: Tensor) -> Tensor:
    """det(A) A^-T; of matrices that have, or nearly have, no inverse from their minors.

    (They are n^2 determinants: dear, but right to every order. The first order alone is cheap.)
    """
    array = A._array
    finite = A.isfinite().all(-1, keepdim=True).all(-2, keepdim=True)
    A = where(finite, A, math.nan)
    if not factor.nearly_singular(factor.lu_factor(array)[0]):
        return d[..., None, None] * Inverse.apply(A)[0].mT
    rows, columns, signs = factor.minors(array.shape[-1])
    minors = A[..., A._wrap(rows), A._wrap(columns)]  # (..., N, N, N - 1, N - 1)
    return Det.apply(minors) * A._wrap(signs.astype(array.dtype))


@takes_out("linalg.det", SAME)
def det(A: Tensor) -> Tensor:
    """The determinants of square matrices; singular ones have gradients, too.

    Shape: ``(..., N, N) -> (...)``.

    Raises:
        RuntimeError: for matrices that are not square, integers or halves.

    >>> import minitorch
    >>> det(minitorch.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return Det.apply(matrices("linalg.det", "A", A, square=True))


class SlogDet(Function):
    """The sign of det(A), and log |det(A)|; the gradient is A^-T."""

    torch_name = "LinalgSlogdetBackward0"

    def forward(self, A: Array) -> tuple[Array, Array]:
        sign, log = np.linalg.slogdet(A)
        spoilt = factor.spoiled(A)
        if spoilt.any():
            sign, log = np.where(spoilt, 0, sign), np.where(spoilt, np.nan, log)
            sign, log = sign.astype(A.dtype), log.astype(A.dtype)
        self.save(A)
        return np.asarray(sign), np.asarray(log)

    def backward(self, _: Tensor, grad: Tensor) -> Tensor:
        (A,) = self.saved
        return grad[..., None, None] * Inverse.apply(A)[0].mT


@takes_out("linalg.slogdet", SAME)
def linalg_slogdet(A: Tensor) -> return_types.linalg_slogdet:
    """The signs of determinants, and the logarithms of their magnitudes, which overflow later.

    Shape: ``(..., N, N) -> (...)``, twice.

    Raises:
        RuntimeError: for matrices that are not square, integers or halves.
    """
    A = matrices("linalg.slogdet", "A", A, square=True)
    return return_types.linalg_slogdet(*SlogDet.apply(A))


@takes_out("slogdet", SAME)
def slogdet(input: Tensor) -> return_types.slogdet:
    """`linalg.slogdet`, by its older name."""
    return return_types.slogdet(*linalg_slogdet(input))


def logdet(input: Tensor) -> Tensor:
    """The logarithms of determinants: -inf of 0, NaN of negative ones.

    Shape: ``(..., N, N) -> (...)``.
    """
    sign, log = SlogDet.apply(matrices("logdet", "A", input, square=True))
    return where(sign == -1, math.nan, log)


# ---- LU ------------------------------------------------------------------------------------------
class LUFactor(Function):
    """L below the diagonal and U on and above it, P L U = A; the pivots; which of U's is 0.

    With K the smaller of the sizes, L1 and U1 the K by K triangles, L2 what is below and U2 beside:

        S = tril(L1^T gL1 - gU2 U2^T, -1) + triu(gU1 U1^T - L2^T gL2)
        gA = P [[L1^-T S U1^-T, L1^-T gU2], [gL2 U1^-T]]

    as dA = P (dL U + L dU) has one lower and one upper triangle: S. Walter and L. Lehmann, 2010,
    https://arxiv.org/abs/1009.6112, do likewise for QR.
    """

    torch_name = "LinalgLuFactorExBackward0"

    def forward(self, A: Array) -> tuple[Array, Array, Array]:
        LU, pivots = factor.lu_factor(A)
        LU = column_major(LU)
        self.save(LU, pivots)
        return LU, pivots, factor.first_zero(LU)

    def backward(self, grad: Tensor, *_: None) -> Tensor:
        LU, pivots = self.saved
        M, N = LU.shape[-2:]
        K = min(M, N)
        square, g = LU[..., :K, :K], grad[..., :K, :K]
        L2, gL2 = LU[..., K:, :K], grad[..., K:, :K]
        U2, gU2 = LU[..., :K, K:], grad[..., :K, K:]
        L1 = square.tril(-1) + LU._wrap(np.eye(K, dtype=LU._array.dtype))
        inner = (L1.mT @ g.tril(-1) - gU2 @ U2.mT).tril(-1)
        inner = inner + (g.triu() @ square.triu().mT - L2.mT @ gL2).triu()
        rows = SolveTriangular.apply(square, inner.mT, upper=True, unitriangular=False).mT
        if N > K:
            rows = cat([rows, gU2], -1)
        rows = SolveTriangular.apply(L1.mT, rows, upper=True, unitriangular=True)
        if M > K:
            below = SolveTriangular.apply(square, gL2.mT, upper=True, unitriangular=False).mT
            rows = cat([rows, below], -2)
        return _ordered(rows, pivots, back=True)


def _ordered(X: Tensor, pivots: Tensor, back: bool = False) -> Tensor:
    """P^T X, for the permutation P that `pivots` come to; P X if `back`."""
    order = factor.permutation(pivots._array, X._array.shape[-2])
    order = np.argsort(order, -1) if back else order
    return X.take_along_dim(X._wrap(order[..., None]), -2)


@takes_out("linalg.lu_factor_ex", SAME)
def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False
) -> return_types.linalg_lu_factor_ex:
    """`lu_factor` that says in `info` where U has a 0, and raises only with `check_errors`.

    Returns:
        (LU, pivots, info): `info`, int32 (...), is 0, or the place of U's first 0, counted from 1.
    """
    return return_types.linalg_lu_factor_ex(*_lu_factor("torch.lu_factor", A, pivot, check_errors))


@takes_out("linalg.lu_factor", SAME)
def lu_factor(A: Tensor, *, pivot: bool = True) -> return_types.linalg_lu_factor:
    """The factors of ``A = P @ L @ U`` in one matrix, for `lu_solve`, and LAPACK's pivots.

    Args:
        A: (..., M, N).
        pivot: must be True, as in PyTorch without a GPU.

    Returns:
        (LU, pivots): L (its ones left out) below the diagonal, U on and above it; pivots, int32
        (..., min(M, N)): in step k the rows k + 1 and pivots[k], counted from 1, change places.

    Raises:
        RuntimeError: if U has a 0 on its diagonal; for integers or halves.
    """
    return return_types.linalg_lu_factor(*_lu_factor("torch.lu_factor", A, pivot, True)[:2])


@takes_out("lu", SAME)
def lu(input: Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[Tensor, ...]:
    """`linalg.lu_factor_ex` by its older name, with `info` if told so."""
    factors = _lu_factor("torch.lu_factor", input, pivot, False)
    return factors if get_infos else factors[:2]


def _lu_factor(who: str, A: Tensor, pivot: bool, check: bool) -> tuple[Tensor, Tensor, Tensor]:
    A = matrices(who, "A", A)
    if not pivot:
        raise RuntimeError(f"{who}: LU without pivoting is not implemented on the CPU")
    LU, pivots, info = LUFactor.apply(A)
    if check:
        for place, zero in first_failures(info):
            raise RuntimeError(
                f"{who}: {place}U[{zero},{zero}] is zero and using it on lu_solve would result in "
                "a division by zero. If you still want to perform the factorization, consider "
                "calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
            )
    return LU, pivots, info


@takes_out("linalg.lu", SAME)
def linalg_lu(A: Tensor, *, pivot: bool = True) -> return_types.linalg_lu:
    """The factors of ``A = P @ L @ U``: a permutation, a lower triangle with ones, an upper one.

    Shape: A (..., M, N), P (..., M, M), L (..., M, K), U (..., K, N), K the smaller of M and N.

    Raises:
        RuntimeError: if not `pivot`, as in PyTorch without a GPU; for integers or halves.

    >>> import minitorch
    >>> P, L, U = linalg_lu(minitorch.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> L, U
    (tensor([[1.0000, 0.0000],
            [0.5000, 1.0000]]), tensor([[2., 2.],
            [0., 1.]]))
    """
    P, L, U = lu_unpack(*_lu_factor("linalg.lu", A, pivot, False)[:2])
    L, U = (set_grad_fn_name("LinalgLuBackward0", x) for x in (L, U))
    return return_types.linalg_lu(P, L, U)


@takes_out("lu_unpack")
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> return_types.lu_unpack:
    """P, L and U, from what `linalg.lu_factor` gives.

    Args:
        LU_data: (..., M, N). LU_pivots: int32 (..., K), K the smaller of M and N.
        unpack_data: whether L and U are wanted, or empty.
        unpack_pivots: whether P is.

    Raises:
        RuntimeError: for pivots of another dtype or shape, or that are no rows' numbers.
    """
    who = "lu_unpack"
    LU, pivots = (
        require_tensor(who, "LU_data", LU_data),
        require_tensor(who, "LU_pivots", LU_pivots),
    )
    check_matrices(who, "LU_data", LU, square=False)
    M, N = LU._array.shape[-2:]
    K, dtype = min(M, N), LU._array.dtype
    P = L = U = LU._wrap(np.empty(0, dtype))
    if unpack_pivots:
        _check_pivots(who, LU, pivots)
        order = factor.permutation(pivots._array, M)
        P = LU._wrap(np.ascontiguousarray(np.eye(M, dtype=dtype)[order].swapaxes(-1, -2)))
    if unpack_data:
        ones = LU._wrap(np.eye(M, K, dtype=dtype))
        L, U = laid(LU[..., :K].tril(-1) + ones), laid(LU[..., :K, :].triu())
        L, U = (set_grad_fn_name("LuUnpackBackward0", x) for x in (L, U))
    return return_types.lu_unpack(P, L, U)


def _check_pivots(who: str, LU: Tensor, pivots: Tensor) -> None:
    *batch, M, N = LU._array.shape
    array = pivots._array
    if array.dtype != np.int32:
        raise RuntimeError(
            f"{who}: pivots is expected to be a contiguous tensor of torch.int32 dtype, got "
            f"{pivots.dtype}"
        )
    if array.shape != (*batch, min(M, N)):
        raise RuntimeError(
            f"{who}: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with "
            f"shape {list(array.shape)} instead (LU {list(LU._array.shape)})"
        )
    if array.size and (array.min() < 1 or array.max() > M):
        raise RuntimeError(f"{who}: pivots must be between 1 and {M}, the number of rows")


@takes_out("linalg.lu_solve", SAME)
def linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """X with ``A @ X = B``, from `lu_factor` of A.

    Args:
        LU: (..., N, N). pivots: int32 (..., N).
        B: (..., N, K), or (..., K, N) if not `left`; the batches broadcast.
        left: on which side of X A stands.
        adjoint: solve with ``A.mT`` instead.

    Raises:
        RuntimeError: for shapes that do not fit, dtypes that differ, integers or halves.

    >>> import minitorch
    >>> A = minitorch.tensor([[0.0, 2.0], [1.0, 1.0]])
    >>> linalg_lu_solve(*lu_factor(A), minitorch.tensor([[2.0], [3.0]]))
    tensor([[2.],
            [1.]])
    """
    who = "linalg.lu_solve"
    LU, B = matrices(who, "A", LU, square=True), require_tensor(who, "B", B)
    same_dtype(who, LU, B)
    check_matrices(who, "B", B, square=False)
    _check_sides(who, LU, B, left)
    _check_pivots(who, LU, require_tensor(who, "pivots", pivots))
    if not left:  # the transposed equation
        return laid(linalg_lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT)
    N = LU._array.shape[-1]
    batch = broadcast_shape(who, LU._array.shape[:-2], B._array.shape[:-2])
    LU, B = LU.expand(*batch, N, N), B.expand(*batch, *B._array.shape[-2:])
    pivots = pivots.expand(*batch, N)
    if adjoint:
        X = solve_triangular(LU.mT, B, upper=False)
        X = solve_triangular(LU.mT, X, upper=True, unitriangular=True)
        return laid_by_columns(_ordered(X, pivots, back=True))
    X = solve_triangular(LU, _ordered(B, pivots), upper=False, unitriangular=True)
    X = solve_triangular(LU, X, upper=True)
    return set_grad_fn_name("LinalgLuSolveBackward0", X)


@takes_out("lu_solve", SAME)
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """`linalg.lu_solve`, by its older name, which takes its arguments in another order."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


# ---- LDL -----------------------------------------------------------------------------------------
class LDLFactor(Function):
    """L and D in one matrix, with pivots and `info`. PyTorch has no derivative of it."""

    torch_name = "NotImplemented"

    def forward(self, A: Array) -> tuple[Array, Array, Array]:
        LD, pivots, info = factor.ldl_factor(A)
        return column_major(LD), pivots, info

    def backward(self, *_: Any) -> Any:
        raise RuntimeError("derivative for aten::linalg_ldl_factor_ex is not implemented")


@takes_out("linalg.ldl_factor_ex", SAME)
def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False
) -> return_types.linalg_ldl_factor_ex:
    """`ldl_factor` that says in `info` where D has a 0, and raises only with `check_errors`.

    Returns:
        (LD, pivots, info): `info`, int32 (...), is 0, or the place of D's first 0, counted from 1.
    """
    who = "linalg.ldl_factor_ex"
    LD, pivots, info = LDLFactor.apply(matrices(who, "A", A, square=True))
    if check_errors:
        for place, zero in first_failures(info):
            raise LinAlgError(f"{who}: {place}D[{zero},{zero}] is zero: the matrix is singular")
    return return_types.linalg_ldl_factor_ex(LD, pivots, info)


@takes_out("linalg.ldl_factor", SAME)
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> return_types.linalg_ldl_factor:
    """The factors of symmetric matrices ``A = P @ L @ D @ L.mT @ P.mT`` in one, for `ldl_solve`.

    D has blocks of one row or two, by Bunch and Kaufman's rule. As in PyTorch, there is no
    gradient.

    Args:
        A: (..., N, N), of which the lower triangle is read.
        hermitian: makes no difference to real matrices.

    Returns:
        (LD, pivots): (..., N, N), and int32 (..., N), LAPACK's: negative for blocks of two rows.

    Raises:
        LinAlgError: for a singular matrix.
        RuntimeError: for matrices that are not square, integers or halves.
    """
    factors = ldl_factor_ex(A, hermitian=hermitian, check_errors=True)
    return return_types.linalg_ldl_factor(factors.LD, factors.pivots)


class LDLSolve(Function):
    """X with A X = B, from A's L and D. PyTorch has no derivative of it."""

    torch_name = "NotImplemented"

    def forward(self, LD: Array, pivots: Array, B: Array) -> Array:
        return column_major(factor.ldl_solve(LD, pivots, B))

    def backward(self, _: Tensor) -> Any:
        raise RuntimeError("derivative for aten::linalg_ldl_solve is not implemented")


@takes_out("linalg.ldl_solve", SAME)
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """X with ``A @ X = B``, from `ldl_factor` of A. As in PyTorch, there is no gradient.

    Args:
        LD: (..., N, N). pivots: int32 (..., N).
        B: (..., N, K); the batches broadcast.
        hermitian: makes no difference to real matrices.

    Raises:
        RuntimeError: for shapes that do not fit, dtypes that differ, integers or halves.
    """
    who = "linalg.ldl_solve"
    LD, B = matrices(who, "A", LD, square=True), require_tensor(who, "B", B)
    same_dtype(who, LD, B)
    check_matrices(who, "B", B, square=False)
    _check_sides(who, LD, B, left=True)
    pivots = require_tensor(who, "pivots", pivots)
    _check_pivots(who, LD, LD._wrap(np.abs(pivots._array)))
    N = LD._array.shape[-1]
    batch = broadcast_shape(who, LD._array.shape[:-2], B._array.shape[:-2])
    LD, pivots = LD.expand(*batch, N, N), pivots.expand(*batch, N)
    return LDLSolve.apply(LD, pivots, B.expand(*batch, *B._array.shape[-2:]))
