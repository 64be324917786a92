"""Convolution layers, and their transposes; what is computed is in `minitorch.nn.functional`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitorch._tensor import Tensor
from minitorch.nn import functional as F, init
from minitorch.nn.modules._functional import FunctionalModule
from minitorch.nn.modules.lazy import LazyModuleMixin
from minitorch.nn.modules.utils import _ntuple, add_affine, unusual
from minitorch.nn.parameter import Parameter, UninitializedParameter

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _ConvNd(FunctionalModule):
    """Base of convolutions and their transposes; sizes are tuples, one a dimension."""

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
                )
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(
                f"padding_mode must be one of {set(modes)}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation = padding, dilation
        self.transposed, self.output_padding = transposed, output_padding
        self.groups, self.padding_mode = groups, padding_mode
        self._reversed_padding_repeated_twice = self._sides()
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (first, second // groups, *kernel_size)
        add_affine(self, shape, out_channels if bias else None, device, dtype)

    def _sides(self) -> list[int]:
        """Write padding as `F.pad` takes it: the last dimension first, both sides of each."""
        if self.padding == "valid":
            return [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=False)]
            pairs = [(span // 2, span - span // 2) for span in spans]
        else:
            pairs = [(int(side), int(side)) for side in self.padding]
        return [side for pair in reversed(pairs) for side in pair]

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)), as PyTorch does."""
        reset_affine(self.weight, self.bias)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
        text += f"stride={self.stride}"
        sizes = _ntuple(len(self.kernel_size))
        usual = {"padding": sizes(0), "dilation": sizes(1), "output_padding": sizes(0), "groups": 1}
        text += unusual(self, **usual) + (", bias=False" if self.bias is None else "")
        return text + unusual(self, padding_mode="zeros")


class _Conv(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = _ntuple(self._dims)
        padding = padding if isinstance(padding, str) else sizes(padding)
        window = (sizes(kernel_size), sizes(stride), padding, sizes(dilation), False, sizes(0))
        rest = (groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *window, *rest)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = (
                F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode),
                0,
            )
        return self._function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv, function=F.conv1d, dims=1):
    """A learned convolution over sequences, ``(N, C, L)`` or ``(C, L)``; see `Conv2d`."""


class Conv2d(_Conv, function=F.conv2d, dims=2):
    """A learned convolution over images; see `minitorch.nn.functional.conv2d`.

    Args:
        in_channels, out_channels: channels of the images before and after.
        kernel_size, stride, padding, dilation: an int, or one a dimension; padding also 'same'
            or 'valid'.
        groups: into how many independent parts the channels are cut.
        bias: whether to add a learned number to each output channel.
        padding_mode: what to pad with, 'zeros', 'reflect', 'replicate' or 'circular'.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)`` to the same with O channels.

    Raises:
        ValueError: for channels that cannot be cut, or an unknown padding.

    >>> import minitorch
    >>> Conv2d(1, 8, 3, padding=1)(minitorch.zeros(4, 1, 8, 8)).shape
    torch.Size([4, 8, 8, 8])
    """


class Conv3d(_Conv, function=F.conv3d, dims=3):
    """A learned convolution over volumes, ``(N, C, D, H, W)`` or ``(C, D, H, W)``; see `Conv2d`."""


class _ConvTransposeNd(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        sizes = _ntuple(self._dims)
        padding, added = sizes(padding), sizes(output_padding)
        window = (sizes(kernel_size), sizes(stride), padding, sizes(dilation), True, added)
        rest = (groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *window, *rest)

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> Any:
        """Compute the padding at the end that gives the output the size asked for.

        Several sizes lead to the same size of a strided convolution; `output_size` picks one.
        """
        if output_size is None:
            return self.output_padding
        dims = self._dims
        lead = 2 if input.dim() == dims + 2 else 1
        wanted = list(output_size)[lead:] if len(output_size) == lead + dims else output_size
        if len(wanted) != dims:
            raise ValueError(
                f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} or "
                f"{lead + dims} elements (got {len(wanted)})"
            )
        spans = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        least = [
            (input.size(lead + i) - 1) * self.stride[i] - 2 * int(self.padding[i]) + spans[i]
            for i in range(dims)
        ]
        most = [size + step - 1 for size, step in zip(least, self.stride, strict=True)]
        if any(not a <= w <= b for a, w, b in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {least} "
                f"to {most} (for an input of {input.size()[2:]})"
            )
        return [w - a for w, a in zip(wanted, least, strict=True)]

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        added = self._output_padding(input, output_size)
        sizes = (self.stride, self.padding, added, self.groups, self.dilation)
        return self._function(input, self.weight, self.bias, *sizes)


