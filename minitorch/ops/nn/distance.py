"""Functions of two inputs: bilinear maps, cosine similarity, and distances in a p-norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.ops.math.linalg import matmul
from minitorch.ops.support.operands import broadcast_shape, promote_pair, require_tensor, wrap_dim

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["bilinear", "cosine_similarity", "pairwise_distance", "pdist"]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``y[k] = input1 @ weight[k] @ input2 + bias[k]``, over the last dimensions.

    Shape: input1 ``(*, I)``, input2 ``(*, J)``, weight ``(K, I, J)``, bias ``(K)``; ``(*, K)``.

    Raises:
        RuntimeError: for shapes that do not fit.
    """
    named = (("input1", input1), ("input2", input2), ("weight", weight))
    x, y, w = (require_tensor("bilinear", name, value) for name, value in named)
    a, b, c = x._array.shape, y._array.shape, w._array.shape
    if len(a) != len(b):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)}")
    if a[:-1] != b[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(a)} and {list(b)}"
        )
    if len(c) != 3 or not a or a[-1] != c[1] or b[-1] != c[2]:
        raise RuntimeError(
            f"bilinear(): weight {list(c)} expects last sizes {list(c[1:])}, got inputs of "
            f"{list(a)} and {list(b)}"
        )
    if bias is not None and bias._array.shape != c[:1]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {list(bias._array.shape)} but "
            f"expected {list(c[:1])}"
        )
    if len({each.dtype for each in (x, y, w, *([] if bias is None else [bias]))}) > 1:
        raise RuntimeError(
            f"bilinear(): all tensors must have the same dtype, got input1: {x.dtype}, input2: "
            f"{y.dtype}, weight: {w.dtype}, bias: {None if bias is None else bias.dtype}"
        )
    K, left, right = c
    rows = matmul(x.reshape(-1, left), w.permute(1, 0, 2).reshape(left, K * right))
    z = matmul(rows.reshape(-1, K, right), y.reshape(-1, right, 1)).reshape(*a[:-1], K)
    return z if bias is None else z + bias


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between `x1` and `x2` along `dim`; norms below `eps` count as it.

    Shape: two that broadcast; `dim` is gone from the result.

    >>> import minitorch
    >>> x, y = minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[1.0, 1.0]])
    >>> cosine_similarity(x, y)
    tensor([0.7071])
    """
    who = "cosine_similarity"
    a, b = promote_pair(who, require_tensor(who, "x1", x1), require_tensor(who, "x2", x2))
    if a._array.dtype.kind != "f":
        raise RuntimeError(f"{who}: expected common dtype to be floating point, got {a.dtype}")
    if a._array.shape != b._array.shape:
        shape = broadcast_shape(who, a._array.shape, b._array.shape)
        a, b = a.expand(shape), b.expand(shape)
    axis = wrap_dim(dim, a._array.ndim)
    if not eps >= 0:
        raise RuntimeError(f"cosine_similarity: eps must be non-negative, got: {eps}")
    a = a / a.norm(2, axis, keepdim=True).clamp(min=eps)
    b = b / b.norm(2, axis, keepdim=True).clamp(min=eps)
    return (a * b).sum(axis)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension.

    Shape: two that broadcast; the last dimension is gone from the result (1, with `keepdim`).
    """
    who = "pairwise_distance"
    a, b = require_tensor(who, "x1", x1), require_tensor(who, "x2", x2)
    return (a - b + eps).norm(p, -1, keepdim=keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm of the difference of each pair of rows, in the order (0, 1), (0, 2), ... (1, 2).

    Shape: ``(N, M)`` to ``(N * (N - 1) / 2)``.

    Raises:
        RuntimeError: for another number of dimensions, or a negative `p`.

    >>> import minitorch
    >>> pdist(minitorch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    x = require_tensor("pdist", "input", input)
    shape = x._array.shape
    if len(shape) != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {len(shape)}D")
    if x._array.dtype.kind != "f":
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {x.dtype}")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    first, second = np.triu_indices(shape[0], 1)
    return (x[x._wrap(first)] - x[x._wrap(second)]).norm(p, 1)
