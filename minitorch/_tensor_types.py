"""`FloatTensor`, `LongTensor` and the others: PyTorch's old names for "a tensor of this dtype"."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import _constructors, _dtypes
from minitorch._tensor import Tensor

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
]


class TensorType(type):
    """A dtype as a class: ``LongTensor([1, 2])`` makes one, ``isinstance(x, LongTensor)`` asks.

    >>> import minitorch
    >>> minitorch.LongTensor([1, 2]), isinstance(minitorch.zeros(2), minitorch.FloatTensor)
    (tensor([1, 2]), True)
    """

    dtype: _dtypes.dtype

    def __new__(cls, kind: _dtypes.dtype) -> TensorType:
        made = super().__new__(cls, _constructors.TYPE_NAMES[kind.name], (), {})
        made.dtype = kind
        return made

    def __init__(cls, kind: _dtypes.dtype) -> None:
        super().__init__(_constructors.TYPE_NAMES[kind.name], (), {})

    def __call__(cls, *data: Any) -> Tensor:
        made = _constructors.new(cls.__name__, cls.dtype, data)
        return Tensor._wrap(made) if isinstance(made, np.ndarray) else made.data

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


HalfTensor = TensorType(_dtypes.float16)
BFloat16Tensor = TensorType(_dtypes.bfloat16)
FloatTensor = TensorType(_dtypes.float32)
DoubleTensor = TensorType(_dtypes.float64)
CharTensor = TensorType(_dtypes.int8)
ShortTensor = TensorType(_dtypes.int16)
IntTensor = TensorType(_dtypes.int32)
LongTensor = TensorType(_dtypes.int64)
ByteTensor = TensorType(_dtypes.uint8)
BoolTensor = TensorType(_dtypes.bool_)
