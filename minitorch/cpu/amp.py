"""Mixed precision under its older name, by which PyTorch warns of itself: use `minitorch.amp`."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch import amp
from minitorch._dtypes import bfloat16, dtype as DType

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """``minitorch.amp.autocast("cpu", ...)``."""

    def __init__(
        self, enabled: bool = True, dtype: DType = bfloat16, cache_enabled: bool = True
    ) -> None:
        _warn("cpu", "autocast")
        super().__init__("cpu", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """``minitorch.amp.GradScaler("cpu", ...)``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn("cpu", "GradScaler")
        super().__init__("cpu", *args, **kwargs)


def _warn(device: str, name: str) -> None:
    warnings.warn(
        f"`torch.{device}.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}"
        f"('{device}', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )
