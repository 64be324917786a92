"""Calls to other processes: there is one process.

Names can be imported, and are refused in use; but the module has no ``api``, by which libraries see
whether it was built.
"""

from __future__ import annotations

from typing import Any

from minitorch._not_covered import any_name

__all__ = ["is_available"]


def is_available() -> bool:
    """False."""
    return False


_any = any_name(__name__)


def __getattr__(name: str) -> Any:
    if name == "api":
        raise AttributeError(f"module {__name__!r} has no attribute 'api'")
    return _any(name)
