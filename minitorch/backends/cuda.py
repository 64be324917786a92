"""CUDA: not built. What a program chooses among its kernels is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from minitorch._missing import missing

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_accumulation=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    fp32_precision="none",
)
"""Flags of CUDA's matrix products, which have no effect."""
_enabled = dict.fromkeys(("cudnn", "flash", "math", "mem_efficient", "reduced"), True)
_enabled["reduced"] = False


def is_built() -> bool:
    """False."""
    return False


is_flash_attention_available = is_ck_sdpa_available = is_built


def can_use_flash_attention(params: Any, debug: bool = False) -> bool:
    """False."""
    return False


can_use_efficient_attention = can_use_cudnn_attention = can_use_flash_attention


def _flag(name: str) -> tuple[Callable[[], bool], Callable[[bool], None]]:
    """Whether a kernel of attention may be used, and the function that says so."""

    def enabled() -> bool:
        return _enabled[name]

    def enable(enabled: bool) -> None:
        _enabled[name] = enabled

    enabled.__doc__ = "Whether a program has allowed it; it is not there."
    enable.__doc__ = "Remember the wish."
    return enabled, enable


cudnn_sdp_enabled, enable_cudnn_sdp = _flag("cudnn")
flash_sdp_enabled, enable_flash_sdp = _flag("flash")
math_sdp_enabled, enable_math_sdp = _flag("math")
mem_efficient_sdp_enabled, enable_mem_efficient_sdp = _flag("mem_efficient")
fp16_bf16_reduction_math_sdp_allowed, allow_fp16_bf16_reduction_math_sdp = _flag("reduced")


@contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:
    """Allow these kernels of attention, in PyTorch; here there is one. Deprecated there."""
    yield


def preferred_linalg_library(backend: str | None = None) -> str:
    """``default``, whatever is preferred."""
    return "default"


preferred_blas_library = preferred_rocm_fa_library = preferred_linalg_library

__getattr__ = missing(__name__)
