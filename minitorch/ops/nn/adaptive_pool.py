"""Adaptive pooling: the largest element, or the mean, of as many cells as are asked for.

Cell i of o along an axis of s elements goes from ``floor(i s / o)`` to ``ceil((i + 1) s / o)``.
Where o divides s this is ordinary pooling.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.kernels import pool as kernels
from minitorch.kernels.resample import adaptive_means
from minitorch.ops.nn.pool import AvgPool, AvgPool3d, MaxPool, max_indices
from minitorch.ops.nn.resample import Resample
from minitorch.ops.nn.windows import Sizes, check_dtype, check_not_empty, check_rank, spatial
from minitorch.ops.support.operands import in_1d_2d_3d, laid, laid_as_images, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]


def _cells(who: str, x: Tensor, output_size: Any, dims: int) -> Sizes:
    """The output's spatial size, checked; None in it stands for the input's (but in 1d)."""
    shape = x.shape
    if isinstance(output_size, (tuple, list)):
        if len(output_size) != dims:
            raise RuntimeError(
                f"{who}: output_size must be one int or {dims} ints, got {tuple(output_size)}"
            )
        if dims > 1 and len(shape) <= dims:
            raise ValueError(
                f"{who}: Input dimension should be at least {dims + 1}, got {len(shape)}D of shape "
                f"{list(shape)}"
            )
        if dims > 1:
            output_size = [
                size if wanted is None else wanted
                for wanted, size in zip(output_size, shape[-dims:], strict=True)
            ]
    cells = spatial(who, "output_size", output_size, dims)
    check_rank(who, x, dims)
    if any(n < 0 for n in cells):
        raise RuntimeError(
            f"{who}: elements of output_size must be greater than or equal to 0 but received "
            f"{cells}"
        )
    return cells


def _even_cells(x: Tensor, cells: Sizes) -> dict[str, Any] | None:
    """The geometry of the ordinary pooling that comes to the same, if there is one."""
    sizes = x.shape[-len(cells) :]
    if any(o == 0 or s % o for s, o in zip(sizes, cells, strict=True)):
        return None
    window = tuple(s // o for s, o in zip(sizes, cells, strict=True))
    return {"kernel": window, "stride": window, "padding": (0,) * len(cells), "ceil_mode": False}


# ---- the mean ---------------------------------------------------------------------------------


def _adaptive_avg_pool(dims: int, input: Tensor, output_size: Any) -> Tensor:
    """The means of as many cells as are asked for, as even as can be.

    Args:
        input: the images.
        output_size: an int, or (H', W'), in which None keeps the input's size.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with `output_size` for H and W.

    Raises:
        RuntimeError: for another rank, empty images, or a negative size.
        NotImplementedError: for integer and bool tensors.
    """
    who = f"adaptive_avg_pool{dims}d"
    x = require_tensor(who, "input", input)
    cells, shape = _cells(who, x, output_size, dims), x.shape
    if cells == (1,) * dims and 0 not in shape[-dims:]:
        return x.mean(tuple(range(-dims, 0)), keepdim=True)
    if 0 in shape[-dims:] or (dims == 3 and len(shape) == 5 and not shape[1]):
        check_not_empty(who, shape, dims)
    check_dtype(who, x, "f")
    even = _even_cells(x, cells)
    if even is None:
        tables = tuple(map(adaptive_means, shape[-dims:], cells))
        y = Resample.apply(x, tables=tables, name=f"AdaptiveAvgPool{max(dims, 2)}DBackward0")
        return laid(y) if dims == 3 else laid_as_images(y, x, dims + 2)
    even.update(count_include_pad=True, divisor_override=None)
    if len(shape) == dims + 1:
        return AvgPool.apply(x.unsqueeze(0), **even).squeeze(0)
    return (AvgPool3d if dims == 3 else AvgPool).apply(x, **even)


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = in_1d_2d_3d(
    _adaptive_avg_pool,
    """The means of `output_size` cells of the sequences; see `adaptive_avg_pool2d`.

    Shape: ``(N, C, L)`` or ``(C, L)``, to the same with `output_size` for L.

    >>> import minitorch
    >>> adaptive_avg_pool1d(minitorch.arange(5.0).reshape(1, 5), 2)
    tensor([[1., 3.]])
    """,
    """The means of as many cells of the volumes as are asked for; see `adaptive_avg_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with `output_size` at the end.
    """,
)


# ---- the largest element ----------------------------------------------------------------------


def _adaptive_max_pool(
    dims: int, input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """The largest elements of as many cells as are asked for, as even as can be.

    Args:
        input: the images.
        output_size: an int, or (H', W'), in which None keeps the input's size.
        return_indices: give also each winner's flat position in its plane.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with `output_size` for H and W.

    Raises:
        RuntimeError: for another rank, empty images, or a negative size.
        NotImplementedError: for integer and bool tensors.
    """
    who = f"adaptive_max_pool{dims}d"
    x = require_tensor(who, "input", input)
    cells, shape = _cells(who, x, output_size, dims), x.shape
    if 0 in shape[-dims:] or (len(shape) == dims + 2 and not shape[1]):
        check_not_empty(who, shape, dims)
    check_dtype(who, x, "f")
    batched = x if len(shape) == dims + 2 else x.unsqueeze(0)
    even = _even_cells(x, cells)
    if even is not None:
        even["dilation"] = (1,) * dims
        y = MaxPool.apply(batched, **even)
        index = max_indices(batched, y, even) if return_indices else None
    else:
        index = x._wrap(kernels.adaptive_max_indices(batched._array, cells))
        lead = batched._array.shape[:2]
        plane = batched.reshape((*lead, math.prod(shape[-dims:])))
        y = plane.gather(-1, index.reshape((*lead, math.prod(cells)))).reshape((*lead, *cells))
    for result in (y, index):
        if result is not None:
            _ = laid(result) if dims == 3 else laid_as_images(result, x, dims + 2)
    if batched is not x:
        y, index = y.squeeze(0), None if index is None else index.squeeze(0)
    return (y, index) if return_indices else y


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = in_1d_2d_3d(
    _adaptive_max_pool,
    """The largest elements of `output_size` cells of the sequences; see `adaptive_max_pool2d`.

    Shape: ``(N, C, L)`` or ``(C, L)``, to the same with `output_size` for L.
    """,
    """The largest elements of cells of the volumes; see `adaptive_max_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with `output_size` at the end.
    """,
)
