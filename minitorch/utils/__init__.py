"""Utilities around training."""

from __future__ import annotations

from typing import Any

from minitorch._missing import missing
from minitorch.utils import data, dlpack

__all__ = ["data", "dlpack", "set_module"]


def set_module(obj: Any, mod: str) -> None:
    """Let `obj`, a class or function, say that it is of the module `mod`.

    Raises:
        TypeError: unless that is a name.
    """
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod


_later = ["_pytree", "checkpoint", "hooks", "tensorboard"]
__getattr__ = missing(__name__, {name: f"{__name__}.{name}" for name in _later})
