"""Layers that would learn their input's size from the first input; not covered.

>>> LazyLinear(3)
Traceback (most recent call last):
NotImplementedError: torch.nn.LazyLinear is not covered by minitorch: use Linear, with the number \
of its inputs
"""

from __future__ import annotations

from minitorch.nn.modules._refused import Refused

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]


class LazyLinear(Refused):
    """Not covered: a `Linear` that finds out its in_features."""

    _instead = "use Linear, with the number of its inputs"


class _LazyChannels(Refused):
    _instead = "use the class without Lazy in its name, with the number of its channels"


class LazyConv1d(_LazyChannels):
    """Not covered: a `Conv1d` that finds out its in_channels."""


class LazyConv2d(_LazyChannels):
    """Not covered: a `Conv2d` that finds out its in_channels."""


class LazyConv3d(_LazyChannels):
    """Not covered: a `Conv3d` that finds out its in_channels."""


class LazyConvTranspose1d(_LazyChannels):
    """Not covered: a `ConvTranspose1d` that finds out its in_channels."""


class LazyConvTranspose2d(_LazyChannels):
    """Not covered: a `ConvTranspose2d` that finds out its in_channels."""


class LazyConvTranspose3d(_LazyChannels):
    """Not covered: a `ConvTranspose3d` that finds out its in_channels."""


class LazyBatchNorm1d(_LazyChannels):
    """Not covered: a `BatchNorm1d` that finds out its num_features."""


class LazyBatchNorm2d(_LazyChannels):
    """Not covered: a `BatchNorm2d` that finds out its num_features."""


class LazyBatchNorm3d(_LazyChannels):
    """Not covered: a `BatchNorm3d` that finds out its num_features."""


class LazyInstanceNorm1d(_LazyChannels):
    """Not covered: an `InstanceNorm1d` that finds out its num_features."""


class LazyInstanceNorm2d(_LazyChannels):
    """Not covered: an `InstanceNorm2d` that finds out its num_features."""


class LazyInstanceNorm3d(_LazyChannels):
    """Not covered: an `InstanceNorm3d` that finds out its num_features."""
