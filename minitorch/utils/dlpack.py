"""DLPack: tensors handed between libraries without a copy."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.factory import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule over `tensor`'s memory, which the other library's ``from_dlpack`` takes once."""
    return tensor.__dlpack__()
