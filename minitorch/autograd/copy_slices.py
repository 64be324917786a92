"""Changing a view in place: the tensor that owns the memory gets a `CopySlices` node.

What was overwritten no longer gets a gradient, and what was written does. Other views of that
memory find their new history when they are next used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.views import View, ViewStep

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class CopySlices(Function):
    """base, after `value` was written over the part of it that some view steps show."""

    torch_name = "CopySlices"

    def forward(self, base: Array, value: Array, *, steps: list[ViewStep]) -> Array:
        self.steps = steps
        self.dims = tuple(sorted(range(base.ndim), key=lambda dim: -base.strides[dim]))
        changed = base.copy(order="K")
        part = changed
        for step in steps:
            part = step.replay(part)
        part[...] = value
        return changed

    def backward(self, grad: Tensor) -> Any:
        # The steps were views of the base; where memory is in another order they might be copies.
        back = tuple(np.argsort(self.dims).tolist())
        grad = grad.permute(self.dims).contiguous().permute(back)
        overwritten = np.zeros([grad._array.shape[dim] for dim in self.dims], bool).transpose(back)
        part, shown = overwritten, grad
        for step in self.steps:
            part, shown = step.replay(part), step.replay(shown)
        part[...] = True
        return grad.masked_fill(grad._wrap(overwritten), 0.0), shown.contiguous()


def rebase_history(target: TensorBase, view: View, result: TensorBase) -> None:
    """Record on the view's base that the part shown by the view is now `result`."""
    base: Any = view.base
    changed = CopySlices.apply(base, result, steps=view.steps())
    base._set_history(changed)
    target._refresh()
