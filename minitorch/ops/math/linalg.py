"""Products of matrices and vectors, and what is built of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.kernels.sums import add_up
from minitorch.ops.math.reduce import Sum
from minitorch.ops.math.select import masked_fill
from minitorch.ops.shape.strided import diagonal
from minitorch.ops.shape.views import Refold, stack, unbind
from minitorch.ops.support.operands import (
    broadcast_shape,
    caller_stacklevel,
    in_wider,
    is_half,
    laid,
    not_bool,
    require_tensor,
    set_grad_fn_name,
    wrap_dim,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "cross",
    "dot",
    "ger",
    "inner",
    "kron",
    "matmul",
    "mm",
    "mv",
    "outer",
    "trace",
    "vdot",
]


def matmul_kernel(x: Array, y: Array) -> Array:
    """x @ y in x's dtype; float16, which BLAS lacks, is multiplied in float32 and rounded once."""
    if x.dtype.char == "e":
        return np.matmul(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
    # The same product of BLAS either way; a method of the array gets there sooner.
    return x.dot(y) if x.ndim == y.ndim == 2 else np.matmul(x, y)


def _turned(x: Array) -> Array:
    return x.T if x.ndim == 2 else x.swapaxes(-1, -2)


def _as_matrix(x: Any) -> Any:
    """An array or a tensor as the matrix of its last dimension's vectors."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def need_floats(who: str, x: Tensor) -> None:
    """Refuse integers and bools, in the words of ``torch.linalg``."""
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"{who}: Expected a floating point or complex tensor as input. Got {x.dtype}"
        )


def _same_dtype(who: str, x: Tensor, y: Tensor) -> None:
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"{who}: expected both operands to have the same dtype, but got {x.dtype} and "
            f"{y.dtype}; convert one with .to()"
        )


def _of_rank(who: str, name: str, value: Any, ndim: int) -> Tensor:
    x = require_tensor(who, name, value)
    if x._array.ndim != ndim:
        raise RuntimeError(
            f"{who}: {name} must be a {ndim}D tensor, got {x._array.ndim}D of shape "
            f"{list(x._array.shape)}"
        )
    return x


# ---- products ---------------------------------------------------------------------------------
class MatMul(Function):
    """z = x @ y over the last two dimensions, each operand turned first if so told.

    The others broadcast. With operands turned, the gradients of products are products again.
    """

    broadcasts = True
    torch_name = "MmBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, y: Array, *, tx: bool = False, ty: bool = False) -> Array:
        if self.edges:
            self.tx, self.ty = tx, ty
            self.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return matmul_kernel(_turned(x) if tx else x, _turned(y) if ty else y)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        tx, ty = self.tx, self.ty
        product, grad_x, grad_y = MatMul.apply, None, None
        if self.needs(0):
            grad_x = product(y, grad, tx=ty, ty=True) if tx else product(grad, y, ty=not ty)
        if self.needs(1):
            grad_y = product(grad, x, tx=True, ty=tx) if ty else product(x, grad, tx=not tx)
        return grad_x, grad_y


@takes_out("matmul", SAME)
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product; 1-d operands count as a row and a column, further dimensions broadcast.

    Shape: ``(..., N, K) @ (..., K, M) -> (..., N, M)``; ``(K) @ (K) -> ()``.

    Raises:
        RuntimeError: for a 0-d operand, sizes that do not match, or different dtypes.

    >>> import minitorch
    >>> minitorch.ones(2, 3) @ minitorch.ones(3)
    tensor([3., 3.])
    """
    x, y = require_tensor("matmul", "input", input), require_tensor("matmul", "other", other)
    a, b = x._array.shape, y._array.shape
    if not a or not b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D"
        )
    _same_dtype("matmul", x, y)
    if x._array.size and y._array.size:  # PyTorch has nothing against products of no bools
        not_bool("matmul", x)
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_matrix(a)} and {_matrix(b)}): matmul of "
            f"{list(a)} and {list(b)} needs {a[-1]} == {inner}"
        )
    if len(a) == 1:
        rows = MatMul.apply(x.unsqueeze(0), y.unsqueeze(1) if len(b) == 1 else y)
        if len(b) == 1:
            return set_grad_fn_name("DotBackward0", Refold.apply(rows, shape=()))
        return Refold.apply(rows, shape=(*b[:-2], *b[-1:]))
    if len(b) == 1:
        product = Refold.apply(MatMul.apply(x, y.unsqueeze(1)), shape=a[:-1])
        return set_grad_fn_name("MvBackward0", product) if len(a) == 2 else product
    if len(b) == 2 and len(a) > 2:  # one product of all rows instead of one each
        flat = MatMul.apply(x.flatten(0, -2), y)  # (rows, M)
        return set_grad_fn_name("UnsafeViewBackward0", Refold.apply(flat, shape=(*a[:-1], b[-1])))
    if len(a) == len(b) == 2:
        return MatMul.apply(x, y)
    broadcast_shape("matmul", a[:-2], b[:-2])
    return set_grad_fn_name("UnsafeViewBackward0", MatMul.apply(x, y))


