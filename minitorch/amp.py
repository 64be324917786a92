"""Mixed precision: it pays on GPUs only. Switched off it does nothing, as in PyTorch."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from minitorch._dtypes import dtype as DType

__all__ = ["GradScaler", "autocast", "is_autocast_enabled"]


class autocast:
    """A context manager and decorator that would compute in a smaller dtype: only switched off.

    For a device that is not there it switches itself off with a warning, as in PyTorch.

    Raises:
        RuntimeError: if it is enabled for the CPU.
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if enabled and device_type == "cpu":
            raise RuntimeError(
                "autocast: minitorch has no bfloat16 to compute in; pass enabled=False"
            )
        if enabled:
            warnings.warn(
                f"User provided device_type of '{device_type}', but it is not available. Disabling",
                stacklevel=2,
            )

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapped


class GradScaler:
    """Scaling of a loss so that float16 gradients do not vanish: switched off, it passes on.

    Raises:
        RuntimeError: if it is enabled for the CPU.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cpu":
            raise RuntimeError("GradScaler: minitorch does not scale; pass enabled=False")
        if enabled:
            warnings.warn(
                f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available. "
                " Disabling.",
                stacklevel=2,
            )

    def is_enabled(self) -> bool:
        """False."""
        return False

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def scale(self, outputs: Any) -> Any:
        """`outputs`, as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Do nothing."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing, when switched off."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing."""


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """False."""
    return False
