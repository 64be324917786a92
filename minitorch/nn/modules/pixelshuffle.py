"""Channels turned into places, and places into channels (Shi et al., 2016)."""

from __future__ import annotations

from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(UnaryModule, function=F.pixel_shuffle, options=("upscale_factor",)):
    """``(*, C * r ** 2, H, W)`` to ``(*, C, H * r, W * r)``, where r is `upscale_factor`."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor


class PixelUnshuffle(UnaryModule, function=F.pixel_unshuffle, options=("downscale_factor",)):
    """``(*, C, H * r, W * r)`` to ``(*, C * r ** 2, H, W)``, where r is `downscale_factor`."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor
