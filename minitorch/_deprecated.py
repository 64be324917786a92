"""Functions that PyTorch has kept for old programs, each with its warning."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch._constructors import dtype_of_type
from minitorch._dtypes import dtype, float64, get_default_dtype, set_default_dtype
from minitorch._tensor import Tensor
from minitorch.factory import arange
from minitorch.ops.support.operands import caller_stacklevel
from minitorch.ops.support.out import MADE, takes_out

__all__ = ["range", "set_default_tensor_type"]


@takes_out("range", MADE)
def range(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype | None = None,
    requires_grad: bool = False,
    **options: Any,
) -> Tensor:
    """From `start` by `step` up to `end`, which is among them: deprecated in PyTorch for `arange`.

    Raises:
        RuntimeError: for a step of 0, or one that leads away from `end`.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     range(0, 3)
    tensor([0., 1., 2., 3.])
    """
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        stacklevel=caller_stacklevel(),
    )
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = int((end - start) / step + 1)
    made = start + step * arange(count, dtype=float64)
    return made.to(get_default_dtype() if dtype is None else dtype).requires_grad_(requires_grad)


def set_default_tensor_type(t: Any) -> None:
    """Let Python floats become ``FloatTensor`` or another of these: deprecated in PyTorch.

    Args:
        t: the class, or its name ``"torch.FloatTensor"``.

    Raises:
        TypeError: for one of integers, or of a GPU.
        ValueError: for a name of none.
    """
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives.",
        stacklevel=2,
    )
    if isinstance(t, str) and t.startswith("torch.cuda."):
        raise TypeError(f"type {t} not available. Torch not compiled with CUDA enabled.")
    set_default_dtype(dtype_of_type(t))
