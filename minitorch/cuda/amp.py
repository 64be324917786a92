"""`torch.cuda.amp`: as `torch.amp`, for a GPU, which is not there: each switches itself off."""

from __future__ import annotations

from typing import Any

from minitorch import amp
from minitorch._dtypes import dtype as DType, float16
from minitorch._missing import missing
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


def custom_fwd(fwd: Any = None, *, cast_inputs: DType | None = None) -> Any:
    """`torch.amp.custom_fwd` for a GPU. Also a decorator."""
    return amp.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Any = None) -> Any:
    """`torch.amp.custom_bwd` for a GPU. Also a decorator."""
    return amp.custom_bwd(bwd, device_type="cuda")


__getattr__ = missing(__name__)
