"""Anomaly detection: every node remembers where it was made, and a NaN gradient raises there.

The node named is the one that *produced* the NaN: gradients went in without one.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import mode
from minitorch.autograd.observer import Observer

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class AnomalyDetector(Observer):
    """Observer of a thread in anomaly mode."""

    def before_forward(self, node: Any, *call: Any) -> None:
        """Keep the caller's stack, without minitorch's own innermost frames."""
        frames = traceback.extract_stack()
        while frames and frames[-1].filename.startswith(PACKAGE):
            frames.pop()
        node.stack = "".join(frames.format())

    def after_backward(self, node: Any, grads: Sequence[Any], made: Sequence[Any]) -> None:
        """Refuse a NaN that no gradient brought."""
        if mode.check_nan and not any(map(_has_nan, grads)):
            for index, grad in enumerate(made):
                if _has_nan(grad):
                    raise RuntimeError(
                        f"Function '{node.name()}' returned nan values in its {index}th output."
                    )

    def backward_failed(self, node: Any, error: Exception) -> None:
        """Show the forward."""
        if node.stack is not None:
            error.add_note(
                f"The forward call of {node.name()} that led to this error:\n{node.stack}"
            )


def _has_nan(grad: Any) -> bool:
    array = grad._any_layout if isinstance(grad, TensorBase) else grad
    return array is not None and bool(np.isnan(array).any())


class set_detect_anomaly:
    """Turn anomaly detection on or off, at once; as a context manager, until it ends.

    Args:
        mode: on or off.
        check_nan: whether a NaN in a gradient raises, or only other errors get the forward stack.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = _current()
        _set(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        _set(*self._previous)


class detect_anomaly(set_detect_anomaly):
    """A context manager: within it, anomaly detection is on.

    >>> import minitorch
    >>> x = minitorch.zeros(1, requires_grad=True)
    >>> with minitorch.autograd.detect_anomaly():
    ...     try:
    ...         (x * 0).sqrt().sum().backward()
    ...     except RuntimeError as error:
    ...         print(error, *error.__notes__, sep="\\n")  # doctest: +ELLIPSIS
    Function 'MulBackward0' returned nan values in its 0th output.
    The forward call of MulBackward0 that led to this error:
    ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._previous = _current()
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._previous = _current()
        _set(True, self._check_nan)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on in this thread."""
    return _current()[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection raises on NaN."""
    return mode.check_nan


def _current() -> tuple[bool, bool]:
    return any(isinstance(other, AnomalyDetector) for other in mode.observers), mode.check_nan


def _set(enabled: bool, check_nan: bool) -> None:
    others = tuple(other for other in mode.observers if not isinstance(other, AnomalyDetector))
    mode.observers = (*others, AnomalyDetector()) if enabled else others
    mode.check_nan = check_nan
