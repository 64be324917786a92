"""`Variable`: PyTorch's name, before 0.4, for a tensor that can be differentiated."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import mode


class _ExecutionEngine:
    """The part of PyTorch's engine that programs reach for."""

    def queue_callback(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the backward that is running is done, with all gradients in place.

        Raises:
            RuntimeError: if no backward is running in this thread.
        """
        if mode.callbacks is None:
            raise RuntimeError("Final callbacks can only be installed during backward pass.")
        mode.callbacks.append(callback)


class _VariableMeta(type):
    def __call__(
        cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None
    ) -> Any:
        if volatile is not None:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                stacklevel=2,
            )
        return data.data.requires_grad_(requires_grad)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor)`` is a tensor over the same memory, and every tensor is a Variable."""

    _execution_engine = _ExecutionEngine()
