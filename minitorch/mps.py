"""Apple's GPUs: minitorch computes on none, and this module says so."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def empty_cache() -> None:
    """Do nothing: there is no cache."""


def manual_seed(seed: int) -> None:
    """Do nothing: there is no GPU to seed."""
