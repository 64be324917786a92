"""Tensors in place of blocks of arrays, for steps that are differentiated themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch._tensor import Tensor
from minitorch.ops.math.select import where

Method = Callable[..., Any]


def _changing(compute: Callable[..., Any]) -> Method:
    """The method after which `self` is what `compute` makes of its tensor and the arguments'."""

    def method(self: Recorded, *args: Any, **options: Any) -> Recorded:
        values = [x.tensor if isinstance(x, Recorded) else x for x in args]
        self.tensor = compute(self.tensor, *values, **options)
        return self

    return method


def _anew(method: Method) -> Method:
    """The method that leaves `self` as it is, and gives what `method` would make of it."""
    return lambda self, *args, **options: method(Recorded(self.tensor), *args, **options)


class Recorded:
    """A tensor with the methods of a `Block`, each of which is recorded; numbers may be tensors.

    What a method ends in ``_`` for changes which tensor this is, and no tensor's memory: what was
    saved of an earlier step stays as it was, so that several steps can be differentiated.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor: Any = tensor

    copy_ = _changing(lambda self, x: x.clone())
    copy_where_ = _changing(lambda self, mask, x: where(mask, x, self))
    add_ = _changing(lambda self, x, alpha=1: self + alpha * x)
    mul_ = _changing(lambda self, x: self * x)
    mul_where_ = _changing(lambda self, mask, x: (self * x).where(mask, self))
    div_ = _changing(lambda self, x: self / x)
    addcmul_ = _changing(lambda self, x, y, value=1: self + x * value * y)
    addcdiv_ = _changing(lambda self, x, y, value=1: self + x * value / y)
    lerp_ = _changing(lambda self, end, weight: self + (end - self) * weight)
    sqrt_ = _changing(lambda self: self.sqrt())
    maximum_ = _changing(lambda self, x: self.maximum(x))
    clamp_ = _changing(lambda self, low, high: self.clamp(low, high))

    add, mul, div, sqrt = map(_anew, (add_, mul_, div_, sqrt_))
    abs = _anew(_changing(lambda self: self.abs()))
    sign = _anew(_changing(lambda self: self.sign()))
    __rtruediv__ = _anew(_changing(lambda self, number: number / self))

    def isinf(self) -> Any:
        return self.tensor.isinf()

    def __gt__(self, number: float) -> Any:
        return self.tensor > number

    def __lt__(self, number: float) -> Any:
        return self.tensor < number
