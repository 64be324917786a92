"""Convolution, and the two products that are its gradients.

Convolution is linear in the input and in the weight. Its gradient in either is again a product of
the same kind, and the three are closed under differentiation: each one's backward is the other
two. So every order is right as soon as the three kernels are.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.kernels import conv as kernels
from minitorch.ops.operands import tensor_of

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class Convolution(Function):
    """y[n, o, p] = b[o] + sum over c, k of w[o, c, k] * x[n, c, p * stride + k * dilation].

    `padding` is a (before, after) pair for each spatial dimension.
    """

    order = "makes"
    torch_name = "ConvolutionBackward0"

    def forward(self, x: Array, w: Array, b: Array | None, **geometry: Any) -> Array:
        self.geometry = geometry
        self.save(x if self.needs(1) else None, w if self.needs(0) else None)
        self.x_shape, self.w_shape = x.shape, w.shape
        y, columns = kernels.conv(x, w, b, **geometry)
        if self.needs(1):
            self.cache = columns
        return y

    def backward(self, grad: Tensor) -> Any:
        x, w = self.saved
        geometry = self.geometry
        grad_x = grad_w = grad_b = None
        if w is not None:
            grad_x = ConvInput.apply(grad, w, shape=self.x_shape, **geometry)
        if x is not None:
            columns = None if mode.grad else self.cache
            grad_w = ConvWeight.apply(grad, x, shape=self.w_shape, columns=columns, **geometry)
        if self.needs(2):
            grad_b = grad.sum((0, *range(2, grad.ndim)))
        return grad_x, grad_w, grad_b


class Conv2d(Convolution):
    """Convolution over two spatial dimensions: images as (N, C, H, W)."""


class ConvInput(Function):
    """The gradient of a convolution in its input: from y's shape back to x's."""

    order = "makes"

    def forward(self, y: Array, w: Array, *, shape: Sizes, **geometry: Any) -> Array:
        self.geometry, self.w_shape = geometry, w.shape
        self.save(y, w)
        return kernels.conv_input(y, w, shape, **geometry)

    def backward(self, grad: Tensor) -> Any:
        y, w = self.saved
        return (
            Convolution.apply(grad, w, None, **self.geometry) if self.needs(0) else None,
            ConvWeight.apply(y, grad, shape=self.w_shape, **self.geometry)
            if self.needs(1)
            else None,
        )


class ConvWeight(Function):
    """The gradient of a convolution in its weight: from y's and x's shapes to w's."""

    order = "follows"

    def forward(
        self, y: Array, x: Array, *, shape: Sizes, columns: Any = None, **geometry: Any
    ) -> Array:
        self.geometry, self.x_shape = geometry, x.shape
        self.save(y, x)
        return kernels.conv_weight(y, x, shape, columns=columns, **geometry)

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved
        return (
            Convolution.apply(x, grad, None, **self.geometry) if self.needs(0) else None,
            ConvInput.apply(y, grad, shape=self.x_shape, **self.geometry)
            if self.needs(1)
            else None,
        )


def spatial(who: str, name: str, value: Any, dims: int) -> Sizes:
    """An int, or one int a spatial dimension, as a tuple.

    Raises:
        RuntimeError: for the wrong number of them.
        TypeError: for anything else.
    """
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = tuple(value) * dims
        if len(value) != dims:
            raise RuntimeError(f"{who}: {name} must be one int or {dims} ints, got {tuple(value)}")
        return tuple(operator.index(v) for v in value)
    try:
        return (operator.index(value),) * dims
    except TypeError:
        raise TypeError(
            f"{who}(): argument '{name}' must be an int or a tuple of ints, "
            f"not {type(value).__name__}"
        ) from None


