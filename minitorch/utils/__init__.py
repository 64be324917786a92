"""Utilities around training."""

from minitorch._missing import missing
from minitorch.utils import data, dlpack

__all__ = ["data", "dlpack"]

_later = ["_pytree", "checkpoint", "hooks"]
__getattr__ = missing(__name__, {name: f"{__name__}.{name}" for name in _later})