def _matrix(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in (shape if len(shape) < 3 else shape[-2:]))


@takes_out("mm", SAME)
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.

    Shape: ``(N, K), (K, M) -> (N, M)``.
    """
    return matmul(_of_rank("mm", "self", input, 2), _of_rank("mm", "mat2", mat2, 2))


@takes_out("bmm", SAME)
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices.

    Shape: ``(B, N, K), (B, K, M) -> (B, N, M)``.
    """
    x, y = _of_rank("bmm", "batch1", input, 3), _of_rank("bmm", "batch2", mat2, 3)
    B, _, K = x._array.shape
    if y._array.shape[:2] != (B, K):
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{B}, {K}] but got: {list(y._array.shape[:2])}."
        )
    return set_grad_fn_name("BmmBackward0", matmul(x, y))


@takes_out("mv", SAME)
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """A matrix times a vector.

    Shape: ``(N, K), (K) -> (N)``.
    """
    x, y = _of_rank("mv", "input", input, 2), _of_rank("mv", "vec", vec, 1)
    return set_grad_fn_name("MvBackward0", matmul(x, y))


@takes_out("dot", SAME)
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors.

    Shape: ``(K), (K) -> ()``.
    """
    x, y = _of_rank("dot", "self", input, 1), _of_rank("dot", "tensor", tensor, 1)
    return set_grad_fn_name("DotBackward0", matmul(x, y))


@takes_out("vdot", SAME)
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The inner product of two vectors: `dot`, since there are no complex numbers to conjugate."""
    return set_grad_fn_name("VdotBackward0", dot(input, other))


@takes_out("linalg.vecdot", SAME)
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors that lie along `dim`; other dimensions broadcast.

    Raises:
        RuntimeError: for dtypes that differ or hold integers.
    """
    require_tensor("linalg.vecdot", "x", x)
    require_tensor("linalg.vecdot", "y", y)
    need_floats("linalg.vecdot", x)
    _same_dtype("linalg.vecdot", x, y)
    return (x * y).sum(dim)


@takes_out("outer")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every element of one vector times every one of another, promoted.

    Shape: ``(N), (M) -> (N, M)``.

    >>> import minitorch
    >>> minitorch.outer(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    x, y = _of_rank("outer", "self", input, 1), _of_rank("outer", "vec2", vec2, 1)
    return x.unsqueeze(1) * y  # (N, 1) * (M)


@takes_out("ger")
def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """Another name of `outer`."""
    return outer(input, vec2)


@takes_out("inner", SAME)
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The inner products of the last dimensions; a 0-d operand just multiplies.

    Shape: ``(*A, K), (*B, K) -> (*A, *B)``.
    """
    x, y = require_tensor("inner", "input", input), require_tensor("inner", "other", other)
    a, b = x._array.shape, y._array.shape
    if not a or not b:
        return x * y
    if a[-1] != b[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a)} and {list(b)}"
        )
    rows, columns = x.reshape(math.prod(a[:-1]), a[-1]), y.reshape(math.prod(b[:-1]), b[-1])
    return matmul(rows, columns.t()).reshape((*a[:-1], *b[:-1]))


