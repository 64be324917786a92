"""Pooling layers; what they compute is in `minitorch.nn.functional`.

Shape: ``(N, C, *)`` or ``(C, *)``, with 1, 2 or 3 dimensions ``*``, to the same with these smaller.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules._functional import FunctionalModule, UnaryModule
from minitorch.nn.modules.utils import _ntuple, _single

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPoolNd(UnaryModule):
    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        sizes = (self.kernel_size, self.stride, self.padding, self.dilation)
        return self._function(input, *sizes, self.ceil_mode, self.return_indices)


class MaxPool1d(_MaxPoolNd, function=F.max_pool1d):
    """The largest element of each window of ``(N, C, L)``."""


class MaxPool2d(_MaxPoolNd, function=F.max_pool2d):
    """The largest element of each window of ``(N, C, H, W)``.

    >>> import minitorch
    >>> MaxPool2d(2)(minitorch.arange(16.0).reshape(1, 4, 4))
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """


class MaxPool3d(_MaxPoolNd, function=F.max_pool3d):
    """The largest element of each window of ``(N, C, D, H, W)``."""


class _FractionalMaxPoolNd(FunctionalModule):
    _shown = ()

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        sizes = _ntuple(self._dims)
        self.kernel_size, self.return_indices = sizes(kernel_size), return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else sizes(output_size)
        self.output_ratio = None if output_ratio is None else sizes(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{type(self).__name__} requires specifying either an output size, or a pooling "
                "ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        sizes = (self.kernel_size, self.output_size, self.output_ratio)
        return self._function(input, *sizes, self.return_indices, self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPoolNd, function=F.fractional_max_pool2d, dims=2):
    """The largest elements of windows of ``(N, C, H, W)`` at drawn places.

    Args:
        kernel_size: of the windows; an int, or one a dimension.
        output_size: how many windows there are along each dimension.
        output_ratio: that, as shares of the input's size, between 0 and 1.
        return_indices: whether to give each maximum's place, too, for `MaxUnpool2d`.

    Raises:
        ValueError: for neither a size nor a ratio, both, or a ratio that is none.

    >>> import minitorch
    >>> FractionalMaxPool2d(2, output_ratio=0.5)(minitorch.zeros(1, 1, 6, 9)).shape
    torch.Size([1, 1, 3, 4])
    """


class FractionalMaxPool3d(_FractionalMaxPoolNd, function=F.fractional_max_pool3d, dims=3):
    """The largest elements of boxes of ``(N, C, D, H, W)``; see `FractionalMaxPool2d`."""


class _MaxUnpoolNd(FunctionalModule):
    _shown = ("kernel_size", "stride", "padding")

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        sizes = _ntuple(self._dims)
        self.kernel_size, self.padding = sizes(kernel_size), sizes(padding)
        self.stride = sizes(kernel_size if stride is None else stride)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        sizes = (self.kernel_size, self.stride, self.padding)
        return self._function(input, indices, *sizes, output_size)


class MaxUnpool1d(_MaxUnpoolNd, function=F.max_unpool1d, dims=1):
    """Maxima put back where `MaxPool1d` with ``return_indices`` found them, zeros around."""


class MaxUnpool2d(_MaxUnpoolNd, function=F.max_unpool2d, dims=2):
    """Maxima put back where `MaxPool2d` with ``return_indices`` found them, zeros around."""


class MaxUnpool3d(_MaxUnpoolNd, function=F.max_unpool3d, dims=3):
    """Maxima put back where `MaxPool3d` with ``return_indices`` found them, zeros around."""


class _AvgPoolNd(UnaryModule):
    _shown = ("kernel_size", "stride", "padding")
    _options: ClassVar[tuple[str, ...]] = (*_shown, "ceil_mode", "count_include_pad")


class _DividedAvgPoolNd(_AvgPoolNd, options=(*_AvgPoolNd._options, "divisor_override")):
    """Average pooling with `divisor_override`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override


class AvgPool1d(_AvgPoolNd, function=F.avg_pool1d):
    """The mean of each window of ``(N, C, L)``."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = _single(kernel_size), _single(padding)
        self.stride = _single(kernel_size if stride is None else stride)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad


class AvgPool2d(_DividedAvgPoolNd, function=F.avg_pool2d):
    """The mean of each window of ``(N, C, H, W)``."""


class AvgPool3d(_DividedAvgPoolNd, function=F.avg_pool3d):
    """The mean of each window of ``(N, C, D, H, W)``."""


class _LPPoolNd(UnaryModule, options=("norm_type", "kernel_size", "stride", "ceil_mode")):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.ceil_mode = norm_type, ceil_mode
        self.kernel_size, self.stride = kernel_size, stride


class LPPool1d(_LPPoolNd, function=F.lp_pool1d):
    """The `norm_type`-norm of each window of ``(N, C, L)``."""


class LPPool2d(_LPPoolNd, function=F.lp_pool2d):
    """The `norm_type`-norm of each window of ``(N, C, H, W)``."""


class LPPool3d(_LPPoolNd, function=F.lp_pool3d):
    """The `norm_type`-norm of each window of ``(N, C, D, H, W)``."""


class _AdaptiveAvgPoolNd(UnaryModule, options=("output_size",)):
    """Args: output_size: one for all dimensions or one each; None keeps the input's."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd, function=F.adaptive_avg_pool1d):
    """Means of windows such that ``(N, C, output_size)`` comes out."""


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd, function=F.adaptive_avg_pool2d):
    """Means of windows such that ``(N, C, *output_size)`` comes out.

    >>> import minitorch
    >>> AdaptiveAvgPool2d((None, 1))(minitorch.zeros(2, 3, 5, 7)).shape
    torch.Size([2, 3, 5, 1])
    """


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd, function=F.adaptive_avg_pool3d):
    """Means of windows such that ``(N, C, *output_size)`` comes out."""


class _AdaptiveMaxPoolNd(UnaryModule):
    _options, _shown = ("output_size", "return_indices"), ("output_size",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd, function=F.adaptive_max_pool1d):
    """Maxima of windows such that ``(N, C, output_size)`` comes out."""


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd, function=F.adaptive_max_pool2d):
    """Maxima of windows such that ``(N, C, *output_size)`` comes out."""


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd, function=F.adaptive_max_pool3d):
    """Maxima of windows such that ``(N, C, *output_size)`` comes out."""
