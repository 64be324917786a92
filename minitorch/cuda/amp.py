"""`torch.cuda.amp`: as `torch.amp`, for a GPU, which is not there: each switches itself off."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch import amp
from minitorch._dtypes import dtype as DType, float16
from minitorch.cpu.amp import _warn

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(amp.autocast):
    """`torch.amp.autocast` for a GPU: it warns, and changes nothing."""

    def __init__(
        self, enabled: bool = True, dtype: DType = float16, cache_enabled: bool = True
    ) -> None:
        _warn("cuda", "autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler` for a GPU: it warns, and scales nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn("cuda", "GradScaler")
        super().__init__("cuda", *args, **kwargs)


custom_fwd = partial(amp.custom_fwd, device_type="cuda")
custom_bwd = partial(amp.custom_bwd, device_type="cuda")