@takes_out("kron")
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: `other`, times each element of `input` in turn.

    Shape: ``(A, B), (C, D) -> (A * C, B * D)``, and likewise for other ranks; the lower is
    padded with leading dimensions of size 1.
    """
    x, y = require_tensor("kron", "input", input), require_tensor("kron", "other", other)
    ndim = max(x._array.ndim, y._array.ndim)
    a = (1,) * (ndim - x._array.ndim) + x._array.shape
    b = (1,) * (ndim - y._array.ndim) + y._array.shape
    coarse = x.reshape(tuple(n for size in a for n in (size, 1)))  # (A, 1, B, 1)
    fine = y.reshape(tuple(n for size in b for n in (1, size)))  # (1, C, 1, D)
    return (coarse * fine).reshape(tuple(n * m for n, m in zip(a, b, strict=True)))


@takes_out("cross", SAME)
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross products of the vectors of three along `dim`; other dimensions broadcast.

    Without `dim` it is the first dimension of size 3, as in PyTorch, which warns of it.
    """
    x = require_tensor("cross", "input", input)
    if dim is None:
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated.\n"
            "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
            "The default value of dim will change to agree with that of linalg.cross in a future "
            "release.",
            UserWarning,
            stacklevel=caller_stacklevel(),
        )
        if 3 not in x._array.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = x._array.shape.index(3)
    return linalg_cross(x, other, dim=dim)


@takes_out("linalg.cross", SAME)
def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross products of the vectors of three along `dim`; other dimensions broadcast.

    >>> import minitorch
    >>> minitorch.linalg.cross(minitorch.tensor([1, 0, 0]), minitorch.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    x = require_tensor("linalg.cross", "input", input)
    y = require_tensor("linalg.cross", "other", other)
    a, b = x._array.shape, y._array.shape
    if len(a) != len(b):
        raise RuntimeError(
            "linalg.cross: inputs must have the same number of dimensions, got shapes "
            f"{list(a)} and {list(b)}"
        )
    if not a:
        raise IndexError(f"linalg.cross: dimension {dim} specified, but tensors have no dimensions")
    d = wrap_dim(dim, len(a))
    if a[d] != 3 or b[d] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got shapes {list(a)} and "
            f"{list(b)}"
        )
    shape = broadcast_shape("linalg.cross", a, b)
    _same_dtype("linalg.cross", x, y)
    not_bool("cross", x)
    x0, x1, x2 = unbind(x.expand(shape), d)
    y0, y1, y2 = unbind(y.expand(shape), d)
    product = stack([x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0], d)
    return set_grad_fn_name("LinalgCrossBackward0", product)


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    x = require_tensor("trace", "input", input)
    if x._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x._array.ndim}")
    not_bool("trace", x)
    return set_grad_fn_name("TraceBackward0", diagonal(x).sum())


@takes_out("linalg.multi_dot", SAME)
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    Shape: each ``(N, K)``; the first and the last may be vectors, a row and a column.

    Raises:
        RuntimeError: for fewer than two, or shapes or dtypes that do not fit.
    """
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    xs = [require_tensor("multi_dot", f"tensors[{i}]", x) for i, x in enumerate(tensors)]
    for i, x in enumerate(xs):
        ndim, ends = x._array.ndim, i in (0, count - 1)
        if ndim != 2 and not (ends and ndim == 1):
            place = "the first" if i == 0 else "the last" if ends else f"tensor {i}"
            raise RuntimeError(
                f"multi_dot(): {place} tensor must be {'1D or ' if ends else ''}2D but got {ndim}D"
            )
        _same_dtype("multi_dot", xs[0], x)
    row, column = xs[0]._array.ndim == 1, xs[-1]._array.ndim == 1
    if row:
        xs[0] = xs[0].unsqueeze(0)
    if column:
        xs[-1] = xs[-1].unsqueeze(1)
    shapes = [x._array.shape for x in xs]
    for i, (a, b) in enumerate(pairwise(shapes)):
        if a[1] != b[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(a)} and {list(b)} cannot "
                "be multiplied"
            )
    cuts = _cheapest_cuts([shapes[0][0], *(columns for _, columns in shapes)])

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return xs[i]
        return matmul(product(i, cuts[i, j]), product(cuts[i, j] + 1, j))

    y = product(0, count - 1)
    return y.reshape(y._array.shape[row : 2 - column]) if row or column else y


def _cheapest_cuts(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each run i..j of a chain of matrices, by dynamic programming.

    Matrix i is ``(sizes[i], sizes[i + 1])``. Cormen et al., Introduction to Algorithms, 14.2.
    """
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    cuts = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost[i, j], cuts[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return cuts


# ---- a product added to something -------------------------------------------------------------
@takes_out("addmm", SAME)
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; with beta 0, `input` counts for nothing, NaN too.

    Shape: `input` must expand to ``(N, M)``; mat1 ``(N, K)``, mat2 ``(K, M)``.
    """
    return _added("addmm", input, mm, mat1, mat2, beta, alpha)


@takes_out("addmv", SAME)
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``.

    Shape: `input` must expand to ``(N)``; mat ``(N, K)``, vec ``(K)``.
    """
    return _added("addmv", input, mv, mat, vec, beta, alpha)


@takes_out("addbmm", SAME)
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """``beta * input + alpha * (the sum of batch1[b] @ batch2[b])``.

    Shape: `input` must expand to ``(N, M)``; batch1 ``(B, N, K)``, batch2 ``(B, K, M)``.
    """
    x, y = _of_rank("addbmm", "batch1", batch1, 3), _of_rank("addbmm", "batch2", batch2, 3)
    (B, N, K), (C, L, M) = x._array.shape, y._array.shape
    if (B, K) != (C, L):
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches and inner sizes, got {[B, N, K]} "
            f"and {[C, L, M]}"
        )
    # Side by side, the batches' sums are one long sum.
    rows, columns = x.permute(1, 0, 2).reshape(N, B * K), y.reshape(B * K, M)
    return _added("addbmm", input, matmul, rows, columns, beta, alpha)


@takes_out("baddbmm", SAME)
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2)``.

    Shape: `input` must expand to ``(B, N, M)``; batch1 ``(B, N, K)``, batch2 ``(B, K, M)``.
    """
    return _added("baddbmm", input, bmm, batch1, batch2, beta, alpha)


@takes_out("addr")
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``, promoted.

    Shape: `input` must expand to ``(N, M)``; vec1 ``(N)``, vec2 ``(M)``.

    Raises:
        RuntimeError: also for a fractional beta or alpha where all three hold integers.
    """
    x = require_tensor("addr", "input", input)
    if is_half(x) and is_half(vec1) and is_half(vec2):
        return in_wider(addr, x, vec1, vec2, beta=beta, alpha=alpha)
    product = outer(vec1, vec2)
    whole = "f" not in (x._array.dtype.kind, product._array.dtype.kind)
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if whole and isinstance(factor, float):
            raise RuntimeError(
                f"For integral input tensors, argument {name} must not be a floating point number."
            )
    return set_grad_fn_name("AddrBackward0", _sum_of(x, product, beta, alpha))


def _added(
    who: str,
    input: Tensor,
    multiply: Callable[[Tensor, Tensor], Tensor],
    a: Tensor,
    b: Tensor,
    beta: float,
    alpha: float,
) -> Tensor:
    """`_sum_of` `input` and a product of its dtype, laid in memory and named as `who`."""
    if is_half(input) and is_half(a) and is_half(b) and input.dtype is a.dtype is b.dtype:
        return in_wider(lambda x, y, z: _added(who, x, multiply, y, z, beta, alpha), input, a, b)
    product = multiply(a, b)
    _same_dtype(who, require_tensor(who, "input", input), product)
    result = laid(_sum_of(input, product, beta, alpha))
    return set_grad_fn_name(f"{who.capitalize()}Backward0", result)


