"""Tensors in place of blocks of arrays, for steps that are differentiated themselves."""

from __future__ import annotations

from typing import Any, Self

from minitorch._tensor import Tensor
from minitorch.ops.math.select import where


def _value(x: Any) -> Any:
    return x.tensor if isinstance(x, Recorded) else x


class Recorded:
    """A tensor with the methods of a `Block`, each of which is recorded; numbers may be tensors.

    What a method ends in ``_`` for changes which tensor this is, and no tensor's memory: what was
    saved of an earlier step stays as it was, so that several steps can be differentiated.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor: Any = tensor

    # ---- in place ---------------------------------------------------------------------------

    def copy_(self, x: Recorded) -> Self:
        self.tensor = x.tensor.clone()
        return self

    def copy_where_(self, mask: Any, x: Any) -> Self:
        self.tensor = where(mask, _value(x), self.tensor)
        return self

    def add_(self, x: Any, alpha: Any = 1) -> Self:
        self.tensor = self.tensor + alpha * _value(x)
        return self

    def mul_(self, x: Any) -> Self:
        self.tensor = self.tensor * _value(x)
        return self

    def mul_where_(self, mask: Any, x: float) -> Self:
        self.tensor = (self.tensor * x).where(mask, self.tensor)
        return self

    def div_(self, x: Any) -> Self:
        self.tensor = self.tensor / _value(x)
        return self

    def addcmul_(self, x: Recorded, y: Recorded, value: Any = 1) -> Self:
        self.tensor = self.tensor + x.tensor * value * y.tensor
        return self

    def addcdiv_(self, x: Recorded, y: Recorded, value: Any = 1) -> Self:
        self.tensor = self.tensor + x.tensor * value / y.tensor
        return self

    def lerp_(self, end: Recorded, weight: Any) -> Self:
        self.tensor = self.tensor + (end.tensor - self.tensor) * weight
        return self

    def sqrt_(self) -> Self:
        self.tensor = self.tensor.sqrt()
        return self

    def maximum_(self, x: Recorded) -> Self:
        self.tensor = self.tensor.maximum(x.tensor)
        return self

    def clamp_(self, low: float, high: float) -> Self:
        self.tensor = self.tensor.clamp(low, high)
        return self

    # ---- new tensors ------------------------------------------------------------------------

    def add(self, x: Any, alpha: Any = 1) -> Recorded:
        return Recorded(self.tensor).add_(x, alpha)

    def mul(self, x: Any) -> Recorded:
        return Recorded(self.tensor).mul_(x)

    def div(self, x: Any) -> Recorded:
        return Recorded(self.tensor).div_(x)

    def abs(self) -> Recorded:
        return Recorded(self.tensor.abs())

    def sign(self) -> Recorded:
        return Recorded(self.tensor.sign())

    def sqrt(self) -> Recorded:
        return Recorded(self.tensor.sqrt())

    def __rtruediv__(self, number: Any) -> Recorded:
        return Recorded(number / self.tensor)

    # ---- masks ------------------------------------------------------------------------------

    def isinf(self) -> Any:
        return self.tensor.isinf()

    def __gt__(self, number: float) -> Any:
        return self.tensor > number

    def __lt__(self, number: float) -> Any:
        return self.tensor < number
