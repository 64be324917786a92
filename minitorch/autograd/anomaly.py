"""Anomaly detection: every node remembers where it was made, and a NaN gradient raises there.

The node named is the one that *produced* the NaN: gradients went in without one.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

from minitorch.autograd.mode import mode


def _note_stack(node: Any, *call: Any) -> None:
    """Keep the caller's stack, without minitorch's own innermost frames."""
    node.stack = "".join(traceback.format_stack()[:-2])


class set_detect_anomaly:
    """Turn anomaly detection on or off, at once; as a context manager, until it ends.

    Args:
        mode: on or off.
        check_nan: whether a NaN in a gradient raises, or only other errors get the forward stack.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = _current()
        _set((mode, check_nan))

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        _set(self._previous)


class detect_anomaly(set_detect_anomaly):
    """A context manager: within it, anomaly detection is on.

    >>> import minitorch
    >>> x = minitorch.zeros(1, requires_grad=True)
    >>> with minitorch.autograd.detect_anomaly():
    ...     (x * 0).sqrt().sum().backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: Function 'MulBackward0' returned nan values in its 0th output.
    The forward call of MulBackward0 that led to this error:
    ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._previous = _current()
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._previous = _current()
        _set((True, self._check_nan))


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread."""
    return mode.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection raises on NaN."""
    return mode.check_nan


def _current() -> tuple[bool, bool]:
    return mode.anomaly, mode.check_nan


def _set(values: tuple[bool, bool]) -> None:
    mode.anomaly, mode.check_nan = values
    others = tuple(watcher for watcher in mode.watchers if watcher is not _note_stack)
    mode.watchers = (*others, _note_stack) if mode.anomaly else others
