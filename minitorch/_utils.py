"""Names that libraries look for in PyTorch's drawer of odds and ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minitorch
from minitorch._dtypes import dtype
from minitorch._missing import missing
from minitorch._tensor import Tensor


def _get_available_device_type() -> None:
    """None: there is the CPU alone."""


def _get_device_module(device_type: str) -> Any:
    """Return the module of that name, such as `minitorch.cuda`.

    Raises:
        RuntimeError: if there is none.
    """
    found = getattr(minitorch, device_type, None)
    if found is None:
        raise RuntimeError(
            f"Device '{device_type}' does not have a corresponding module registered as "
            f"'torch.{device_type}'."
        )
    return found


def _element_size(dtype: dtype) -> int:
    """The bytes of an element."""
    return dtype.itemsize


def _flatten_dense_tensors(tensors: Iterable[Tensor]) -> Tensor:
    """Copy tensors into one of one dimension, one after the other."""
    return minitorch.cat([tensor.reshape(-1) for tensor in tensors])


def _unflatten_dense_tensors(flat: Tensor, tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Views of parts of `flat`, which have the shapes of `tensors` by turns."""
    tensors = tuple(tensors)
    parts = flat.split([tensor.numel() for tensor in tensors])
    pairs = zip(parts, tensors, strict=True)
    return tuple(part.view(tensor.shape) for part, tensor in pairs)


__getattr__ = missing(__name__)
