"""Sampling images and volumes at places given by a grid, and grids of affine maps.

All of it is composed of operations on tensors, so that the image, the grid and the map get their
gradients at every order.
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.resample import cubic_weights
from minitorch.ops.math.select import where
from minitorch.ops.nn.windows import check_dtype
from minitorch.ops.shape.index import Take
from minitorch.ops.support.operands import (
    caller_stacklevel,
    is_half,
    require_tensor,
    set_grad_fn_name,
)

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

CORNERS = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
    "Please specify align_corners=True if the old behavior is desired."
)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The input's values at the places in `grid`, from (-1, -1) to (1, 1).

    Args:
        input: images or volumes.
        grid: for each element of the output a place (x, y) or (x, y, z): x along the last
            dimension.
        mode: 'bilinear' between neighbours (in volumes too), 'nearest', or 'bicubic' (images).
        padding_mode: what lies outside: 'zeros', the 'border', or the 'reflection'.
        align_corners: whether -1 and 1 are the middles of the outer pixels, or their edges.

    Shape:
        input ``(N, C, H, W)`` and grid ``(N, H', W', 2)`` to ``(N, C, H', W')``; or
        ``(N, C, D, H, W)`` and ``(N, D', H', W', 3)`` to ``(N, C, D', H', W')``.

    Raises:
        ValueError: for an unknown mode or padding mode.
        RuntimeError: for shapes or dtypes that do not go together.
        NotImplementedError: for integer and bool tensors.

    >>> import minitorch
    >>> image = minitorch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> grid_sample(image, minitorch.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[2.5000]]]])
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(CORNERS, stacklevel=caller_stacklevel())
    who = "grid_sample"
    x, g = require_tensor(who, "input", input), require_tensor(who, "grid", grid)
    _check_grid(x, g, mode)
    sampler = _Sampler(x, padding_mode, bool(align_corners))
    wide = is_half(x)  # computed in float32, as all sums of halves
    places = g.float() if wide else g
    sizes = x._array.shape[2:]
    at = [sampler.unnormalized(places[..., len(sizes) - 1 - d], n) for d, n in enumerate(sizes)]
    y = sampler.bicubic(at) if mode == "bicubic" else sampler.linear(at, mode == "nearest")
    return y.movedim(-1, 1).to(x.dtype).contiguous()


def _check_grid(x: Tensor, g: Tensor, mode: str) -> None:
    x_shape, g_shape = x._array.shape, g._array.shape
    shapes = f"(input {list(x_shape)}, grid {list(g_shape)})"
    if x._array.dtype != g._array.dtype:
        raise RuntimeError(
            f"grid_sample: expected input and grid to have same dtype, but input has {x.dtype} and "
            f"grid has {g.dtype}"
        )
    if len(x_shape) not in (4, 5) or len(g_shape) != len(x_shape):
        raise RuntimeError(
            "grid_sample: expected 4D or 5D input and grid with same number of dimensions " + shapes
        )
    if x_shape[0] != g_shape[0] or g_shape[-1] != len(x_shape) - 2:
        raise RuntimeError(
            "grid_sample: expected input and grid to have same batch size, and the grid's last "
            f"dimension to be of size {len(x_shape) - 2} " + shapes
        )
    if 0 in x_shape[2:]:
        raise RuntimeError(
            "grid_sample: expected input to have non-empty spatial dimensions " + shapes
        )
    if mode == "bicubic" and len(x_shape) == 5:
        raise RuntimeError("grid_sample: bicubic interpolation only supports 4D input " + shapes)
    check_dtype("grid_sample", x, "f")


class _Sampler:
    """Takes elements of one input at integer places, whatever the padding makes of them."""

    def __init__(self, x: Tensor, padding: str, corners: bool) -> None:
        self.padding, self.corners = padding, corners
        self.x = x.movedim(1, -1)  # (N, *S, C)
        self.sizes = x._array.shape[2:]

    def unnormalized(self, place: Tensor, size: int) -> Tensor:
        """-1 to 1 as positions of elements."""
        return (place + 1) / 2 * (size - 1) if self.corners else ((place + 1) * size - 1) / 2

    def inside(self, place: Tensor, size: int) -> Tensor:
        """A position as the padding moves it, into the input but for 'zeros'."""
        if self.padding == "zeros":
            return place
        if self.padding == "reflection":
            low, span = (0.0, size - 1) if self.corners else (-0.5, size)
            place = _reflected(place, low, span) if span else place * 0.0
        # Flat at the border itself too, as PyTorch has it; NaN goes to 0.
        place = where(place > 0, place, 0.0)
        return where(place < size - 1, place, float(size - 1))

    def values(self, places: list[Array]) -> Tensor:
        """The elements (N, *O, C) at integer places, 0 for those outside."""
        bounds = list(zip(places, self.sizes, strict=True))
        batch = np.arange(places[0].shape[0]).reshape(-1, *(1,) * (places[0].ndim - 1))  # (N, 1...)
        index = [np.clip(np.nan_to_num(p), 0, n - 1).astype(np.int64) for p, n in bounds]
        taken: Tensor = Take.apply(self.x, batch, *index)
        outside = np.logical_or.reduce([~((p >= 0) & (p <= n - 1)) for p, n in bounds])
        return where(taken._wrap(outside[..., None]), 0.0, taken) if outside.any() else taken

    def linear(self, at: list[Tensor], nearest: bool) -> Tensor:
        """Between the neighbours on either side; or the nearest one, which is flat."""
        at = [self.inside(place, size) for place, size in zip(at, self.sizes, strict=True)]
        if nearest:
            y = self.values([np.rint(place._array) for place in at])
            never = y._wrap(np.zeros(at[0]._array.shape, bool))
            for place in at:  # a gradient of 0
                y = y + where(never, place, 0.0).unsqueeze(-1)
            return y
        lows = [place.detach().floor() for place in at]
        parts = [place - low for place, low in zip(at, lows, strict=True)]
        total: Any = 0.0
        for corner in product((0, 1), repeat=len(at)):
            weight: Any = 1.0
            for side, part in zip(corner, parts, strict=True):
                weight = weight * (part if side else 1 - part)
            spot = [low._array + side for low, side in zip(lows, corner, strict=True)]
            total = total + self.values(spot) * weight.unsqueeze(-1)
        return total

    def bicubic(self, at: list[Tensor]) -> Tensor:
        """Keys's cubic convolution of 4 x 4 neighbours, each of which the padding moves."""
        lows = [place.detach().floor() for place in at]
        weights = [cubic_weights(place - low) for place, low in zip(at, lows, strict=True)]
        total: Any = 0.0
        for i, j in product(range(4), repeat=2):
            spot = [
                np.rint(self.inside(low + (k - 1), size)._array)
                for low, k, size in zip(lows, (i, j), self.sizes, strict=True)
            ]
            total = total + self.values(spot) * (weights[0][i] * weights[1][j]).unsqueeze(-1)
        return total


