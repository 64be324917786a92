"""State and checks of options that the optimizers share."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._tensor import Tensor

State = dict[str, Any]
Group = dict[str, Any]


def scalar(value: float, group: Group) -> Tensor:
    """A number as state: a 0-d float32 tensor, or float64 where that is the default dtype."""
    double = _dtypes.get_default_dtype() is _dtypes.float64 and not group.get("fused")
    return Tensor._wrap(np.array(value, np.float64 if double else np.float32))


def zeros_like(parameter: Tensor) -> Tensor:
    """Zeros of the parameter's shape, dtype and memory order, as state."""
    return Tensor._wrap(np.zeros_like(parameter._array))


def number(value: Any) -> Any:
    """Return an option that may be a tensor of one element, or NumPy's, as a number of Python's."""
    return value.item() if isinstance(value, (Tensor, np.generic)) else value


def check_range(name: str, value: Any, low: float = 0.0) -> None:
    """Refuse an option below `low`.

    Raises:
        ValueError: naming the option and its value.
    """
    if not low <= number(value):
        raise ValueError(f"Invalid {name}: {value}")


def check_lr(lr: Any) -> None:
    """Refuse a learning rate below zero, or a tensor of several.

    Raises:
        ValueError: naming it.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check_range("learning rate", lr)


def check_betas(betas: Any) -> None:
    """Refuse decay rates outside ``[0, 1)``.

    Raises:
        ValueError: naming which.
    """
    for index in (0, 1):
        if not 0.0 <= number(betas[index]) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")


def check_implementation(differentiable: bool, foreach: bool | None, fused: bool | None) -> None:
    """Refuse what PyTorch refuses of these options.

    There is one implementation, whichever of PyTorch's `foreach` and `fused` asks for.

    Raises:
        RuntimeError: for `fused` together with `foreach` or `differentiable`.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
