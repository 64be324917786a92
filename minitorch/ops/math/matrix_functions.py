"""Powers and exponentials of matrices, and the matrix of a vector's powers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import matrix_exp as kernel
from minitorch.ops.math.decompositions import check_matrices
from minitorch.ops.math.linalg import matmul, need_floats
from minitorch.ops.math.reduce import constant_of
from minitorch.ops.math.scan import cumprod
from minitorch.ops.math.systems import inv
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import integer, is_half, laid, require_tensor
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["matrix_exp", "matrix_power"]


@takes_out("linalg.matrix_power", SAME)
def linalg_matrix_power(A: Tensor, n: int) -> Tensor:
    """The product of `n` times the same matrix, by repeated squaring; of its inverse if n < 0.

    Shape: ``(..., N, N) -> (..., N, N)``.

    Raises:
        LinAlgError: for a singular matrix and n < 0.
        RuntimeError: for matrices that are not square.

    >>> import minitorch
    >>> linalg_matrix_power(minitorch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    who = "linalg.matrix_power"
    A, n = require_tensor(who, "A", A), integer(who, "n", n)
    check_matrices(who, "A", A, square=True)
    if n == 0:
        eye = np.broadcast_to(np.eye(A._array.shape[-1], dtype=A._array.dtype), A._array.shape)
        return constant_of(A, A._wrap(eye.copy()))
    if n < 0:
        A, n = inv(A), -n
    power, square = None, A
    while True:
        if n % 2:
            power = square if power is None else matmul(power, square)
        n //= 2
        if not n:
            assert power is not None
            return laid(power.clone()) if power is A else power
        square = matmul(square, square)


@takes_out("matrix_power", SAME)
def matrix_power(input: Tensor, n: int) -> Tensor:
    """`linalg.matrix_power`, by its older name."""
    return linalg_matrix_power(input, n)


class MatrixExp(Function):
    """exp(A). Its gradient is a block of exp([[A^T, gY], [0, A^T]]), for gY of a size near 1.

    R. Mathias, 1996, https://doi.org/10.1137/S0895479895283409.
    """

    torch_name = "LinalgMatrixExpBackward0"

    def forward(self, A: Array) -> Array:
        self.save(A)
        return kernel.matrix_exp(A)

    def backward(self, grad: Tensor) -> Tensor:
        (A,) = self.saved
        N = A.shape[-1]
        # It makes no difference, but for rounding: the block is linear in gY.
        size = grad._wrap(kernel.power_of_two(grad._array))
        above, below = cat([A.mT, grad / size], -1), cat([A.new_zeros(A.shape), A.mT], -1)
        return MatrixExp.apply(cat([above, below], -2))[..., :N, N:] * size


def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of square matrices, 1 + A + A @ A / 2 + ...

    Shape: ``(..., N, N) -> (..., N, N)``.

    Raises:
        RuntimeError: for matrices that are not square, or integers.

    >>> import minitorch
    >>> matrix_exp(minitorch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    who = "linalg.matrix_exp"
    A = require_tensor(who, "A", input)
    check_matrices(who, "A", A, square=True)
    need_floats(who, A)
    return MatrixExp.apply(A)


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers of numbers from 0 on: Vandermonde's matrix.

    Args:
        x: (..., M).
        N: how many powers; by default M.

    Returns:
        (..., M, N), int64 for integers.

    Raises:
        RuntimeError: for N <= 1; for halves and bools.

    >>> import minitorch
    >>> vander(minitorch.tensor([2, 3]), 4)
    tensor([[ 1,  2,  4,  8],
            [ 1,  3,  9, 27]])
    """
    x = require_tensor("linalg.vander", "x", x)
    if is_half(x) or x._array.dtype.kind == "b":
        raise RuntimeError(
            "linalg.vander supports floating point, complex, and integer tensors, but got "
            f"{x.dtype}"
        )
    x = x if x._array.ndim else x.reshape(1)
    count = x._array.shape[-1] if N is None else integer("linalg.vander", "N", N)
    if count <= 1:
        raise RuntimeError(f"linalg.vander: N must be greater than 1, got {count}")
    repeated = x.unsqueeze(-1).expand(*x._array.shape, count - 1)
    powers = cumprod(repeated, -1)
    return cat([powers.new_ones(*x._array.shape, 1), powers], -1)
