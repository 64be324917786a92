"""Convolution, transposed convolution, and the products that are their gradients.

Convolution is linear in the input and in the weight. Its gradient in either is again a product of
the same kind, and the three are closed under differentiation: each one's backward is the other
two. So every order is right as soon as the three kernels are. Transposed convolution is the
gradient in the input, used forwards.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import conv as kernels
from minitorch.kernels._windows import laid_batch_last, output_size
from minitorch.ops.math.reduce import Sum
from minitorch.ops.nn.windows import Pairs, Sizes, check_dtype, check_not_empty, check_rank, spatial
from minitorch.ops.support.operands import in_1d_2d_3d, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "fold",
    "unfold",
]


def _channel_sums(grad: Any) -> Any:
    return Sum.apply(grad, dims=(0, *range(2, grad.ndim)), keepdim=False)


class Convolution(Function):
    """y[n, o, p] = b[o] + sum over c, k of w[o, c, k] * x[n, c, p * stride + k * dilation].

    `padding` is a (before, after) pair for each spatial dimension.
    """

    memory_layout = "chosen"
    channels_last_from = 3
    torch_name = "ConvolutionBackward0"
    returns_fresh_gradients = True

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
        grad_x = grad_w = None
        if self.needs(0):
            grad_x = ConvTranspose.apply(grad, w, None, shape=self.x_shape, **self.geometry)
        if self.needs(1):
            grad_w = ConvWeightGrad.apply(grad, x, shape=self.w_shape, **self.geometry)
        return grad_x, grad_w, _channel_sums(grad) if self.needs(2) else None

    def backward_kernel(self, grad: Array) -> Any:
        x, w = self.saved
        columns, geometry = self.cache, self.geometry  # the columns of forward serve again
        needs_w, needs_b = self.needs(1), self.needs(2)
        grad_x = grad_w = None
        if needs_w and self.needs(0):  # else it would be turned around for each of them
            grad = laid_batch_last(grad)
        if self.needs(0):
            grad_x = kernels.conv_input(grad, w, self.x_shape, **geometry)
        if needs_w and needs_b and columns is not None:
            return grad_x, *kernels.conv_parameters(grad, x, self.w_shape, columns, **geometry)
        if needs_w:
            grad_w = kernels.conv_weight(grad, x, self.w_shape, columns=columns, **geometry)
        return grad_x, grad_w, _channel_sums(grad) if needs_b else None


class ConvWeightGrad(Function):
    """The gradient of a convolution in its weight: from y's and x's shapes to w's."""

    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, y: Array, x: Array, *, shape: Sizes, **geometry: Any) -> Array:
        self.geometry, self.x_shape, self.y_shape = geometry, x.shape, y.shape
        self.save(y if self.needs(1) else None, x if self.needs(0) else None)
        return kernels.conv_weight(y, x, shape, **geometry)

    def backward(self, grad: Tensor) -> Any:
        (y, x), grad_x = self.saved, None
        grad_y = _convolved(x, grad, self.y_shape, self.geometry) if self.needs(0) else None
        if self.needs(1):
            grad_x = ConvTranspose.apply(y, grad, None, shape=self.x_shape, **self.geometry)
        return grad_y, grad_x


def _convolved(x: Tensor, w: Tensor, shape: Sizes, geometry: dict[str, Any]) -> Tensor:
    """The convolution of x and w, cut to `shape`.

    What is longer comes of an output padding as large as the stride: more windows fit into the
    result of a transposed convolution than made it.
    """
    y: Tensor = Convolution.apply(x, w, None, **geometry)
    return y if y.shape == shape else y[tuple(slice(size) for size in shape)]


# ---- convolution ------------------------------------------------------------------------------
# The classes differ in name alone, which is what the checker and pictures call them.


class Conv1d(Convolution):
    """Convolution over one spatial dimension: sequences as (N, C, L)."""


class Conv2d(Convolution):
    """Convolution over two spatial dimensions: images as (N, C, H, W)."""


class Conv3d(Convolution):
    """Convolution over three spatial dimensions: volumes as (N, C, D, H, W)."""


