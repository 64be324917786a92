"""Types of arguments, for annotations: `Number`, `Device`, and Python's under names with a _."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

from minitorch._dtypes import device as _device, dtype as _dtype, layout as _layout
from minitorch._missing import missing
from minitorch._storage import UntypedStorage as Storage
from minitorch._tensor import Tensor as Tensor

_int: TypeAlias = builtins.int
_float: TypeAlias = builtins.float
_bool: TypeAlias = builtins.bool
_complex: TypeAlias = builtins.complex
_symint = SymInt = builtins.int
_size: TypeAlias = Sequence[builtins.int]
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_TensorOrTensorsOrGradEdge: TypeAlias = _TensorOrTensors
_dispatchkey: TypeAlias = str
Number: TypeAlias = int | float | bool
IntLikeType = BoolLikeType = FloatLikeType = PySymType = Number
Device: TypeAlias = _device | str | int | None
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
_qscheme: TypeAlias = Any

__all__ = ["Device", "FileLike", "Number", "Storage", "Tensor", "_device", "_dtype", "_layout"]

__getattr__ = missing(__name__)
