"""Interpolation: images, sequences and volumes made larger or smaller."""

from __future__ import annotations

import operator
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.kernels import resample as kernels
from minitorch.ops.nn import adaptive_pool
from minitorch.ops.nn.resample import Resample
from minitorch.ops.nn.windows import Sizes, check_dtype
from minitorch.ops.support.operands import caller_stacklevel, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# How many dimensions the input of each mode has.
RANKS = {
    "nearest": (3, 4, 5), "nearest-exact": (3, 4, 5), "area": (3, 4, 5), "linear": (3,),
    "bilinear": (4,), "bicubic": (4,), "lanczos": (4,), "trilinear": (5,),
}  # fmt: skip


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resample to `size`, or to `scale_factor` times the input's.

    Args:
        input: sequences, images or volumes.
        size: of the output; an int, or one a spatial dimension.
        scale_factor: instead of `size`; a number, or one a spatial dimension.
        mode: 'nearest' the element at or before each place; 'nearest-exact' the one whose middle
            is nearest; 'linear', 'bilinear', 'trilinear' (3D, 4D, 5D) between neighbours;
            'bicubic' by cubic convolution (4D); 'area' means of cells; 'lanczos' (4D, with
            `antialias`).
        align_corners: whether first and last elements, rather than the outer edges of pixels, lie
            on each other. For the modes that end in linear and cubic.
        recompute_scale_factor: whether the scale is that of the two sizes, rather than
            `scale_factor` itself (which is not the same where the size had to be rounded).
        antialias: stretch the filter where images become smaller ('bilinear' and 'bicubic').

    Shape: ``(N, C, *spatial)`` to the same with another spatial size, of 1 to 3 dimensions.

    Raises:
        ValueError: for both or neither of `size` and `scale_factor`, or options that do not go
            with the mode.
        NotImplementedError: for a mode or dtype that is not for such a tensor.
        RuntimeError: for empty dimensions (but the batch).

    >>> import minitorch
    >>> x = minitorch.tensor([[[1.0, 2.0]]])
    >>> interpolate(x, scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    >>> interpolate(x, scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    x = require_tensor("interpolate", "input", input)
    shape = x._array.shape
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            f"| bicubic | trilinear, not with {mode}"
        )
    out, factors = _target(shape, size, scale_factor)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor or mode == "area" or factors is None:
        factors = (None,) * len(out)
    if antialias and not (mode in kernels.FILTERS and len(shape) == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            f"a 4-D tensor as input, got {len(shape)}D and mode {mode}"
        )
    if len(shape) not in RANKS.get(mode, ()):
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported for the modes nearest | area "
            "| nearest-exact, 3D for linear, 4D for bilinear | bicubic | lanczos, 5D for trilinear "
            f"(got {len(shape)}D for {mode})"
        )
    if mode == "area":
        return getattr(adaptive_pool, f"adaptive_avg_pool{len(out)}d")(x, out)
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError("Lanczos mode requires antialias=True, and align_corners is not for it")
    if 0 in shape[1:] or any(n < 1 for n in out):
        raise RuntimeError(
            "interpolate: Input and output sizes should be greater than 0, but got input "
            f"{list(shape)} and output size {list(out)}"
        )
    bytes_too = mode in ("nearest", "nearest-exact", "bilinear", "bicubic")
    check_dtype(f"interpolate, {mode}", x, "fu" if bytes_too else "f")
    corners = bool(align_corners)
    # PyTorch's precision, in which places are worked out.
    real = np.float64 if x._array.dtype == np.float64 else np.float32
    tables = []
    for length, wanted, factor in zip(shape[2:], out, factors, strict=True):
        if mode.startswith("nearest"):
            exact, planar = mode == "nearest-exact", len(out) == 2
            table = kernels.nearest(length, wanted, factor, exact, planar, real)
        elif antialias:
            table = kernels.smooth(length, wanted, factor, corners, mode, real)
        else:
            between = kernels.cubic if mode == "bicubic" else kernels.linear
            table = between(length, wanted, factor, corners, real)
        tables.append(table)
    kind = mode.title().replace("-", "")
    name = "Upsample" if mode == "lanczos" else f"Upsample{kind}{len(out)}DBackward0"
    return Resample.apply(x, tables=tuple(tables), name=name)


def _target(
    shape: Sizes, size: Any, scale_factor: Any
) -> tuple[Sizes, tuple[float | None, ...] | None]:
    """The output's spatial size, checked, and the factors where it came from those."""
    dims = len(shape) - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "interpolate: either size or scale_factor should be defined, and only one of them; got "
            f"size={size}, scale_factor={scale_factor}"
        )
    given = scale_factor if size is None else size
    values = tuple(given) if isinstance(given, (tuple, list)) else (given,) * dims
    if len(values) != dims:
        raise ValueError(
            "interpolate: Input and output must have the same number of spatial dimensions, but "
            f"got input with spatial dimensions of {list(shape[2:])} and {values}"
        )
    if size is not None:
        try:  # also tensors of one integer
            return tuple(operator.index(v) for v in values), None
        except TypeError:
            raise TypeError(f"interpolate: expected size to be ints, but got {values}") from None
    factors = tuple(float(v) for v in values)
    return tuple(int(n * f) for n, f in zip(shape[2:], factors, strict=True)), factors


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate`, under its old name."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` by 'nearest', under its old name."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` by 'bilinear' with aligned corners, under its old name."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=caller_stacklevel(),
    )
