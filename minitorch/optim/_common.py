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


def options(names: str, given: Group) -> Group:
    """The options of these names, out of a constructor's ``locals()``."""
    return {name: given[name] for name in names.split()}


CALLED = {"lr": "learning rate", "eps": "epsilon value"}  # in errors; others are 'NAME value'


def check(**options: Any) -> None:
    """Refuse options below zero, an lr of several elements, and betas outside ``[0, 1)``."""
    for name, value in options.items():
        if name == "lr" and isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if name == "betas":
            for index in (0, 1):
                if not 0.0 <= number(value[index]) < 1.0:
                    raise ValueError(f"Invalid beta parameter at index {index}: {value[index]}")
        elif not number(value) >= 0.0:
            raise ValueError(f"Invalid {CALLED.get(name, f'{name} value')}: {value}")


def check_implementation(differentiable: bool, foreach: bool | None, fused: bool | None) -> None:
    """Refuse `fused` together with `foreach` or `differentiable`, as PyTorch does (RuntimeError).

    There is one implementation, whichever of them asks for.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
