"""Normalisation within a sample; what is computed is in `minitorch.nn.functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule
from minitorch.nn.modules._refused import Refused
from minitorch.nn.modules.utils import ScaleAndShift, _single

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LayerNorm(ScaleAndShift):
    """The last dimensions standardised, times `weight`, plus `bias` (Ba et al., 2016).

    Args:
        normalized_shape: the sizes of these dimensions; an int for the last one alone.
        eps: added to the variance.
        elementwise_affine: whether to have a learned weight and (with `bias`) bias.

    Shape: ``(*, *normalized_shape)``, to the same.

    >>> import minitorch
    >>> LayerNorm(2)(minitorch.tensor([1.0, 3.0])).detach()
    tensor([-1.0000,  1.0000])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _single(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._learn(self.normalized_shape, elementwise_affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(ScaleAndShift):
    """Groups of channels of each sample standardised together (Wu & He, 2018).

    Args:
        num_groups, num_channels: how many groups, of how many channels altogether.
        eps: added to the variance.
        affine: whether to have a learned weight and (with `bias`) bias, a number a channel.

    Shape: ``(N, C, *)``, to the same.

    Raises:
        ValueError: for channels that cannot be cut into the groups.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._learn(num_channels, affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(ScaleAndShift):
    """The last dimensions over their root mean square, times `weight` (Zhang & Sennrich, 2019).

    Args:
        normalized_shape: the sizes of these dimensions; an int for the last one alone.
        eps: added to the mean square; by default the dtype's resolution.
        elementwise_affine: whether to have a learned weight.

    Shape: ``(*, *normalized_shape)``, to the same.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _single(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._learn(self.normalized_shape, elementwise_affine, None, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class LocalResponseNorm(UnaryModule, function=F.local_response_norm):
    """Each channel over a power of its neighbours' mean square (Krizhevsky et al., 2012).

    Shape: ``(N, C, *)``, to the same.
    """

    _options = ("size", "alpha", "beta", "k")

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Refused):
    """Not covered: an old form of `LocalResponseNorm`."""

    _instead = "use LocalResponseNorm"
