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


def _lazy(name: str, learns: str, instead: str) -> type[Refused]:
    """The class that stands for a `name` that would find out its `learns`."""
    doc = f"Not covered: the `{name}` that finds out its {learns}."
    members = {"__doc__": doc, "__module__": __name__, "_instead": instead}
    return type(f"Lazy{name}", (Refused,), members)


_CHANNELS = "use the class without Lazy in its name, with the number of its channels"

LazyLinear = _lazy("Linear", "in_features", "use Linear, with the number of its inputs")
LazyConv1d = _lazy("Conv1d", "in_channels", _CHANNELS)
LazyConv2d = _lazy("Conv2d", "in_channels", _CHANNELS)
LazyConv3d = _lazy("Conv3d", "in_channels", _CHANNELS)
LazyConvTranspose1d = _lazy("ConvTranspose1d", "in_channels", _CHANNELS)
LazyConvTranspose2d = _lazy("ConvTranspose2d", "in_channels", _CHANNELS)
LazyConvTranspose3d = _lazy("ConvTranspose3d", "in_channels", _CHANNELS)
LazyBatchNorm1d = _lazy("BatchNorm1d", "num_features", _CHANNELS)
LazyBatchNorm2d = _lazy("BatchNorm2d", "num_features", _CHANNELS)
LazyBatchNorm3d = _lazy("BatchNorm3d", "num_features", _CHANNELS)
LazyInstanceNorm1d = _lazy("InstanceNorm1d", "num_features", _CHANNELS)
LazyInstanceNorm2d = _lazy("InstanceNorm2d", "num_features", _CHANNELS)
LazyInstanceNorm3d = _lazy("InstanceNorm3d", "num_features", _CHANNELS)
