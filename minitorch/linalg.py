"""`minitorch.linalg`: linear algebra under the names of PyTorch's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.ops.math.decompositions import LinAlgError, cholesky, solve_triangular
from minitorch.ops.math.linalg import linalg_cross as cross, matmul, multi_dot, vecdot
from minitorch.ops.math.norms import linalg_norm as norm, matrix_norm, vector_norm
from minitorch.ops.shape import strided

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "LinAlgError",
    "cholesky",
    "cross",
    "diagonal",
    "matmul",
    "matrix_norm",
    "multi_dot",
    "norm",
    "solve_triangular",
    "vecdot",
    "vector_norm",
]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The view of the diagonal of `dim1` and `dim2`, by default the last two, as the last one."""
    return strided.diagonal(A, offset, dim1, dim2)
