"""Tensors in the safetensors format: `save_file` and `load_file`, as in ``safetensors.torch``.

Needs the package: ``pip install "minitorch-numpy[safetensors]"``. The format holds named tensors
and strings, and no code (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.serialization import replacing


def _package() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            'the safetensors format needs a package: pip install "minitorch-numpy[safetensors]"'
        ) from error
    return safetensors.numpy


def _arrays(tensors: dict[str, Tensor]) -> dict[str, Array]:
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise ValueError(
                f"safetensors: expected a dict of named tensors, got {name!r}: "
                f"{type(tensor).__name__}"
            )
    return {name: np.ascontiguousarray(t._array).reshape(t.shape) for name, t in tensors.items()}


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Named tensors as bytes in the safetensors format.

    Raises:
        ValueError: for anything but a dict of tensors by name.
    """
    return _package().save(_arrays(tensors), metadata)


def save_file(
    tensors: dict[str, Tensor], filename: Any, metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors into a file, in place of what is there, in one go.

    Raises:
        ValueError: for anything but a dict of tensors by name.
    """
    data = save(tensors, metadata)
    with replacing(filename) as file:
        file.write(data)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors by name.

    Raises:
        ValueError: for data that is damaged, or holds numbers that minitorch has not (bfloat16).
    """
    package = _package()
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size])
        kinds = {name: entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"safetensors: the data is damaged: {error}") from error
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise ValueError(
                f"safetensors: {name!r} holds {kind} numbers, which minitorch has not; save them "
                "as F32"
            )
    try:
        arrays = package.load(data)
    except Exception as error:  # the package's own error type
        raise ValueError(f"safetensors: the data is damaged: {error}") from error
    return {name: Tensor._wrap(np.array(array)) for name, array in arrays.items()}


KINDS = ("BOOL", "U8", "I8", "I16", "I32", "I64", "F16", "F32", "F64")


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors in a file, by name.

    Raises:
        ValueError: as `load`.
    """
    _dtypes.on_cpu(device)
    with open(os.fspath(filename), "rb") as file:
        return load(file.read())
