"""Sliding windows as columns, and back."""

from __future__ import annotations

from typing import Any

from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule

__all__ = ["Fold", "Unfold"]


class Unfold(UnaryModule, function=F.unfold):
    """The windows of ``(N, C, H, W)`` as the columns of ``(N, C * kernel, windows)``.

    >>> import minitorch
    >>> Unfold(2)(minitorch.zeros(1, 3, 4, 5)).shape
    torch.Size([1, 12, 12])
    """

    _options = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride


class Fold(UnaryModule, function=F.fold):
    """The columns of ``(N, C * kernel, windows)`` added up, to ``(N, C, *output_size)``."""

    _options = ("output_size", "kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride
