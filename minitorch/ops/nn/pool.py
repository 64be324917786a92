"""Pooling: the largest element, the mean, or the norm of each window; and its partial inverse."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import pool as kernels
from minitorch.ops.nn.activation import relu
from minitorch.ops.nn.second_order import PiecewiseLinear
from minitorch.ops.nn.windows import Sizes, check_dtype, check_not_empty, check_rank, spatial
from minitorch.ops.support.operands import in_1d_2d_3d, laid_as_images, require_tensor
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def _geometry(who: str, dims: int, x: Tensor, *window: Any) -> dict[str, Any]:
    """The checked geometry of a window: kernel size, stride, padding, dilation, ceil mode."""
    kernel_size, stride, padding, dilation, ceil_mode = window
    kernel = spatial(who, "kernel_size", kernel_size, dims)
    step = kernel if stride is None or stride in ((), []) else spatial(who, "stride", stride, dims)
    pad, dilation = spatial(who, "padding", padding, dims), spatial(who, "dilation", dilation, dims)
    check_rank(who, x, dims)
    return dict(_checked(who, x.shape, kernel, step, pad, dilation, ceil_mode))


@functools.lru_cache(maxsize=512, typed=True)
def _checked(
    who: str, shape: Sizes, kernel: Sizes, step: Sizes, pad: Sizes, dilation: Sizes, ceil: bool
) -> dict[str, Any]:
    """`_geometry`, whose answers are kept: a training loop asks the same over and over."""
    for name, values in (("kernel_size", kernel), ("stride", step), ("dilation", dilation)):
        if any(v <= 0 for v in values):
            raise RuntimeError(f"{who}: {name} should be greater than zero, but got {values}")
    for k, p in zip(kernel, pad, strict=True):
        if p < 0:
            raise RuntimeError(f"{who}: pad must be non-negative, but got pad: {p}")
        if p > k // 2:
            raise RuntimeError(
                f"{who}: pad should be at most half of kernel size, but got pad={p} and "
                f"kernel_size={k}"
            )
    dims = len(kernel)
    check_not_empty(who, shape, dims)
    sizes = [
        kernels.output_size(size, k, s, p, d, ceil)
        for size, k, s, p, d in zip(shape[-dims:], kernel, step, pad, dilation, strict=True)
    ]
    if any(n < 1 for n in sizes):
        raise RuntimeError(
            f"{who}: Given input size: {list(shape[-dims - 1 :])}. Calculated output size: "
            f"{[shape[-dims - 1], *sizes]}. Output size is too small (kernel_size={kernel}, "
            f"stride={step}, padding={pad}, dilation={dilation})"
        )
    return {
        "kernel": kernel, "stride": step, "padding": pad, "dilation": dilation, "ceil_mode": ceil
    }  # fmt: skip


# ---- the largest element ----------------------------------------------------------------------


class MaxPool(PiecewiseLinear):
    """y = the largest element of each window; the first one, at a tie, gets the gradient.

    Padding is -inf, so that it never wins.
    """

    memory_layout = "chosen"
    channels_last_from = 3
    torch_name = "MaxPool2DWithIndicesBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, **geometry: Any) -> Array:
        y, winners = kernels.max_pool(x, **geometry, want_winners=self.needs(0))
        self.shape, self.geometry = x.shape, geometry
        self.save(*winners)
        return y

    def backward(self, grad: Tensor) -> Any:
        return PutInWindow.apply(grad, *self.saved, spatial=self.shape[2:], **self.geometry)


class MaxPool1d(MaxPool):
    """Max pooling over one spatial dimension: sequences as (N, C, L)."""

    torch_name = "SqueezeBackward1"


class MaxPool2d(MaxPool):
    """Max pooling over two spatial dimensions: images as (N, C, H, W)."""


class MaxPool3d(MaxPool):
    """Max pooling over three spatial dimensions: volumes as (N, C, D, H, W)."""

    torch_name = "MaxPool3DWithIndicesBackward0"


class TakeInWindow(Function):
    """y = the element of each window of x at the place that `winners` say, one a dimension."""

    memory_layout = "chosen"
    channels_last_from = 3
    backward_takes_arrays = True

    def forward(self, x: Array, *winners: Array, **geometry: Any) -> Array:
        self.shape, self.geometry = x.shape, geometry
        self.save(*winners)
        return kernels.take(x, *winners, **geometry)

    def backward(self, grad: Tensor) -> Any:
        winners = self.saved
        put = PutInWindow.apply(grad, *winners, spatial=self.shape[2:], **self.geometry)
        return put, *(None for _ in winners)


class PutInWindow(Function):
    """y = each element of x added at its winner's place, 0 elsewhere: `TakeInWindow`'s adjoint."""

    memory_layout = "chosen"
    channels_last_from = 3
    backward_takes_arrays = True

    def forward(self, x: Array, *winners: Array, spatial: Sizes, **geometry: Any) -> Array:
        self.geometry = geometry
        self.save(*winners)
        return kernels.put(x, *winners, spatial=spatial, **geometry)

    def backward(self, grad: Tensor) -> Any:
        winners = self.saved
        return TakeInWindow.apply(grad, *winners, **self.geometry), *(None for _ in winners)


def _max_pool(
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window. Padding counts as -inf, never as 0.

    Args:
        input: the images.
        kernel_size, stride, padding, dilation: an int, or one a dimension; the stride defaults to
            the kernel size.
        ceil_mode: count a last window that hangs over the edge.
        return_indices: give also each winner's flat position in its plane.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with H and W made smaller.

    Raises:
        RuntimeError: for a window larger than its input, or padding above half the window.
        NotImplementedError: for bool tensors.

    >>> import minitorch
    >>> image = minitorch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    >>> max_pool2d(image, 2)
    tensor([[[[ 6.,  8.],
              [14., 16.]]]])
    """
    who = f"max_pool{dims}d"
    x = require_tensor(who, "input", input)
    if dims == 1 and not return_indices:  # PyTorch's own quick way, which knows floats only
        check_dtype(who, x, "f")
    geometry = _geometry(who, dims, x, kernel_size, stride, padding, dilation, ceil_mode)
    check_dtype(who, x, "fiu")
    function = (MaxPool1d, MaxPool2d, MaxPool3d)[dims - 1]
    alone = x.ndim == dims + 1
    y = function.apply(x.unsqueeze(0) if alone else x, **geometry)
    y = y.squeeze(0) if alone else y
    return (y, max_indices(x, y, geometry)) if return_indices else y