def _sum_of(x: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """``beta * x + alpha * product``, in the shape of `product`."""
    if x._array.shape != product._array.shape:
        x = x.expand(product._array.shape)
    if beta == 0:
        x = masked_fill(x, x._wrap(np.ones((), bool)), 0)
    return _scaled(x, beta) + _scaled(product, alpha)


def _scaled(x: Tensor, factor: float) -> Tensor:
    """`x` times a number, which loses its fraction for integers (as PyTorch's does)."""
    if factor == 1 or x._array.dtype.kind == "b":
        return x
    return x * (factor if x._array.dtype.kind == "f" else int(factor))


class Linear(Function):
    """y = x @ w.T + b: the affine map of the last dimension, with `w` as (out, in)."""

    torch_name = "AddmmBackward0"  # of a matrix, with a bias
    returns_fresh_gradients = True

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.save(x if self.needs(1) else None, w if self.needs(0) else None)
        y = matmul_kernel(_as_matrix(x), w.T)  # (rows, out)
        if b is not None:
            y += b
        if x.ndim != 2:
            self.torch_name = "UnsafeViewBackward0" if b is None else "ViewBackward0"
            return y.reshape(*x.shape[:-1], len(w))
        if b is None:
            self.torch_name = "MmBackward0"
        return y

    def backward(self, grad: Tensor) -> Any:
        x, w = self.saved
        rows = _as_matrix(grad)  # (rows, out)
        grad_x = grad_w = None
        if self.needs(0):
            grad_x = MatMul.apply(rows, w)
            if rows is not grad:
                grad_x = grad_x.reshape(*grad.shape[:-1], w.shape[1])
        if self.needs(1):
            grad_w = MatMul.apply(rows, _as_matrix(x), tx=True)
        return grad_x, grad_w, Sum.apply(rows, dims=(0,), keepdim=False) if self.needs(2) else None

    def backward_kernel(self, grad: Array) -> Any:
        x, w = self.saved
        rows = _as_matrix(grad)
        grad_x = grad_w = None
        if self.needs(0):
            grad_x = matmul_kernel(rows, w)
            if rows is not grad:
                grad_x = grad_x.reshape(*grad.shape[:-1], w.shape[1])
        if self.needs(1):
            grad_w = matmul_kernel(rows.T, _as_matrix(x))
        return grad_x, grad_w, add_up(rows, (0,), False) if self.needs(2) else None


@takes_out("linear", SAME)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``.

    Shape: input ``(..., in)``, weight ``(out, in)`` or ``(in)``, bias ``(out)`` or what else
    broadcasts to the output; output ``(..., out)`` or ``(...)``.

    Raises:
        RuntimeError: for shapes that do not fit or dtypes that differ.

    >>> import minitorch
    >>> linear(minitorch.ones(1, 2), minitorch.ones(3, 2), minitorch.zeros(3))
    tensor([[2., 2., 2.]])
    """
    x, w = require_tensor("linear", "input", input), require_tensor("linear", "weight", weight)
    x_array, w_array = x._array, w._array
    a, b = x_array.shape, w_array.shape
    if a and len(b) == 2 and a[-1] == b[1] and isinstance(bias, TensorBase):  # nearly always
        dtype, c = x_array.dtype, bias._array
        if dtype.kind == "f" and w_array.dtype is dtype is c.dtype and c.shape == b[:1]:
            return Linear.apply(x, w, bias)
    if len(b) not in (1, 2) or not a or a[-1] != b[-1]:
        raise RuntimeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied: weight {list(b)} expects inputs "
            f"whose last size is {b[-1] if b else '(weight is 0-d)'}, got input {list(a)}"
        )
    _same_dtype("linear", x, w)
    not_bool("linear", x)
    if bias is not None:
        _same_dtype("linear", x, require_tensor("linear", "bias", bias))
    if len(b) == 2 and (bias is None or bias._array.shape == b[:1]):
        return Linear.apply(x, w, bias)
    product = matmul(x, w) if len(b) == 1 else Linear.apply(x, w, None)
    if bias is None:
        return product
    if len(b) == 1 and bias._array.ndim:
        raise RuntimeError(
            f"linear: weight {list(b)} must be a matrix where there is a bias of shape "
            f"{list(bias._array.shape)}"
        )
    return product + bias.expand(product._array.shape)
