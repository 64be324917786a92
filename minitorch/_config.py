"""Settings that PyTorch programs make at their top: remembered, answered, and harmless here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minitorch._dtypes import CPU, device, on_cpu


@dataclass
class _Settings:
    threads: int = 1
    deterministic: bool = False
    warn_only: bool = False
    matmul_precision: str = "highest"


_settings = _Settings()


def set_num_threads(num: int) -> None:
    """Remember a number of threads. (NumPy's BLAS reads OMP_NUM_THREADS before it starts.)

    Raises:
        RuntimeError: unless it is positive.
    """
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _settings.threads = num


def get_num_threads() -> int:
    """The number of threads last set; 1 before."""
    return _settings.threads


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remember the wish. All of minitorch is deterministic anyway.

    Raises:
        TypeError: unless `mode` is a bool.
    """
    if not isinstance(mode, bool):
        raise TypeError(
            f"use_deterministic_algorithms(): argument 'mode' must be bool, not "
            f"{type(mode).__name__}"
        )
    _settings.deterministic, _settings.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` asked for them."""
    return _settings.deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """Remember 'highest', 'high' or 'medium'. Products are always as exact as float32 allows."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "setFloat32MatmulPrecision call has no effect.",
            stacklevel=2,
        )
        return
    _settings.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` set."""
    return _settings.matmul_precision


def set_default_device(device: Any) -> None:
    """Accept the CPU, where every tensor is made.

    Raises:
        NoSuchDevice: for any other device.
    """
    on_cpu(device)


def get_default_device() -> device:
    """The CPU."""
    return CPU


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """`model` (a function or a module) as it is: minitorch does not compile. Also a decorator.

    >>> import minitorch
    >>> @minitorch.compile(mode="max-autotune")
    ... def double(x):
    ...     return 2 * x
    >>> double(minitorch.ones(1))
    tensor([2.])
    """
    if model is None:
        return lambda function: function
    return model
