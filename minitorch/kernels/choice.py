"""Choice between a kernel in NumPy and the compiled one of the same name, where there is one.

A kernel marked `or_compiled` is written in NumPy, right where the mark stands. In `compiled`, in
the module of the same name, is a function of that name and those arguments, which Numba turns into
machine code: where Numba is installed it goes first, and answers NotImplemented to what it leaves
to NumPy (dtypes, orders of memory, sizes). Nothing of it is loaded before the first kernel runs.
Numba comes with ``pip install "minitorch-numpy[fast]"``.
"""

from __future__ import annotations

import functools
import importlib
import os
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

SETTING = (
    "MINITORCH_KERNELS"  # the environment's: "numpy", "compiled", or nothing for what there is
)
INSTALL = 'pip install "minitorch-numpy[fast]"'

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def unused() -> str | None:
    """Why compiled kernels are not in use; None if they are.

    Raises:
        ImportError: if the environment asks for them, and there is no Numba.
        ValueError: if it asks for something else.
    """
    wish = os.environ.get(SETTING, "")
    if wish not in ("", "numpy", "compiled"):
        raise ValueError(f"{SETTING} must be 'numpy' or 'compiled', but it is {wish!r}")
    if wish == "numpy":
        return f"turned off by {SETTING}=numpy"
    try:
        numba = importlib.import_module("numba")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        if wish == "compiled":
            raise ImportError(f"{SETTING}=compiled needs Numba: {INSTALL}") from error
        return f"Numba is not installed: {INSTALL}"
    except ImportError as error:  # a NumPy or Python that this Numba does not know
        if wish == "compiled":
            raise
        warnings.warn(f"minitorch runs without compiled kernels: {error}", stacklevel=2)
        return f"Numba cannot be loaded: {error}"
    return "Numba compiles nothing, by NUMBA_DISABLE_JIT" if numba.config.DISABLE_JIT else None


def compiled_version(kernel: Callable[..., Any]) -> Callable[..., Any] | None:
    """Look up the compiled kernel of the same name; None if there is none, or none is in use."""
    if unused() is not None:
        return None
    place = kernel.__module__.replace(".kernels.", ".kernels.compiled.")
    found = getattr(importlib.import_module(place), kernel.__name__, None)
    assert found is not None, f"{place} lacks {kernel.__name__}"
    return found


@functools.cache
def ruled_out() -> bool:
    """Whether it is certain, without loading Numba, that no compiled kernel will be in use."""
    wish = os.environ.get(SETTING, "")
    return wish == "numpy" or (not wish and find_spec("numba") is None)


MARKED: list[Callable[..., Any]] = []  # every kernel that `or_compiled` was written above


def or_compiled(kernel: F) -> F:
    """Let the compiled kernel of the same name go first.

    The NumPy one alone is the attribute `in_numpy` of what this returns, which is itself where
    there cannot be another: then a call costs no more than without the mark.
    """
    if ruled_out():
        kernel.in_numpy = kernel  # type: ignore[attr-defined]
        MARKED.append(kernel)
        return kernel
    first: Callable[..., Any] | None = None  # not asked for yet

    @functools.wraps(kernel)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        nonlocal first
        if first is None:
            first = compiled_version(kernel) or kernel
        found = first(*args, **kwargs)
        return kernel(*args, **kwargs) if found is NotImplemented else found

    chosen.in_numpy = kernel  # type: ignore[attr-defined]
    MARKED.append(chosen)
    return chosen  # type: ignore[return-value]
