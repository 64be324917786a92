"""Padding layers, over `minitorch.nn.functional.pad`.

Args: padding: one int for all sides, or one a side, the last dimension first: ``(left, right)``,
``(left, right, top, bottom)``, ``(left, right, top, bottom, front, back)``. Negative ones crop.

Shape: ``(N, C, *)`` or ``(C, *)``, with 1, 2 or 3 dimensions ``*``, to the same with these larger.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule
from minitorch.nn.modules.utils import _ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(UnaryModule):
    _mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _ntuple(2 * self._dims)(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        least = self._dims + 1
        if input.dim() not in (least, least + 1):
            raise ValueError(f"expected {least}D or {least + 1}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPadNd, dims=1):
    """``(N, C, L)`` continued as if it repeated itself."""


class CircularPad2d(_CircularPadNd, dims=2):
    """``(N, C, H, W)`` continued as if it repeated itself."""


class CircularPad3d(_CircularPadNd, dims=3):
    """``(N, C, D, H, W)`` continued as if it repeated itself."""


class _ReflectionPadNd(_PadNd):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd, dims=1):
    """``(N, C, L)`` continued by its mirror image, without its edge once more."""


class ReflectionPad2d(_ReflectionPadNd, dims=2):
    """``(N, C, H, W)`` continued by its mirror image, without its edge once more.

    >>> import minitorch
    >>> ReflectionPad2d((2, 0, 0, 0))(minitorch.tensor([[[1.0, 2.0, 3.0]]]))
    tensor([[[3., 2., 1., 2., 3.]]])
    """


class ReflectionPad3d(_ReflectionPadNd, dims=3):
    """``(N, C, D, H, W)`` continued by its mirror image, without its edge once more."""


class _ReplicationPadNd(_PadNd):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd, dims=1):
    """``(N, C, L)`` continued by its outermost elements."""


class ReplicationPad2d(_ReplicationPadNd, dims=2):
    """``(N, C, H, W)`` continued by its outermost elements."""


class ReplicationPad3d(_ReplicationPadNd, dims=3):
    """``(N, C, D, H, W)`` continued by its outermost elements."""


class _ConstantPadNd(_PadNd):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd, dims=1):
    """``(N, C, L)`` with `value` around."""


class ConstantPad2d(_ConstantPadNd, dims=2):
    """``(N, C, H, W)`` with `value` around."""


class ConstantPad3d(_ConstantPadNd, dims=3):
    """``(N, C, D, H, W)`` with `value` around."""


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPadNd, ConstantPad1d):
    """``(N, C, L)`` with zeros around."""


class ZeroPad2d(_ZeroPadNd, ConstantPad2d):
    """``(N, C, H, W)`` with zeros around."""


class ZeroPad3d(_ZeroPadNd, ConstantPad3d):
    """``(N, C, D, H, W)`` with zeros around."""
