"""Checks that programs make of their own: ``torch._assert`` and ``torch._check``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "_assert",
    "_assert_async",
    "_check",
    "_check_index",
    "_check_is_size",
    "_check_not_implemented",
    "_check_type",
    "_check_value",
    "_check_with",
]


def _assert(condition: Any, message: Any) -> None:
    """Raise AssertionError with `message` unless `condition` holds."""
    assert condition, message


def _assert_async(
    condition: Any, message: Any = "Expected Tensor with single nonzero value"
) -> None:
    """Raise RuntimeError unless the one element of `condition` holds."""
    if not condition:
        raise RuntimeError(message)


def _check_with(
    error: type[Exception], cond: Any, message: Callable[[], Any] | None = None
) -> None:
    """Raise `error` with what `message` returns unless `cond` is True."""
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if not cond:
        if message is not None and not callable(message):
            raise TypeError("message must be a callable")
        raise error(
            str(message())
            if message
            else "Expected cond to be True, but got False. (Could this error message be improved? "
            "If so, please report an enhancement request to PyTorch.)"
        )


def _checker(error: type[Exception]) -> Callable[..., None]:
    def check(cond: Any, message: Callable[[], Any] | None = None) -> None:
        _check_with(error, cond, message)

    check.__doc__ = f"Raise {error.__name__} with what `message` returns unless `cond` is True."
    return check


_check = _checker(RuntimeError)
_check_index = _checker(IndexError)
_check_value = _checker(ValueError)
_check_type = _checker(TypeError)
_check_not_implemented = _checker(NotImplementedError)


def _check_is_size(i: Any, message: Callable[[], Any] | None = None, *, max: Any = None) -> None:
    """Raise RuntimeError unless `i` is at least 0, and at most `max`."""
    _check(i >= 0 and (max is None or i <= max), message)
