"""Matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops.operands import broadcast_shape, not_bool, tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def matmul_kernel(x: Array, y: Array) -> Array:
    """x @ y in x's dtype; float16, which BLAS lacks, is multiplied in float32 and rounded once."""
    if x.dtype == np.float16:
        return np.matmul(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
    return np.matmul(x, y)


class MatMul(Function):
    """z = x @ y over the last two dimensions; the others broadcast."""

    broadcasts = True
    torch_name = "MmBackward0"

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return matmul_kernel(x, y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return (
            None if y is None else MatMul.apply(grad, y.transpose(-2, -1)),
            None if x is None else MatMul.apply(x.transpose(-2, -1), grad),
        )


class Linear(Function):
    """y = x @ w.T + b: the affine map of the last dimension, with `w` as (out, in)."""

    torch_name = "AddmmBackward0"

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.save(x if self.needs(1) else None, w if self.needs(0) else None)
        out_features, in_features = w.shape
        y = matmul_kernel(x.reshape(-1, in_features), w.T)
        if b is not None:
            y += b
        return y.reshape(*x.shape[:-1], out_features)

    def backward(self, grad: Tensor) -> Any:
        x, w = self.saved
        grad_x = None if w is None else matmul(grad, w)
        rows = grad if grad.ndim == 2 else grad.reshape(-1, grad.shape[-1])
        grad_w = None
        if x is not None:
            grad_w = MatMul.apply(rows.t(), x if x.ndim == 2 else x.reshape(-1, x.shape[-1]))
        return grad_x, grad_w, rows.sum(0) if self.needs(2) else None


def _same_dtype(who: str, x: Tensor, y: Tensor) -> None:
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"{who}: expected both operands to have the same dtype, but got {x.dtype} and "
            f"{y.dtype}; convert one with .to()"
        )


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product; 1-d operands count as a row and a column, further dimensions broadcast.

    Shape: ``(..., N, K) @ (..., K, M) -> (..., N, M)``; ``(K) @ (K) -> ()``.

    Raises:
        RuntimeError: for a 0-d operand, sizes that do not match, or different dtypes.

    >>> import minitorch
    >>> minitorch.ones(2, 3) @ minitorch.ones(3)
    tensor([3., 3.])
    """
    x, y = tensor_of("matmul", "input", input), tensor_of("matmul", "other", other)
    a, b = x._array.shape, y._array.shape
    if not a or not b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D"
        )
    _same_dtype("matmul", x, y)
    not_bool("matmul", x)
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_matrix(a)} and {_matrix(b)}): matmul of "
            f"{list(a)} and {list(b)} needs {a[-1]} == {inner}"
        )
    if len(a) == 1:
        rows = MatMul.apply(x.unsqueeze(0), y.unsqueeze(1) if len(b) == 1 else y)
        return rows.reshape(()) if len(b) == 1 else rows.squeeze(-2)
    if len(b) == 1:
        return MatMul.apply(x, y.unsqueeze(1)).squeeze(-1)
    if len(b) == 2 and len(a) > 2:  # one product of all rows instead of one each
        flat = MatMul.apply(x.reshape(-1, a[-1]), y)
        return flat.reshape(*a[:-1], b[-1])
    if len(a) > 2 or len(b) > 2:
        broadcast_shape("matmul", a[:-2], b[:-2])
    return MatMul.apply(x, y)


def _matrix(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in (shape if len(shape) < 3 else shape[-2:]))


def _of_rank(who: str, x: Tensor, name: str, ndim: int) -> None:
    if x._array.ndim != ndim:
        raise RuntimeError(
            f"{who}: {name} must be a {ndim}D tensor, got {x._array.ndim}D of shape "
            f"{list(x._array.shape)}"
        )


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.

    Shape: ``(N, K), (K, M) -> (N, M)``.
    """
    _of_rank("mm", input, "self", 2)
    _of_rank("mm", mat2, "mat2", 2)
    return matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices.

    Shape: ``(B, N, K), (B, K, M) -> (B, N, M)``.
    """
    _of_rank("bmm", input, "batch1", 3)
    _of_rank("bmm", mat2, "batch2", 3)
    if input._array.shape[0] != mat2._array.shape[0]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input._array.shape[0]}, {input._array.shape[2]}] but got: "
            f"{list(mat2._array.shape[:2])}."
        )
    return matmul(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """A matrix times a vector.

    Shape: ``(N, K), (K) -> (N)``.
    """
    _of_rank("mv", input, "input", 2)
    _of_rank("mv", vec, "vec", 1)
    return matmul(input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors.

    Shape: ``(K), (K) -> ()``.
    """
    _of_rank("dot", input, "self", 1)
    _of_rank("dot", tensor, "tensor", 1)
    return matmul(input, tensor)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``.

    Shape: input ``(..., in)``, weight ``(out, in)`` or ``(in)``, bias ``(out)`` or ``()``;
    output ``(..., out)`` or ``(...)``.

    Raises:
        RuntimeError: for shapes that do not fit or dtypes that differ.

    >>> import minitorch
    >>> linear(minitorch.ones(1, 2), minitorch.ones(3, 2), minitorch.zeros(3))
    tensor([[2., 2., 2.]])
    """
    x, w = tensor_of("linear", "input", input), tensor_of("linear", "weight", weight)
    a, b = x._array.shape, w._array.shape
    if len(b) not in (1, 2) or not a or a[-1] != b[-1]:
        raise RuntimeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied: weight {list(b)} expects inputs "
            f"whose last size is {b[-1] if b else '(weight is 0-d)'}, got input {list(a)}"
        )
    _same_dtype("linear", x, w)
    if bias is not None:
        _same_dtype("linear", x, tensor_of("linear", "bias", bias))
        if bias._array.shape != b[:-1]:
            raise RuntimeError(
                f"linear: bias must have shape {list(b[:-1])} for weight {list(b)}, got "
                f"{list(bias._array.shape)}"
            )
    if len(b) == 1:
        product = matmul(x, w)
        return product if bias is None else product + bias
    return Linear.apply(x, w, bias)
