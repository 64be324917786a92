"""Pooling: the largest element, or the mean, of each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import pool as kernels
from minitorch.ops.conv import Sizes, spatial
from minitorch.ops.operands import tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class MaxPool(Function):
    """y = the largest element of each window; the first one, at a tie, gets the gradient.

    Padding is -inf, so that it never wins.
    """

    order = "makes"
    torch_name = "MaxPool2DWithIndicesBackward0"

    def forward(self, x: Array, **geometry: Any) -> Array:
        y = kernels.max_pool(x, **geometry)
        if self.needs(0):
            self.shape, self.geometry = x.shape, geometry
            self.save(kernels.winners(x, y, **geometry))
        return y

    def backward(self, grad: Tensor) -> Any:
        (winner,) = self.saved
        return PutInWindow.apply(grad, winner, spatial=self.shape[2:], **self.geometry)


class MaxPool2d(MaxPool):
    """Max pooling over two spatial dimensions: images as (N, C, H, W)."""


class TakeInWindow(Function):
    """y = the element of each window of x at the place that `winner` says."""

    order = "makes"

    def forward(self, x: Array, winner: Array, **geometry: Any) -> Array:
        self.shape, self.geometry = x.shape, geometry
        self.save(winner)
        return kernels.take(x, winner, **geometry)

    def backward(self, grad: Tensor) -> Any:
        (winner,) = self.saved
        return PutInWindow.apply(grad, winner, spatial=self.shape[2:], **self.geometry), None


class PutInWindow(Function):
    """y = each element of x added at its winner's place, 0 elsewhere: `TakeInWindow`'s adjoint."""

    order = "makes"

    def forward(self, x: Array, winner: Array, *, spatial: Sizes, **geometry: Any) -> Array:
        self.geometry = geometry
        self.save(winner)
        return kernels.put(x, winner, spatial, **geometry)

    def backward(self, grad: Tensor) -> Any:
        (winner,) = self.saved
        return TakeInWindow.apply(grad, winner, **self.geometry), None


class AvgPool(Function):
    """y = the mean of each window."""

    order = "makes"
    torch_name = "AvgPool2DBackward0"

    def forward(self, x: Array, **geometry: Any) -> Array:
        self.geometry, self.shape = geometry, x.shape
        return kernels.avg_pool(x, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return AvgPoolInput.apply(grad, shape=self.shape, **self.geometry)


class AvgPool2d(AvgPool):
    """Average pooling over two spatial dimensions: images as (N, C, H, W)."""


class AvgPoolInput(Function):
    """Each mean's gradient spread evenly over its window: `AvgPool` the other way."""

    order = "makes"

    def forward(self, grad: Array, *, shape: Sizes, **geometry: Any) -> Array:
        self.geometry = geometry
        return kernels.avg_pool_input(grad, shape, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return AvgPool.apply(grad, **self.geometry)


def _geometry(
    who: str,
    dims: int,
    x: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> dict[str, Any]:
    """The checked window geometry of a pooling call.

    Raises:
        RuntimeError: naming the argument that cannot be, and the values.
    """
    shape = x._peek().shape
    kernel = spatial(who, "kernel_size", kernel_size, dims)
    step = kernel if stride is None or stride == () else spatial(who, "stride", stride, dims)
    pad = spatial(who, "padding", padding, dims)
    apart = spatial(who, "dilation", dilation, dims)
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{who}: expected a {dims + 1}D (C, *spatial) or {dims + 2}D (N, C, *spatial) input, "
            f"got {len(shape)}D of shape {list(shape)}"
        )
    for name, values in (("kernel_size", kernel), ("stride", step), ("dilation", apart)):
        if any(v <= 0 for v in values):
            raise RuntimeError(f"{who}: {name} should be greater than zero, but got {values}")
    sizes = []
    for size, k, s, p, d in zip(shape[-dims:], kernel, step, pad, apart, strict=True):
        if p < 0:
            raise RuntimeError(f"{who}: pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            raise RuntimeError(
                f"{who}: pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
        sizes.append(kernels.output_size(size, k, s, p, d, ceil_mode))
    if any(n < 1 for n in sizes) or 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"{who}: Given input size: {list(shape[-dims - 1 :])}. Calculated output size: "
            f"{[shape[-dims - 1], *sizes]}. Output size is too small (kernel_size={kernel}, "
            f"stride={step}, padding={pad}, dilation={apart})"
        )
    return {
        "kernel": kernel, "stride": step, "padding": pad, "dilation": apart, "ceil_mode": ceil_mode
    }  # fmt: skip


def max_pool2d(
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

    >>> import minitorch
    >>> image = minitorch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    >>> max_pool2d(image, 2)
    tensor([[[[ 6.,  8.],
              [14., 16.]]]])
    """
    x = tensor_of("max_pool2d", "input", input)
    geometry = _geometry("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode)
    if x.ndim == 3:
        y = MaxPool2d.apply(x.unsqueeze(0), **geometry).squeeze(0)
    else:
        y = MaxPool2d.apply(x, **geometry)
    return (y, _indices(x, y, geometry)) if return_indices else y


def _indices(x: Tensor, y: Tensor, geometry: dict[str, Any]) -> Tensor:
    """Where in its plane each maximum y of x is, as PyTorch's int64."""
    shape = (-1, *x._array.shape[-len(geometry["kernel"]) - 1 :])
    images = x._array.reshape(shape)
    maxima = y._array.reshape(len(images), *y._array.shape[1 - len(shape) :])
    winner = kernels.winners(images, maxima, **geometry)
    index = kernels.flat_indices(winner, images.shape[2:], **geometry)
    return x._wrap(index.reshape(y._array.shape))


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

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

    >>> import minitorch
    >>> avg_pool2d(minitorch.arange(1.0, 17.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 3.5000,  5.5000],
              [11.5000, 13.5000]]]])
    """
    x = tensor_of("avg_pool2d", "input", input)
    geometry = _geometry("avg_pool2d", 2, x, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("avg_pool2d: divisor must be not zero")
    if x._peek().dtype.kind != "f":
        raise RuntimeError(f'"avg_pool2d" not implemented for {x.dtype}; convert with .float()')
    del geometry["dilation"]
    geometry.update(count_include_pad=count_include_pad, divisor_override=divisor_override)
    if x.ndim == 3:
        return AvgPool2d.apply(x.unsqueeze(0), **geometry).squeeze(0)
    return AvgPool2d.apply(x, **geometry)
