"""The bilinear map of two inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.ops.math.linalg import matmul
from minitorch.ops.support.operands import require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["bilinear"]


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
    K, left, right = c
    rows = matmul(x.reshape(-1, left), w.permute(1, 0, 2).reshape(left, K * right))
    z = matmul(rows.reshape(-1, K, right), y.reshape(-1, right, 1)).reshape(*a[:-1], K)
    return z if bias is None else z + bias