class ConvTranspose1d(_ConvTransposeNd, function=F.conv_transpose1d, dims=1):
    """The transpose of `Conv1d`, ``(N, C, L)`` to a longer one; see `ConvTranspose2d`."""


class ConvTranspose2d(_ConvTransposeNd, function=F.conv_transpose2d, dims=2):
    """The transpose of `Conv2d`: what its gradient does to images, with learned weights.

    Args:
        in_channels, out_channels: channels of the images before and after.
        kernel_size, stride, padding, dilation: of the convolution that it is the transpose of.
        output_padding: what to add to one side of the output's size.
        groups: into how many independent parts the channels are cut.
        bias: whether to add a learned number to each output channel.
        padding_mode: 'zeros', nothing else.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)`` to the same with O channels, of
    ``(H - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1`` rows.
    When called, ``output_size=`` may ask for a size instead of giving `output_padding`.

    Raises:
        ValueError: for channels that cannot be cut, another `padding_mode`, or an `output_size`
            that no input of the convolution has.

    >>> import minitorch
    >>> up, x = ConvTranspose2d(8, 1, 3, stride=2), minitorch.zeros(4, 8, 5, 5)
    >>> up(x).shape, up(x, output_size=(12, 11)).shape
    (torch.Size([4, 1, 11, 11]), torch.Size([4, 1, 12, 11]))
    """


class ConvTranspose3d(_ConvTransposeNd, function=F.conv_transpose3d, dims=3):
    """The transpose of `Conv3d`, ``(N, C, D, H, W)`` to a larger one; see `ConvTranspose2d`."""


def reset_affine(weight: Parameter, bias: Parameter | None) -> None:
    """PyTorch's default for linear and convolution layers: first the weight, then the bias.

    Kaiming's bound with a = sqrt(5) is 1 / sqrt(fan_in).
    """
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)


class _LazyConvXdMixin(LazyModuleMixin):
    """A convolution, or its transpose, that finds out its in_channels when it is first called."""

    def _without_shape(self: Any, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        for name in ("weight", "bias") if bias else ("weight",):
            self.register_parameter(name, UninitializedParameter(device=device, dtype=dtype))

    def reset_parameters(self: Any) -> None:
        """Draw weight and bias as the layer does, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Give weight and bias the shapes that the input asks for, and draw them.

        Raises:
            RuntimeError: for an input of another number of dimensions.
            ValueError: for channels that cannot be cut into groups.
        """
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _get_in_channels(self: Any, input: Tensor) -> int:
        unbatched = self._dims + 1
        if input.dim() not in (unbatched, unbatched + 1):
            raise RuntimeError(
                f"Expected {unbatched}D (unbatched) or {unbatched + 1}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return input.shape[input.dim() - unbatched]


class _LazyConv(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        window = (kernel_size, stride, padding, dilation, groups)
        super().__init__(0, 0, *window, False, padding_mode, device, dtype)
        self._without_shape(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` that finds out its in_channels when it is first called; see `LazyConv2d`."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` that finds out its in_channels when it is first called.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)`` to the same with O channels.

    Raises:
        RuntimeError: for a first input of another number of dimensions.
        ValueError: as for `Conv2d`, some only at the first call.

    >>> import minitorch
    >>> layer = LazyConv2d(8, 3, padding=1)
    >>> layer(minitorch.zeros(4, 1, 8, 8)).shape
    torch.Size([4, 8, 8, 8])
    >>> layer
    Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` that finds out its in_channels when it is first called; see `LazyConv2d`."""

    cls_to_become = Conv3d


class _LazyConvTranspose(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        window = (kernel_size, stride, padding, output_padding, groups)
        super().__init__(0, 0, *window, False, dilation, padding_mode, device, dtype)
        self._without_shape(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` that finds out its in_channels when it is first called.

    See `LazyConv2d`.
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` that finds out its in_channels when it is first called.

    See `LazyConv2d`.
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` that finds out its in_channels when it is first called.

    See `LazyConv2d`.
    """

    cls_to_become = ConvTranspose3d
