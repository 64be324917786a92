"""Fractional max pooling (Graham, 2014): windows at drawn places, for any size of the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.ops.nn.windows import Sizes, check_not_empty, spatial
from minitorch.ops.support.operands import require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

NAMES = {2: ("height", "width"), 3: ("time", "height", "width")}


def _starts(samples: Array, size: int, out: int, pool: int) -> Array:
    """First places of `out` windows along a dimension, for each of the samples in [0, 1).

    They are almost evenly apart, as the sequence of Graham's paper; the last window ends at the
    end. The arithmetic is that of the samples' dtype.
    """
    scalar, steps = samples.dtype.type, np.arange(out, dtype=samples.dtype)
    alpha = scalar(size - pool) / scalar(max(out - 1, 1))
    first = samples[..., None]
    found = ((steps + first) * alpha).astype(np.int64) - (first * alpha).astype(np.int64)
    found[..., -1] = size - pool
    return found


def _places(x: Array, samples: Array, kernel: Sizes, out: Sizes) -> Array:
    """Where in its plane the largest element of each window is: (N, C, *out)."""
    N, C, *sizes = x.shape
    dims = len(kernel)
    flat: Any = np.zeros((N, C, *[1] * (2 * dims)), np.int64)
    for d in range(dims):
        # PyTorch's 2-d samples are for the width first.
        drawn = samples[..., dims - 1 - d if dims == 2 else d]
        starts = _starts(drawn, sizes[d], out[d], kernel[d])
        along = starts[..., None] + np.arange(kernel[d])  # (N, C, out, kernel)
        shape = [1] * (2 * dims)
        shape[d], shape[dims + d] = out[d], kernel[d]
        flat = flat * sizes[d] + along.reshape(N, C, *shape)
    flat = flat.reshape(N, C, *out, -1)
    planes = x.reshape(N, C, -1)
    windows = np.take_along_axis(planes, flat.reshape(N, C, -1), 2).reshape(flat.shape)
    return np.take_along_axis(flat, windows.argmax(-1)[..., None], -1)[..., 0]


def _fractional(
    dims: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Tensor, Tensor]:
    who = f"fractional_max_pool{dims}d"
    x = require_tensor(who, "input", input)
    if output_size is None and output_ratio is None:
        raise ValueError(f"{who} requires specifying either an output_size or an output_ratio")
    alone = x.dim() == dims + 1
    if not alone and x.dim() != dims + 2:
        raise IndexError(
            f"{who}: expected {dims + 1} or {dims + 2} dimensions, got an input of shape {x.shape}"
        )
    if output_size is None:
        if len(output_ratio) > dims:
            raise ValueError(
                f"{who} requires output_ratio to either be a single Int or tuple of Ints."
            )
        output_size = [int(n * output_ratio[d]) for d, n in enumerate(x.shape[-dims:])]
    kernel = spatial(who, "kernel_size", kernel_size, dims)
    out = spatial(who, "output_size", output_size, dims)
    check_not_empty(who, x.shape, dims)
    if x._array.dtype.kind != "f":
        raise NotImplementedError(f'"{who}" not implemented for {x.dtype}; convert with .float()')
    batch = x.unsqueeze(0) if alone else x
    if samples is None:
        samples = x.new_empty(batch.size(0), batch.size(1), dims).uniform_(0, 1)
    drawn = require_tensor(who, "_random_samples", samples)._array
    for axis, expected in enumerate((batch.size(0), batch.size(1), dims)):
        if drawn.ndim != 3 or drawn.shape[axis] != expected:
            raise RuntimeError(
                f"{who}: expected _random_samples of shape {(*batch.shape[:2], dims)}, got "
                f"{tuple(drawn.shape)}"
            )
    for name, size, n, k in zip(NAMES[dims], x.shape[-dims:], out, kernel, strict=True):
        if n + k - 1 > size or n < 1:
            raise RuntimeError(
                f"{who}(): pool {name} {k} too large relative to input {name} {size} (for an "
                f"output {name} of {n})"
            )
    places = x._wrap(_places(batch._array, drawn, kernel, out))
    y = batch.flatten(2).gather(2, places.flatten(2)).reshape(places.shape)
    return (y.squeeze(0), places.squeeze(0)) if alone else (y, places)


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d`, with the flat position of each maximum in its plane."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest elements of windows whose places are drawn for each plane.

    Args:
        input: the images.
        kernel_size: of the windows; an int, or one a dimension.
        output_size: how many windows there are; an int, or one a dimension.
        output_ratio: that, as shares of the input's size.
        return_indices: give also each maximum's flat position in its plane.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with `output_size` for H and W.

    Raises:
        ValueError: for neither a size nor a ratio.
        RuntimeError: for more windows than fit.
        IndexError: for another number of dimensions.

    >>> import minitorch
    >>> image = minitorch.arange(16.0).reshape(1, 4, 4)
    >>> fractional_max_pool2d(image, 3, output_size=2)
    tensor([[[10., 11.],
             [14., 15.]]])
    """
    y, places = _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return (y, places) if return_indices else y


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d`, with the flat position of each maximum in its volume."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest elements of boxes whose places are drawn; see `fractional_max_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with `output_size` for D, H and W.
    """
    y, places = _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return (y, places) if return_indices else y
