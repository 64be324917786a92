"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

from minitorch._tensor import Tensor
from minitorch.factory import empty
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter


def as_pair(value: Any) -> Any:
    """One int for both spatial dimensions, or what was given."""
    return (value, value) if isinstance(value, int) else tuple(value)


class Conv2d(Module):
    """A learned convolution over images; see `minitorch.nn.functional.conv2d`.

    Args:
        in_channels, out_channels: channels of the images before and after.
        kernel_size, stride, padding, dilation: an int, or one a dimension; padding also 'same'
            or 'valid'.
        groups: into how many independent parts the channels are cut.
        bias: whether to add a learned number to each output channel.
        padding_mode: 'zeros', the only one covered.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)`` to the same with O channels.

    Raises:
        ValueError: for channels that cannot be cut, or an unknown padding.

    >>> import minitorch
    >>> Conv2d(1, 8, 3, padding=1)(minitorch.zeros(4, 1, 8, 8)).shape
    torch.Size([4, 8, 8, 8])
    """

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
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
                )
            if padding == "same" and any(s != 1 for s in as_pair(stride)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(
                f"padding_mode must be one of {set(modes)}, but got padding_mode='{padding_mode}'"
            )
        if padding_mode != "zeros":
            raise NotImplementedError(
                f"Conv2d: padding_mode={padding_mode!r} is not covered yet; use 'zeros'"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = as_pair(kernel_size), as_pair(stride)
        self.padding = padding if isinstance(padding, str) else as_pair(padding)
        self.dilation, self.groups = as_pair(dilation), groups
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype, device=device))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_channels, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)), as PyTorch does."""
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0, 0):
            text += f", padding={self.padding}"
        if self.dilation != (1, 1):
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text


def reset_affine(weight: Parameter, bias: Parameter | None) -> None:
    """PyTorch's default for linear and convolution layers: first the weight, then the bias.

    Kaiming's bound with a = sqrt(5) is 1 / sqrt(fan_in).
    """
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)
