"""`finfo` and `iinfo`: the limits of the element types. And which type two of them give."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import dtype, meant
from minitorch.kernels.bfloat16 import LARGEST

__all__ = ["finfo", "iinfo", "result_type"]


UNKNOWN_TO_NUMPY = {
    "bfloat16": (2.0**-7, LARGEST, 2.0**-126, 0.01),
    "float8_e4m3fn": (2.0**-3, 448.0, 2.0**-6, 1.0),
    "float8_e4m3fnuz": (2.0**-3, 240.0, 2.0**-7, 1.0),
    "float8_e5m2": (2.0**-2, 57344.0, 2.0**-14, 1.0),
    "float8_e5m2fnuz": (2.0**-3, 57344.0, 2.0**-15, 1.0),
    "float8_e8m0fnu": (1.0, 2.0**127, 2.0**-127, 1.0),
}
"""The distance of 1 to the next number, the largest, the smallest normal one, the resolution."""


class finfo:
    """The limits of a floating-point dtype (the default one, if none is given).

    >>> import minitorch
    >>> finfo(minitorch.float16).max
    65504.0
    """

    def __init__(self, type: dtype | None = None) -> None:
        kind = _dtypes.get_default_dtype() if type is None else _dtypes.meant(type)
        if not kind.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                f"{kind}"
            )
        self.dtype, self.bits = kind.name, 8 * kind.itemsize
        if kind.name in UNKNOWN_TO_NUMPY:
            self.eps, self.max, self.tiny, self.resolution = UNKNOWN_TO_NUMPY[kind.name]
            self.min = self.tiny if kind.name == "float8_e8m0fnu" else -self.max  # without a sign
            self.smallest_normal = self.tiny
            return
        limits = np.finfo(kind.numpy)
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = float(str(limits.resolution))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype.

    >>> import minitorch
    >>> iinfo(minitorch.uint8).max
    255
    """

    def __init__(self, type: dtype) -> None:
        type = meant(type)
        # Of the larger unsigned integers there are no tensors, but NumPy knows them.
        kind = np.dtype(type.name) if type.name.startswith("uint") else type.numpy
        if kind.kind not in "iu":
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle {type}"
            )
        limits = np.iinfo(kind)
        self.dtype, self.bits = type.name, limits.bits
        self.max, self.min = int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype that an operation of the two (tensors or numbers) gives."""
    operands = [getattr(operand, "_any_layout", operand) for operand in (tensor1, tensor2)]
    return _dtypes.from_numpy_dtype(_dtypes.result_dtype(operands))
