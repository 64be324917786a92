"""Changing the element type, which is differentiable between floating-point types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.rounded import apply_rounded
from minitorch.kernels.bfloat16 import BFLOAT16, rounded

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class Cast(Function):
    """y = x, in another dtype; the gradient goes back in x's."""

    elementwise = keeps_dtype = True
    torch_name = "ToCopyBackward0"

    @classmethod
    def apply(cls, *inputs: Any, **params: Any) -> Any:
        if params["dtype"] == BFLOAT16 and isinstance(inputs[0], TensorBase):
            return apply_rounded(cls, inputs, params)
        return super().apply(*inputs, **params)

    def forward(self, x: Array, *, dtype: np.dtype[Any]) -> Array:
        self.dtype = x.dtype
        return cast(x, dtype)

    def backward(self, grad: Tensor) -> Any:
        return Cast.apply(grad, dtype=self.dtype)


def cast(x: Array, dtype: np.dtype[Any]) -> Array:
    """A copy of `x` in `dtype`, as C casts: floats truncate toward zero, integers wrap.

    A float beyond an integer type's range is undefined in C. As in PyTorch, and as processors do
    it: int32 and int64 get their least value, and the narrower types the lowest bits of int32's.
    """
    if dtype == BFLOAT16:
        return rounded(x)
    if x.dtype.kind == "f" and dtype.kind in "iu" and dtype.itemsize < 4:
        return x.astype(np.int32).astype(dtype)
    return x.astype(dtype)
