"""Apple's GPUs: minitorch computes on none, and this module says so."""

from __future__ import annotations

from minitorch.cuda import device_count, empty_cache, is_available, manual_seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed"]
