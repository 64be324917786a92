"""Resampling: the product of each spatial axis with a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import resample as kernels

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class Resample(Function):
    """y = x with each of its last axes multiplied by its table; the gradient, by its transpose.

    Interpolation, adaptive means and the padding that repeats elements are all of this kind.
    """

    channels_last_from = 4

    def forward(self, x: Array, *, tables: tuple[kernels.Table, ...], name: str) -> Array:
        self.tables, self.torch_name = tables, name
        return kernels.resample(x, tables)

    def backward(self, grad: Tensor) -> Any:
        transposed = tuple(table.transposed for table in self.tables)
        return Resample.apply(grad, tables=transposed, name=self.torch_name)
