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
from minitorch._pickles import DamagedFileError
from minitorch._tensor import Tensor
from minitorch.kernels.bfloat16 import BITS
from minitorch.serialization import check_folder, replacing


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
    return {name: np.ascontiguousarray(t._stored).reshape(t.shape) for name, t in tensors.items()}


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Named tensors as bytes in the safetensors format.

    Raises:
        ValueError: for anything but a dict of tensors by name.
    """
    arrays = _arrays(tensors)
    brain = [name for name, array in arrays.items() if array.dtype == BITS]
    arrays |= {name: arrays[name].view(np.uint16) for name in brain}
    data: bytes = _package().save(arrays, metadata)
    return _renamed(data, dict.fromkeys(brain, "BF16")) if brain else data


def _renamed(data: bytes, kinds: dict[str, str]) -> bytes:
    """The data with other dtypes in its header, of tensors of bfloat16, which NumPy has not."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    for name, kind in kinds.items():
        header[name]["dtype"] = kind
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def save_file(
    tensors: dict[str, Tensor], filename: Any, metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors into a file, in place of what is there, in one go.

    Raises:
        ValueError: for anything but a dict of tensors by name.
    """
    check_folder(filename)
    data = save(tensors, metadata)
    with replacing(filename) as file:
        file.write(data)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors by name.

    Raises:
        DamagedFileError: for data that is damaged; it is a ValueError and a RuntimeError.
        ValueError: for numbers that minitorch has not (complex ones).
    """
    return _read(data, "bytes")


def _read(data: bytes, name: str) -> dict[str, Tensor]:
    package = _package()
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size])
        kinds = {name: entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(name, f"its header cannot be read ({error})") from error
    brain = [key for key, kind in kinds.items() if kind == "BF16"]
    for key, kind in kinds.items():
        if kind in FOREIGN_KINDS:
            raise ValueError(
                f"safetensors: {key!r} holds {kind} numbers, which minitorch has not; save them "
                "as F32"
            )
    try:
        arrays = package.load(_renamed(data, dict.fromkeys(brain, "U16")) if brain else data)
    except Exception as error:  # the package's own error type
        raise _damaged(name, str(error)) from error
    arrays |= {key: arrays[key].view(BITS) for key in brain}
    return {key: Tensor._wrap_stored(np.array(array)) for key, array in arrays.items()}


def _damaged(name: str, found: str) -> DamagedFileError:
    return DamagedFileError(f"load: the file is damaged: {name}: {found}")


FOREIGN_KINDS = (
    *("C64", "U16", "U32", "U64"),
    *("F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F8_E8M0"),
)


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors in a file, by name.

    Raises:
        ValueError: as `load`.
    """
    _dtypes.on_cpu(device)
    with open(os.fspath(filename), "rb") as file:
        return _read(file.read(), os.fspath(filename))