CONVOLUTIONS = (Convolution, Conv1d, Conv2d, Conv3d)  # by number of dimensions


# `conv1d`, `conv2d` and `conv3d`, which are made of it below.
def _conv(
    dims: int,
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
        NotImplementedError: for bool tensors.

    >>> import minitorch
    >>> image, kernel = minitorch.ones(1, 1, 8, 8), minitorch.ones(1, 1, 5, 5)
    >>> conv2d(image, kernel, stride=3)
    tensor([[[[25., 25.],
              [25., 25.]]]])
    """
    who = f"conv{dims}d"
    x, w = require_tensor(who, "input", input), require_tensor(who, "weight", weight)
    x_shape, w_shape = x.shape, w._array.shape
    strides = spatial(who, "stride", stride, dims)
    dilations = spatial(who, "dilation", dilation, dims)
    if not isinstance(padding, str):
        padding = spatial(who, "padding", padding, dims)
    geometry = _conv_geometry(who, dims, x_shape, w_shape, strides, padding, dilations, groups)
    _check_operands(who, x, w, bias, w_shape[0])
    if len(x_shape) == dims + 1:
        return CONVOLUTIONS[dims].apply(x.unsqueeze(0), w, bias, **geometry).squeeze(0)
    return CONVOLUTIONS[dims].apply(x, w, bias, **geometry)


conv1d, conv2d, conv3d = in_1d_2d_3d(
    _conv,
    """Slide each kernel along the sequences; see `conv2d`.

    Shape:
        input ``(N, C, L)`` or ``(C, L)``, weight ``(O, C / groups, k)``, bias ``(O)``;
        output ``(N, O, L')``.

    >>> import minitorch
    >>> steps = minitorch.tensor([[[1.0, 4.0, 9.0, 16.0]]])
    >>> conv1d(steps, minitorch.tensor([[[-1.0, 1.0]]]))
    tensor([[[3., 5., 7.]]])
    """,
    """Slide each kernel through the volumes; see `conv2d`.

    Shape:
        input ``(N, C, D, H, W)`` or ``(C, D, H, W)``, weight ``(O, C / groups, kd, kh, kw)``,
        bias ``(O)``; output ``(N, O, D', H', W')``.
    """,
)


@functools.lru_cache(maxsize=512, typed=True)
def _conv_geometry(
    who: str, dims: int, x: Sizes, w: Sizes, strides: Sizes, padding: Any, dilation: Sizes, G: int
) -> dict[str, Any]:
    """Settings of a `Convolution`, once it is known that the shapes fit.

    A training loop asks the same over and over, which is why the answers are kept.
    """
    x = tuple(x)  # a Size would say so in the errors
    shapes = f"(input {x}, weight {w})"
    _check_ranks(who, dims, x, w, "(out, in / groups, *kernel)")
    kernel = w[2:]
    if padding == "same":  # as many as keep the size; what is odd goes behind, as in PyTorch
        if any(s != 1 for s in strides):
            raise RuntimeError(f"{who}: padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pairs = tuple((n // 2, n - n // 2) for n in total)
    elif isinstance(padding, str) and padding != "valid":
        raise RuntimeError(f"{who}: padding must be 'same', 'valid' or ints, got {padding!r}")
    else:
        pairs = ((0, 0),) * dims if padding == "valid" else tuple((p, p) for p in padding)
    _check_geometry(who, strides, pairs, dilation, G, shapes)
    channels = x[-dims - 1]
    if w[0] < G or w[0] % G:
        raise RuntimeError(f"{who}: {w[0]} output channels cannot be cut into {G} groups {shapes}")
    if channels != w[1] * G:
        raise RuntimeError(
            f"{who}: Given groups={G}, weight of size {list(w)}, expected input"
            f"{list(x)} to have {w[1] * G} channels, but got {channels} channels "
            f"instead {shapes}"
        )
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    for size, wide, (before, after) in zip(x[-dims:], reach, pairs, strict=True):
        if size + before + after < wide:
            raise RuntimeError(
                f"{who}: Calculated padded input size per channel: "
                f"({_by_x(s + sum(p) for s, p in zip(x[-dims:], pairs, strict=True))}). "
                f"Kernel size: ({_by_x(reach)}). Kernel size can't be greater than actual input "
                f"size {shapes}"
            )
    _check_not_empty(who, dims, x, w)
    return {"stride": strides, "padding": pairs, "dilation": dilation, "groups": G}


def _by_x(sizes: Any) -> str:
    return " x ".join(str(size) for size in sizes)


def _check_ranks(who: str, dims: int, x: Sizes, w: Sizes, layout: str) -> None:
    if len(w) != dims + 2:
        raise RuntimeError(
            f"{who}: expected a {dims + 2}D weight {layout}, got {len(w)}D (input {x}, weight {w})"
        )
    if len(x) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {who}, but got "
            f"input of size: {list(x)}"
        )


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


def _check_operands(who: str, x: Tensor, w: Tensor, bias: Tensor | None, channels: int) -> None:
    """Refuse a bias of another shape, and operands of several dtypes or of bool."""
    if bias is not None and require_tensor(who, "bias", bias)._array.shape != (channels,):
        raise RuntimeError(
            f"{who}: Given weight of size {list(w._array.shape)}, expected bias to be "
            f"1-dimensional with {channels} elements, but got bias of size "
            f"{list(bias._array.shape)} instead"
        )
    dtype = x._numpy_dtype
    for name, operand in (("weight", w), ("bias", bias)):
        if operand is not None and operand._array.dtype != dtype:
            raise RuntimeError(
                f"{who}: Input type ({x.dtype}) and {name} type ({operand.dtype}) should be the "
                "same; convert one with .to()"
            )
    if dtype.kind == "b":
        check_dtype(who, x, "fiu")


def _check_not_empty(who: str, dims: int, x: Sizes, w: Sizes) -> None:
    if 0 in x[-dims:] or 0 in w[2:]:
        raise RuntimeError(
            f"{who}: only an empty batch is supported; spatial dimensions and kernels must not be "
            f"empty (input {x}, weight {w})"
        )


# ---- transposed convolution -------------------------------------------------------------------


class ConvTranspose(Function):
    """The gradient of a convolution in its input: from y's shape back to x's, plus b a channel."""

    memory_layout = "chosen"
    channels_last_from = 3
    torch_name = "ConvolutionBackward0"
    backward_takes_arrays = True
    returns_fresh_gradients = True

    def forward(
        self, y: Array, w: Array, b: Array | None, *, shape: Sizes, **geometry: Any
    ) -> Array:
        self.geometry, self.y_shape, self.w_shape = geometry, y.shape, w.shape
        self.save(y if self.needs(1) else None, w if self.needs(0) else None)
        return kernels.conv_input(y, w, shape, bias=b, **geometry)

    def backward(self, grad: Tensor) -> Any:
        (y, w), grad_w = self.saved, None
        grad_y = _convolved(grad, w, self.y_shape, self.geometry) if self.needs(0) else None
        if self.needs(1):
            grad_w = ConvWeightGrad.apply(y, grad, shape=self.w_shape, **self.geometry)
        return grad_y, grad_w, _channel_sums(grad) if self.needs(2) else None


def _conv_transpose(
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The gradient of `conv2d` in its input, used forwards: every element spreads a kernel.

    Args:
        input: the images.
        weight: the kernels.
        bias: added to each output channel.
        stride: how far apart the kernels of neighbouring elements lie.
        padding: how much is cut off around the result.
        output_padding: how much longer the result is at its end: it tells apart the sizes that a
            convolution with a stride makes the same. Smaller than the stride or the dilation.
        groups: input and output channels are cut into so many independent parts.
        dilation: the distance between kernel elements.

    Shape:
        input ``(N, C, H, W)`` or ``(C, H, W)``, weight ``(C, O / groups, kh, kw)``, bias ``(O)``;
        output ``(N, O, H', W')`` with ``H' = (H - 1) stride - 2 padding + dilation (kh - 1)
        + output_padding + 1``.

    Raises:
        RuntimeError: for channels, shapes or dtypes that do not fit, or a result without elements.
        NotImplementedError: for bool tensors.

    >>> import minitorch
    >>> conv_transpose2d(minitorch.ones(1, 1, 2, 2), minitorch.ones(1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    who = f"conv_transpose{dims}d"
    x, w = require_tensor(who, "input", input), require_tensor(who, "weight", weight)
    x_shape, w_shape = tuple(x.shape), w._array.shape
    shapes = f"(input {x_shape}, weight {w_shape})"
    _check_ranks(who, dims, x_shape, w_shape, "(in, out / groups, *kernel)")
    strides, pads = spatial(who, "stride", stride, dims), spatial(who, "padding", padding, dims)
    extra = spatial(who, "output_padding", output_padding, dims)
    dilations = spatial(who, "dilation", dilation, dims)
    pairs = tuple((p, p) for p in pads)
    _check_geometry(who, strides, pairs, dilations, groups, shapes)
    if any(e < 0 for e in extra):
        raise RuntimeError(f"{who}: negative output_padding is not supported, got {extra} {shapes}")
    if any(e >= s and e >= d for e, s, d in zip(extra, strides, dilations, strict=True)):
        raise RuntimeError(
            f"{who}: output padding must be smaller than either stride or dilation, but got "
            f"output_padding={extra}, stride={strides}, dilation={dilations}"
        )
    C, outs = w_shape[0], w_shape[1] * groups
    if groups > C or C % groups:
        raise RuntimeError(f"{who}: {C} input channels cannot be cut into {groups} groups {shapes}")
    if x_shape[-dims - 1] != C:
        raise RuntimeError(
            f"{who}: Given transposed=1, weight of size {list(w_shape)}, expected input"
            f"{list(x_shape)} to have {C} channels, but got {x_shape[-dims - 1]} channels instead "
            f"{shapes}"
        )
    _check_operands(who, x, w, bias, outs)
    _check_not_empty(who, dims, x_shape, w_shape)
    out = tuple(
        (size - 1) * s - 2 * p + d * (k - 1) + e + 1
        for size, s, p, d, k, e in zip(
            x_shape[-dims:], strides, pads, dilations, w_shape[2:], extra, strict=True
        )
    )
    if outs == 0 or any(size < 1 for size in out):
        raise RuntimeError(
            f"{who}: the output of {outs} channels and size ({_by_x(out)}) would be empty {shapes}"
        )
    batched = x if len(x_shape) == dims + 2 else x.unsqueeze(0)
    geometry = {"stride": strides, "padding": pairs, "dilation": dilations, "groups": groups}
    shape = (batched.shape[0], outs, *out)
    y: Tensor = ConvTranspose.apply(batched, w, bias, shape=shape, **geometry)
    return y if batched is x else y.squeeze(0)


conv_transpose1d, conv_transpose2d, conv_transpose3d = in_1d_2d_3d(
    _conv_transpose,
    """The gradient of `conv1d` in its input, used forwards; see `conv_transpose2d`.

    Shape:
        input ``(N, C, L)`` or ``(C, L)``, weight ``(C, O / groups, k)``, bias ``(O)``;
        output ``(N, O, L')``.
    """,
    """The gradient of `conv3d` in its input, used forwards; see `conv_transpose2d`.

    Shape:
        input ``(N, C, D, H, W)`` or ``(C, D, H, W)``, weight ``(C, O / groups, kd, kh, kw)``, bias
        ``(O)``; output ``(N, O, D', H', W')``.
    """,
)


# ---- windows as columns -----------------------------------------------------------------------


class Unfold(Function):
    """y[n, (c, k), p] = x[n, c, p * stride + k * dilation]: each window as a column."""

    torch_name = "Im2ColBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, **geometry: Any) -> Array:
        self.geometry, self.shape = geometry, x.shape
        return kernels.unfold(x, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return Fold.apply(grad, shape=self.shape, **self.geometry)


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Every window of the images as a column (im2col).

    Shape:
        ``(N, C, H, W)`` to ``(N, C * kh * kw, L)`` with L the number of windows; or without N.

    Raises:
        RuntimeError: for a window larger than the padded input, or another rank.
        NotImplementedError: for integers, as in PyTorch.

    >>> import minitorch
    >>> unfold(minitorch.arange(6.0).reshape(1, 1, 2, 3), 2)
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    x = require_tensor("unfold", "input", input)
    check_rank("unfold", x, 2)
    check_not_empty("unfold", x.shape, 2)
    check_dtype("unfold", x, "fb")
    geometry = _unfold_geometry("unfold", kernel_size, dilation, padding, stride)
    _window_counts("unfold", x.shape[-2:], geometry)
    if x.ndim == 3:
        return Unfold.apply(x.unsqueeze(0), **geometry).squeeze(0)
    return Unfold.apply(x, **geometry)


class Fold(Function):
    """y = every column of x added to the window it stands for: `Unfold`'s adjoint."""

    torch_name = "Col2ImBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, *, shape: Sizes, **geometry: Any) -> Array:
        self.geometry = geometry
        return kernels.fold(x, shape, **geometry)

    def backward(self, grad: Tensor) -> Any:
        return Unfold.apply(grad, **self.geometry)


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Images from the columns of `unfold`: windows are put back, and added up where they overlap.

    Shape:
        ``(N, C * kh * kw, L)`` to ``(N, C, *output_size)``; or without N.

    Raises:
        RuntimeError: unless there are as many columns as windows, each of C windows' elements.
        NotImplementedError: for integers, as in PyTorch.

    >>> import minitorch
    >>> fold(minitorch.ones(1, 4, 2), (2, 3), 2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    x = require_tensor("fold", "input", input)
    shape = x.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    check_dtype("fold", x, "fb")
    out = spatial("fold", "output_size", output_size, 2)
    geometry = _unfold_geometry("fold", kernel_size, dilation, padding, stride)
    rows, (kh, kw) = shape[-2], geometry["kernel"]
    if rows % (kh * kw):
        raise RuntimeError(
            "fold: Expected size of input's dimension 1 to be divisible by the product of "
            f"kernel_size, but got {rows} and kernel_size={(kh, kw)}"
        )
    counts = _window_counts("fold", out, geometry)
    if counts[0] * counts[1] != shape[-1]:
        raise RuntimeError(
            f"fold: an output of {out} has {counts[0]} x {counts[1]} windows of {geometry}, "
            f"expected as many columns, but got {shape[-1]}"
        )
    batched = x if len(shape) == 3 else x.unsqueeze(0)
    y: Tensor = Fold.apply(batched, shape=(batched.shape[0], rows // (kh * kw), *out), **geometry)
    return y if batched is x else y.squeeze(0)


def _unfold_geometry(who: str, *args: Any) -> dict[str, Any]:
    names = ("kernel_size", "dilation", "padding", "stride")
    kernel, dilation, pad, step = (spatial(who, n, v, 2) for n, v in zip(names, args, strict=True))
    for name, values in (("kernel_size", kernel), ("dilation", dilation), ("stride", step)):
        if any(v <= 0 for v in values):
            raise RuntimeError(f"{who}: {name} should be greater than zero, but got {values}")
    if any(p < 0 for p in pad):
        raise RuntimeError(f"{who}: padding should be non-negative, but got {pad}")
    pairs = tuple((p, p) for p in pad)
    return {"kernel": kernel, "stride": step, "padding": pairs, "dilation": dilation}


def _window_counts(who: str, size: Sizes, geometry: dict[str, Any]) -> Sizes:
    """Count the windows each way, of which there must be some."""
    kernel, stride = geometry["kernel"], geometry["stride"]
    counts = tuple(
        map(output_size, size, kernel, stride, geometry["padding"], geometry["dilation"])
    )
    if any(n < 1 for n in counts):
        raise RuntimeError(
            f"{who}: Given an image of size {size} and {geometry}, the calculated number of "
            f"windows is {counts}, which must be at least one"
        )
    return counts
