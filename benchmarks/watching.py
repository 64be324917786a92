"""Watching what minitorch asks of NumPy: it is imported with another NumPy than everybody else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.workloads import Torch


def minitorch_on(replaced: Callable[[str, Any], Any]) -> Torch:
    """Import minitorch, for the first time in this process, with `replaced(name, value)` for np.X.

    NumPy itself stays as it is, so that whatever else uses it is not watched. Operators between
    arrays name no function, and cannot be replaced.
    """
    assert "minitorch" not in sys.modules, "minitorch has been imported already"
    stand_in = ModuleType("numpy")
    for name, value in vars(np).items():
        setattr(stand_in, name, replaced(name, value))
    sys.modules["numpy"] = stand_in
    try:
        import minitorch
    finally:
        sys.modules["numpy"] = np
    for name, value in vars(stand_in).items():  # NumPy's own modules that were loaded meanwhile
        vars(np).setdefault(name, value)
    return minitorch
