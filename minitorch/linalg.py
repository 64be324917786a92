"""`minitorch.linalg`: linear algebra under the names of PyTorch's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch._missing import missing
from minitorch.ops.math.decompositions import (
    LinAlgError,
    cholesky_ex,
    linalg_cholesky as cholesky,
    solve_triangular,
)
from minitorch.ops.math.linalg import linalg_cross as cross, matmul, multi_dot, vecdot
from minitorch.ops.math.matrix_functions import (
    linalg_matrix_power as matrix_power,
    matrix_exp,
    vander,
)
from minitorch.ops.math.norms import cond, linalg_norm as norm, matrix_norm, vector_norm
from minitorch.ops.math.orthogonal import householder_product, linalg_qr as qr
from minitorch.ops.math.spectral import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
    linalg_svd as svd,
    lstsq,
    matrix_rank,
    pinv,
    svdvals,
)
from minitorch.ops.math.systems import (
    det,
    inv,
    inv_ex,
    ldl_factor,
    ldl_factor_ex,
    ldl_solve,
    linalg_lu as lu,
    linalg_lu_solve as lu_solve,
    linalg_slogdet as slogdet,
    lu_factor,
    lu_factor_ex,
    solve,
    solve_ex,
    tensorinv,
    tensorsolve,
)
from minitorch.ops.shape import strided

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The view of the diagonal of `dim1` and `dim2`, by default the last two, as the last one."""
    return strided.diagonal(A, offset, dim1, dim2)


__getattr__ = missing(__name__)