max_pool1d, max_pool2d, max_pool3d = in_1d_2d_3d(
    _max_pool,
    """The largest element of each stretch of the sequences; see `max_pool2d`.

    Shape: ``(N, C, L)`` or ``(C, L)``, to the same with L made smaller.
    """,
    """The largest element of each box of the volumes; see `max_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with D, H and W made smaller.
    """,
)


def max_indices(x: Tensor, y: Tensor, geometry: dict[str, Any]) -> Tensor:
    """Where in its plane each maximum y of x is, as PyTorch's int64."""
    images = x._array
    if images.ndim == len(geometry["kernel"]) + 1:
        images = images[None]  # (1, C, *S)
    _, winners = kernels.max_pool(images, **geometry, want_winners=True)
    index = kernels.flat_indices(winners, images.shape[2:], **geometry)
    indices = x._wrap(np.ascontiguousarray(index).reshape(y._array.shape))
    return laid_as_images(indices, x, least=len(geometry["kernel"]) + 2)


# ---- the mean ---------------------------------------------------------------------------------


class AvgPool(PiecewiseLinear):
    """y = the mean of each window."""

    memory_layout = "chosen"
    channels_last_from = 3
    torch_name = "AvgPool2DBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, **geometry: Any) -> Array:
        self.geometry, self.shape = geometry, x.shape
        return kernels.avg_pool(x, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return AvgPoolInput.apply(grad, shape=self.shape, **self.geometry)


class AvgPool1d(AvgPool):
    """Average pooling over one spatial dimension: sequences as (N, C, L)."""

    torch_name = "SqueezeBackward1"


class AvgPool2d(AvgPool):
    """Average pooling over two spatial dimensions: images as (N, C, H, W)."""


class AvgPool3d(AvgPool):
    """Average pooling over three spatial dimensions: volumes as (N, C, D, H, W)."""

    channels_last_from = 0
    torch_name = "AvgPool3DBackward0"


class AvgPoolInput(Function):
    """Each mean's gradient spread evenly over its window: `AvgPool` the other way."""

    memory_layout = "chosen"
    channels_last_from = 3
    backward_takes_arrays = True

    def forward(self, grad: Array, *, shape: Sizes, **geometry: Any) -> Array:
        self.geometry = geometry
        return kernels.avg_pool_input(grad, shape, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return AvgPool.apply(grad, **self.geometry)


def _avg_pool(
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window; of int64 tensors, rounded toward zero.

    Args:
        input: the images.
        kernel_size, stride, padding: an int, or one a dimension; the stride defaults to the
            kernel size.
        ceil_mode: count a last window that hangs over the edge.
        count_include_pad: whether the zeros of the padding count in the mean.
        divisor_override: divide by this instead of by the number of elements.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with H and W made smaller.

    Raises:
        RuntimeError: for a window larger than its input, padding above half the window, or a
            divisor of 0.
        NotImplementedError: for bool, uint8 and other small integers.

    >>> import minitorch
    >>> avg_pool2d(minitorch.arange(1.0, 17.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 3.5000,  5.5000],
              [11.5000, 13.5000]]]])
    """
    who = f"avg_pool{dims}d"
    x = require_tensor(who, "input", input)
    if dims == 3:
        kernel, shape = spatial(who, "kernel_size", kernel_size, 3), x.shape[-3:]
        if len(shape) == 3 and any(n < k for n, k in zip(shape, kernel, strict=True)):
            raise RuntimeError(
                f"{who}: input volume {list(shape)} smaller than kernel size {list(kernel)}"
            )
    geometry = _geometry(who, dims, x, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError(f"{who}: divisor must be not zero")
    if x._numpy_dtype != np.int64:
        check_dtype(who, x, "f")
    del geometry["dilation"]
    geometry.update(count_include_pad=count_include_pad, divisor_override=divisor_override)
    function = (AvgPool1d, AvgPool2d, AvgPool3d)[dims - 1]
    if x.ndim == dims + 1:
        return function.apply(x.unsqueeze(0), **geometry).squeeze(0)
    return function.apply(x, **geometry)


_, avg_pool2d, avg_pool3d = in_1d_2d_3d(
    _avg_pool,
    "",
    """The mean of each box of the volumes; see `avg_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with D, H and W made smaller.

    Raises:
        RuntimeError: here also for a volume smaller than the box, whatever the padding.
    """,
)
avg_pool2d = takes_out("avg_pool2d", SAME)(avg_pool2d)
avg_pool3d = takes_out("avg_pool3d", SAME)(avg_pool3d)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each stretch of the sequences; see `avg_pool2d`.

    Shape: ``(N, C, L)`` or ``(C, L)``, to the same with L made smaller.
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


# ---- the norm ---------------------------------------------------------------------------------


def _lp_pool(
    dims: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of each window: the p-th root of the sum of p-th powers.

    Args:
        input: the images.
        norm_type: p; inf gives the largest magnitude, -inf the smallest. Powers are of the
            elements, not their magnitudes: an odd p wants positive ones, as in PyTorch.
        kernel_size, stride: an int, or one a dimension; the stride defaults to the kernel size.
        ceil_mode: count a last window that hangs over the edge.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with H and W made smaller.

    >>> import minitorch
    >>> lp_pool2d(minitorch.tensor([[[3.0, 4.0], [0.0, 0.0]]]), 2, 2)
    tensor([[[5.]]])
    """
    who = f"lp_pool{dims}d"
    x = require_tensor(who, "input", input)
    if norm_type == math.inf:
        return _max_pool(dims, x.abs(), kernel_size, stride, 0, 1, ceil_mode)
    if norm_type == -math.inf:
        return -_max_pool(dims, -x.abs(), kernel_size, stride, 0, 1, ceil_mode)
    count = math.prod(spatial(who, "kernel_size", kernel_size, dims))
    avg_pool = (avg_pool1d, avg_pool2d, avg_pool3d)[dims - 1]
    mean = avg_pool(x.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    # Negative means become 0, by PyTorch's formula, whose gradient at 0 this keeps.
    return (mean.sign() * relu(mean.abs())).mul(count).pow(1.0 / norm_type)


lp_pool1d, lp_pool2d, lp_pool3d = in_1d_2d_3d(
    _lp_pool,
    """The p-norm of each stretch of the sequences; see `lp_pool2d`.

    Shape: ``(N, C, L)`` or ``(C, L)``, to the same with L made smaller.
    """,
    """The p-norm of each box of the volumes; see `lp_pool2d`.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``, to the same with D, H and W made smaller.
    """,
)


# ---- back to the places of the maxima ---------------------------------------------------------


def _max_unpool(
    dims: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Each maximum that `max_pool2d` found back at its place, 0 elsewhere: a partial inverse.

    Where `indices` name a place twice the last one written stays, and it alone has a gradient.

    Args:
        input: the maxima.
        indices: each one's flat position in its plane, as `max_pool2d` returns them.
        kernel_size, stride, padding: the pooling's.
        output_size: the size before pooling, where that leaves several open; (H, W), or the whole
            shape.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same with H and W made larger.

    Raises:
        ValueError: for a size that pooling would not have made this one.
        RuntimeError: for indices of another shape or dtype, or outside the plane.

    >>> import minitorch
    >>> image = minitorch.tensor([[[1.0, 2.0], [4.0, 3.0]]])
    >>> max_unpool2d(*max_pool2d(image, 2, return_indices=True), 2)
    tensor([[[0., 0.],
             [4., 0.]]])
    """
    who = f"max_unpool{dims}d"
    x, places = require_tensor(who, "input", input), require_tensor(who, "indices", indices)
    check_rank(who, x, dims)
    kernel = spatial(who, "kernel_size", kernel_size, dims)
    step = kernel if stride is None else spatial(who, "stride", stride, dims)
    pads, shape = spatial(who, "padding", padding, dims), x._array.shape
    out = tuple(
        (size - 1) * s + k - 2 * p
        for size, s, k, p in zip(shape[-dims:], step, kernel, pads, strict=True)
    )
    if output_size is not None:
        out = _unpooled_size(who, tuple(output_size), out, step)
    if any(size < 0 for size in out):
        raise ValueError(
            f"{who}: output_size must contain non-negative spatial dimensions, but got {out}"
        )
    check_dtype(who, x, "f")
    if dims == 3 and any(s <= 0 for s in step):
        raise RuntimeError(f"{who}: strides should be greater than zero, but got stride: {step}")
    index = places._array
    if index.dtype != np.int64:
        raise RuntimeError(
            f"{who}: elements in indices should be type int64 but got: {places.dtype}"
        )
    if index.shape != shape:
        raise RuntimeError(
            f"{who}: Expected shape of indices to be same as that of the input tensor "
            f"({list(shape)}) but got indices tensor with shape: {list(index.shape)}"
        )
    check_not_empty(who, x.shape, dims)
    room = math.prod(out)
    if index.size and (index.min() < 0 or index.max() >= room):
        wrong = index[(index < 0) | (index >= room)].flat[0]
        raise RuntimeError(
            f"{who}: Found an invalid max index: {wrong} (output planes are of size {out})"
        )
    if not index.size:
        return x.reshape((*shape[:-dims], *out))
    lead, flat = shape[:-dims], (*shape[:-dims], math.prod(shape[-dims:]))
    plane = x.new_zeros((*lead, room)).scatter(-1, places.reshape(flat), x.reshape(flat))
    y: Tensor = plane.reshape((*lead, *out))
    return laid_as_images(y, x) if dims == 2 else y


max_unpool1d, max_unpool2d, max_unpool3d = in_1d_2d_3d(
    _max_unpool,
    """Each maximum back at its place, 0 elsewhere; see `max_unpool2d`.""",
    """Each maximum back at its place, 0 elsewhere; see `max_unpool2d`.""",
)


def _unpooled_size(who: str, wanted: Sizes, default: Sizes, stride: Sizes) -> Sizes:
    dims = len(default)
    if len(wanted) == dims + 2:
        wanted = wanted[2:]
    if len(wanted) != dims:
        raise ValueError(
            f"{who}: output_size should be a sequence containing {dims} or {dims + 2} elements, "
            f"but it has a length of '{len(wanted)}'"
        )
    for dim, (size, usual, s) in enumerate(zip(wanted, default, stride, strict=True)):
        if not usual - s < size < usual + s:
            raise ValueError(
                f'{who}: invalid output_size "{wanted}" (dim {dim} must be between {usual - s} '
                f"and {usual + s})"
            )
    return wanted
