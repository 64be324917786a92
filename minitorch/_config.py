"""Settings that PyTorch programs make at their top: followed or remembered, and answered."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minitorch._dtypes import CPU, device, on_cpu
from minitorch._not_covered import given_callable
from minitorch.kernels.choice import unused
from minitorch.kernels.threads import blas_threads, set_blas_threads

__all__ = [
    "are_deterministic_algorithms_enabled",
    "compile",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "has_lapack",
    "has_mkl",
    "has_openmp",
    "has_spectral",
    "init_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_default_device",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_num_threads",
    "set_warn_always",
    "show_config",
    "use_deterministic_algorithms",
]


@dataclass
class _Settings:
    threads: int = 1
    deterministic: bool = False
    warn_only: bool = False
    matmul_precision: str = "highest"
    interop_threads: int = 1
    warn_always: bool = False


_settings = _Settings()
has_lapack = True  # NumPy's
has_mkl = has_openmp = has_spectral = False


def set_num_threads(num: int) -> None:
    """Let matrix products, and the kernels that share out their work, run on `num` threads.

    This reaches NumPy's own OpenBLAS. Another BLAS has to be told before Python starts
    (``MKL_NUM_THREADS``, ``VECLIB_MAXIMUM_THREADS``); the number is then only remembered.

    Raises:
        RuntimeError: unless it is positive.
    """
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _settings.threads = num
    set_blas_threads(num)


def get_num_threads() -> int:
    """On how many threads matrix products run; where BLAS does not say, the number last set."""
    return blas_threads() or _settings.threads


def show_config() -> None:
    """Print versions, threads, and whether the compiled kernels are in use, or why they are not."""
    print(config_text())


def config_text() -> str:
    """Return what `show_config` prints."""
    import platform

    import numpy as np

    from minitorch import __version__  # which is above this module

    why = unused()
    if why is None:
        import numba

        why = f"compiled, by Numba {numba.__version__} (MINITORCH_KERNELS=numpy turns them off)"
    else:
        why = f"NumPy's; {why}"
    python = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"minitorch {__version__}, {python}\nthreads: {get_num_threads()}\nkernels: {why}"


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


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` asked for warnings alone."""
    return _settings.warn_only


_MODES = ("default", "warn", "error")


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Remember the wish, as `use_deterministic_algorithms` does: 'default', 'warn' or 'error'.

    Raises:
        RuntimeError: for another word, or a number beyond 0 to 2.
        TypeError: for what is neither.
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    names: Any = _MODES if isinstance(debug_mode, str) else range(3)
    if debug_mode not in names:
        wanted = "one of `default`, `warn`, `error`," if names is _MODES else "0, 1, or 2,"
        raise RuntimeError(f"invalid value of debug_mode, expected {wanted} but got {debug_mode}")
    number = names.index(debug_mode)
    _settings.deterministic, _settings.warn_only = number > 0, number == 1


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as `set_deterministic_debug_mode` chose 'default', 'warn' or 'error'."""
    return _settings.deterministic * (2 - _settings.warn_only)


def set_num_interop_threads(num: int) -> None:
    """Remember the number. Operations run one after the other.

    Raises:
        RuntimeError: unless it is positive.
    """
    if num < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _settings.interop_threads = num


def get_num_interop_threads() -> int:
    """Return the setting made by `set_num_interop_threads`."""
    return _settings.interop_threads


def init_num_threads() -> None:
    """Do nothing: the threads are there."""


def set_warn_always(b: bool) -> None:
    """Remember the wish. Which warnings are shown is for Python's `warnings` to say.

    Raises:
        RuntimeError: unless it is a bool.
    """
    if not isinstance(b, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _settings.warn_always = b


def is_warn_always_enabled() -> bool:
    """Return the setting made by `set_warn_always`."""
    return _settings.warn_always


def set_flush_denormal(mode: bool) -> bool:
    """Say False: it cannot be done from here, and the smallest numbers are kept as they are."""
    return False


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
    """Return the setting made by `set_float32_matmul_precision`."""
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
    return given_callable("torch.compile", model, AssertionError)
