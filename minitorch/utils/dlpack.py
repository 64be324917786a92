"""DLPack: tensors handed between libraries without a copy."""

from __future__ import annotations

from typing import Any

from minitorch import factory
from minitorch._missing import missing
from minitorch._tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


class _Capsule:
    """A bare capsule, in the protocol that NumPy takes."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of a capsule, or of anything that speaks DLPack."""
    bare = not hasattr(ext_tensor, "__dlpack__")
    return factory.from_dlpack(_Capsule(ext_tensor) if bare else ext_tensor)


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule over `tensor`'s memory, which the other library's ``from_dlpack`` takes once."""
    return tensor.__dlpack__()


__getattr__ = missing(__name__)