def _reflected(place: Tensor, low: float, span: float) -> Tensor:
    """A position thrown back at `low` and `low + span`, as often as it takes."""
    off = place - low
    off = where(off < 0, -off, off)
    turns, rest = (off.detach() / span).floor(), off % span
    return where(turns % 2 == 0, rest + low, span - rest + low)


class AffineGrid(Function):
    """y = base @ theta.T, for the places `base` of a regular grid, which no tensor holds."""

    def forward(self, theta: Array, *, base: Array) -> Array:
        self.base = base
        return np.matmul(base, theta.swapaxes(1, 2))  # (N, P, dims)

    def backward(self, grad: Tensor) -> Any:
        return grad.transpose(1, 2) @ grad._wrap(self.base)  # (N, dims, dims + 1)


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places for `grid_sample` to which affine maps send those of a regular grid.

    Args:
        theta: a matrix for each image, times (x, y, 1) or (x, y, z, 1).
        size: of the output images: (N, C, H, W) or (N, C, D, H, W).
        align_corners: as in `grid_sample`.

    Shape: theta ``(N, 2, 3)`` to ``(N, H, W, 2)``, or ``(N, 3, 4)`` to ``(N, D, H, W, 3)``.

    Raises:
        ValueError: for integers, or a theta that does not go with the size.
        NotImplementedError: for a size of another length.
    """
    if align_corners is None:
        warnings.warn(CORNERS, stacklevel=caller_stacklevel())
    t = require_tensor("affine_grid", "theta", theta)
    if t._array.dtype.kind != "f":
        raise ValueError(f"Expected theta to have floating point type, but got {t.dtype}")
    dims = len(size) - 2
    if dims not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if t._array.ndim != 3 or t._array.shape[1:] != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size "
            f"{size}. Got {t._array.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid.",
            stacklevel=caller_stacklevel(),
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if t._array.shape[0] != size[0]:
        raise RuntimeError(
            f"affine_grid: expected as many matrices as images, got theta of shape "
            f"{list(t._array.shape)} and size {size}"
        )
    real = np.float64 if t._array.dtype == np.float64 else np.float32
    axes = [_steps(n, bool(align_corners)).astype(real) for n in size[2:]]
    grids = np.meshgrid(*axes, indexing="ij")
    base = np.stack([*grids[::-1], np.ones_like(grids[0])], -1).reshape(1, -1, dims + 1)
    placed = AffineGrid.apply(t.float() if is_half(t) else t, base=base)
    return set_grad_fn_name(
        "AffineGridGeneratorBackward0", placed.reshape((*size[:1], *size[2:], dims)).to(t.dtype)
    )


def _steps(count: int, corners: bool) -> Array:
    """-1 to 1 in `count` steps; without `corners`, the middles of `count` pixels."""
    if count <= 1:
        return np.zeros(count)
    steps = np.linspace(-1.0, 1.0, count)
    return steps if corners else steps * (count - 1) / count
