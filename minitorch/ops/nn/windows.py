"""Arguments of convolution, pooling and resampling: checked, and one for each dimension."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
_INT = {int}


def spatial(who: str, name: str, value: Any, dims: int) -> Sizes:
    """An int, or one int a spatial dimension, as a tuple; another number is a RuntimeError."""
    if type(value) is int:
        return (value,) * dims
    if type(value) is tuple and len(value) == dims and set(map(type, value)) == _INT:
        return value
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = tuple(value) * dims
        if len(value) != dims:
            raise RuntimeError(f"{who}: {name} must be one int or {dims} ints, got {tuple(value)}")
    else:
        value = (value,) * dims
    try:
        return tuple(operator.index(v) for v in value)
    except TypeError:
        raise TypeError(
            f"{who}(): argument '{name}' must be an int or a tuple of ints, got {value}"
        ) from None


def check_rank(who: str, x: Tensor, dims: int) -> None:
    """Refuse all but (N, C, *spatial) and (C, *spatial) by a RuntimeError."""
    shape = x.shape
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{who}: expected a {dims + 1}D (C, *spatial) or {dims + 2}D (N, C, *spatial) input, "
            f"got {len(shape)}D of shape {list(shape)}"
        )


def check_not_empty(who: str, shape: Sizes, dims: int) -> None:
    """Refuse an input whose channels or spatial dimensions are empty; an empty batch is none."""
    if 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"{who}: expected channels and spatial dimensions of non-zero size (the batch may be "
            f"empty), got an input of shape {list(shape)}"
        )


def check_dtype(who: str, x: Tensor, kinds: str) -> None:
    """Refuse a dtype that PyTorch has not got here: of none of the `kinds`, NumPy's letters."""
    if x._numpy_dtype.kind not in kinds:
        raise NotImplementedError(
            f'"{who}" not implemented for {x.dtype}; convert the input with .float()'
        )
