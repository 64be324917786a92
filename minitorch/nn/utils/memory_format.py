"""The order in memory of the weights of convolutions."""

from __future__ import annotations

from typing import Any, TypeVar

from minitorch.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from minitorch.nn.modules.module import Module

M = TypeVar("M", bound=Module)


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lay the weights of `module`'s 2-D convolutions out in memory as `channels_last`.

    >>> import minitorch
    >>> conv = convert_conv2d_weight_memory_format(
    ...     minitorch.nn.Conv2d(2, 3, 2), minitorch.channels_last
    ... )
    >>> conv.weight.stride()
    (8, 1, 4, 2)
    """
    return _convert(module, memory_format, (Conv2d, ConvTranspose2d))


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lay the weights of `module`'s 3-D convolutions out in memory as `channels_last_3d`."""
    return _convert(module, memory_format, (Conv3d, ConvTranspose3d))


def _convert(module: M, memory_format: Any, kinds: tuple[type[Module], ...]) -> M:
    for part in module.modules():
        if isinstance(part, kinds):
            weight: Any = part.weight
            weight.data = weight.detach().clone(memory_format=memory_format)
    return module