def _same_padding(who: str, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pairs:
    """The padding that keeps the size; what is odd goes behind, as in PyTorch."""
    if any(s != 1 for s in stride):
        raise RuntimeError(f"{who}: padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    return tuple((n // 2, n - n // 2) for n in total)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Slide each kernel over the images; every output is a sum of elementwise products.

    (Cross-correlation, as all deep learning calls convolution: the kernel is not flipped.)

    Args:
        input: the images.
        weight: the kernels.
        bias: added to each output channel.
        stride: how far the kernel moves.
        padding: zeros around the image; an int, one a dimension, 'valid' (none) or 'same'
            (enough to keep the size; needs stride 1).
        dilation: the distance between kernel elements.
        groups: input and output channels are cut into so many independent parts.

    Shape:
        input ``(N, C, H, W)`` or ``(C, H, W)``, weight ``(O, C / groups, kh, kw)``, bias ``(O)``;
        output ``(N, O, H', W')`` with ``H' = (H + 2 padding - dilation (kh - 1) - 1) // stride
        + 1``.

    Raises:
        RuntimeError: for channels, shapes or dtypes that do not fit, or a kernel larger than the
            padded input.

    >>> import minitorch
    >>> image, kernel = minitorch.ones(1, 1, 8, 8), minitorch.ones(1, 1, 5, 5)
    >>> conv2d(image, kernel, stride=3)
    tensor([[[[25., 25.],
              [25., 25.]]]])
    """
    return _conv("conv2d", Conv2d, 2, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    who: str,
    function: type[Convolution],
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    x, w = tensor_of(who, "input", input), tensor_of(who, "weight", weight)
    if bias is not None:
        tensor_of(who, "bias", bias)
    x_shape, w_shape = x._peek().shape, w._array.shape
    shapes = f"(input {x_shape}, weight {w_shape})"
    if len(w_shape) != dims + 2:
        raise RuntimeError(
            f"{who}: expected a {dims + 2}D weight (out, in / groups, *kernel), "
            f"got {len(w_shape)}D {shapes}"
        )
    if len(x_shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {who}, but got "
            f"input of size: {list(x_shape)}"
        )
    strides = spatial(who, "stride", stride, dims)
    dilations = spatial(who, "dilation", dilation, dims)
    kernel = w_shape[2:]
    if padding == "same":
        pairs = _same_padding(who, kernel, strides, dilations)
    elif padding == "valid":
        pairs = ((0, 0),) * dims
    elif isinstance(padding, str):
        raise RuntimeError(f"{who}: padding must be 'same', 'valid' or ints, got {padding!r}")
    else:
        pairs = tuple((p, p) for p in spatial(who, "padding", padding, dims))
    _check_geometry(who, strides, pairs, dilations, groups, shapes)
    channels = x_shape[-dims - 1]
    if w_shape[0] % groups:
        raise RuntimeError(
            f"{who}: {w_shape[0]} output channels cannot be cut into {groups} groups {shapes}"
        )
    if channels != w_shape[1] * groups:
        raise RuntimeError(
            f"{who}: Given groups={groups}, weight of size {list(w_shape)}, expected input"
            f"{list(x_shape)} to have {w_shape[1] * groups} channels, but got {channels} channels "
            f"instead {shapes}"
        )
    if bias is not None and bias._array.shape != (w_shape[0],):
        raise RuntimeError(
            f"{who}: Given weight of size {list(w_shape)}, expected bias to be 1-dimensional with "
            f"{w_shape[0]} elements, but got bias of size {list(bias._array.shape)} instead"
        )
    for name, operand in (("weight", w), ("bias", bias)):
        if operand is not None and operand._array.dtype != x._peek().dtype:
            raise RuntimeError(
                f"{who}: Input type ({x.dtype}) and {name} type ({operand.dtype}) should be the "
                "same; convert one with .to()"
            )
    for size, k, d, (before, after) in zip(x_shape[-dims:], kernel, dilations, pairs, strict=True):
        if size + before + after < d * (k - 1) + 1:
            raise RuntimeError(
                f"{who}: Calculated padded input size per channel: "
                f"({_by_x(s + sum(p) for s, p in zip(x_shape[-dims:], pairs, strict=True))}). "
                f"Kernel size: ({_by_x(kernel)}). Kernel size can't be greater than actual input "
                f"size {shapes}"
            )
    geometry = {"stride": strides, "padding": pairs, "dilation": dilations, "groups": groups}
    if len(x_shape) == dims + 1:
        return function.apply(x.unsqueeze(0), w, bias, **geometry).squeeze(0)
    return function.apply(x, w, bias, **geometry)


def _by_x(sizes: Any) -> str:
    return " x ".join(str(size) for size in sizes)


def _check_geometry(
    who: str, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int, shapes: str
) -> None:
    if any(s <= 0 for s in stride):
        raise RuntimeError(f"{who}: non-positive stride is not supported, got {stride} {shapes}")
    if any(p < 0 for pair in padding for p in pair):
        raise RuntimeError(f"{who}: negative padding is not supported, got {padding} {shapes}")
    if any(d <= 0 for d in dilation):
        raise RuntimeError(f"{who}: dilation should be greater than zero, got {dilation} {shapes}")
    if groups <= 0:
        raise RuntimeError(f"{who}: non-positive groups is not supported, got {groups} {shapes}")
