"""`Variable`: PyTorch's name, before 0.4, for a tensor that can be differentiated."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.base import TensorBase


class _VariableMeta(type):
    def __call__(cls, data: Any, requires_grad: bool = False) -> Any:
        return data.data.requires_grad_(requires_grad)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor)`` is a tensor over the same memory, and every tensor is a Variable."""
