"""PyTorch's oldest constructors: ``Tensor(2, 3)``, ``FloatTensor([1, 2])``, ``LongTensor(3)``..."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Size, dtype
from minitorch.autograd.base import TensorBase
from minitorch.ops.support.operands import positive_shape

TYPE_NAMES = {
    "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor",
    "float32": "FloatTensor",
    "float64": "DoubleTensor",
    "int8": "CharTensor",
    "int16": "ShortTensor",
    "int32": "IntTensor",
    "int64": "LongTensor",
    "uint8": "ByteTensor",
    "bool": "BoolTensor",
}


def new(who: str, kind: dtype, data: tuple[Any, ...]) -> Any:
    """Find what ``Tensor(*data)`` wraps: a new array, or the tensor given, whose memory it shares.

    Ints are a size; one sequence is data.

    Raises:
        TypeError: for other data than numbers, or a tensor of another dtype.
        RuntimeError: for a negative size.
    """
    if len(data) == 1 and not isinstance(data[0], (int, np.integer)):
        (source,) = data
        if isinstance(source, TensorBase):
            if source._array.dtype != kind.numpy and who != "Tensor":
                raise TypeError(f"{who}: expected a tensor of {kind}, got {source._array.dtype}")
            return source
        if isinstance(source, str):
            raise TypeError("new(): invalid data type 'str'")
        if not hasattr(source, "__len__"):
            raise TypeError(f"new(): data must be a sequence (got {type(source).__name__})")
        if not isinstance(source, Size):
            return np.array(source, kind.numpy)
    return np.zeros(positive_shape(who, data) if data else (0,), kind.numpy)


def dtype_of_type(kind: Any) -> Any:
    """The dtype that a tensor type (``LongTensor``) or its name stands for; a dtype is itself.

    `Tensor` stands for the default dtype.

    Raises:
        ValueError: for a name of none, or a class of Python's.
        TypeError: for anything else.
    """
    if isinstance(getattr(kind, "dtype", None), dtype):
        return kind.dtype
    if isinstance(kind, type) and issubclass(kind, TensorBase):
        return _dtypes.get_default_dtype()
    if isinstance(kind, dtype):
        return kind
    if isinstance(kind, type):
        raise ValueError(f"invalid type: {kind.__name__!r}")
    if not isinstance(kind, str):
        raise TypeError("dtype must be a type, str, or dtype object")
    if kind == "torch.Tensor":
        return _dtypes.get_default_dtype()
    for name, title in TYPE_NAMES.items():
        if kind == f"torch.{title}":
            return _dtypes.dtype_named(name)
    raise ValueError(f"invalid type: {kind!r}")
