"""Names that libraries look for beside the kernels of layers."""

from __future__ import annotations

from typing import Any

from minitorch._dtypes import device
from minitorch._missing import missing
from minitorch._tensor_methods import _to_arguments
from minitorch._utils import _flatten_dense_tensors, _unflatten_dense_tensors


def _parse_to(*args: Any, memory_format: Any = None, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """Return device, dtype, `non_blocking` and memory format of a call of ``module.to``.

    Raises:
        TypeError: for arguments that fit none of its forms.
    """
    other = kwargs.get("tensor", args[0] if args else None)
    wanted, place, _, non_blocking = _to_arguments(*args, **kwargs)
    place = getattr(other, "device", place)  # that of a tensor
    return None if place is None else device(place), wanted, non_blocking, memory_format


flatten_dense_tensors, unflatten_dense_tensors = _flatten_dense_tensors, _unflatten_dense_tensors

__getattr__ = missing(__name__)
