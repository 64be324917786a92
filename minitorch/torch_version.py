"""A version that compares as versions do, as `torch.__version__` is one."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

__all__ = ["TorchVersion"]


class TorchVersion(str):
    """A string, compared by its numbers: with another version, or with a tuple of numbers.

    >>> version = TorchVersion("2.13.0+cpu")
    >>> version >= "2.9", version > (2, 9), version == "2.13.0+cpu", version < "2.13.0"
    (True, True, True, False)
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        return self._compare(operator.lt, other)

    def __le__(self, other: Any) -> bool:
        return self._compare(operator.le, other)

    def __gt__(self, other: Any) -> bool:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Any) -> bool:
        return self._compare(operator.ge, other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (str, tuple, list)) and self._compare(operator.eq, other)

    def _compare(self, compare: Callable[[Any, Any], bool], other: Any) -> bool:
        """By the numbers; with what is no version, ``"N/A"``, as strings compare."""
        own, others = _numbers(self), _numbers(other)
        return compare(str(self), other) if own is None or others is None else compare(own, others)


def _numbers(version: Any) -> tuple[Any, ...] | None:
    """The numbers of a release without zeros at its end; whether it is final; its local part.

    None for what is no version.
    """
    text = version if isinstance(version, str) else ".".join(map(str, version))
    found = re.match(r"v?(\d+(?:\.\d+)*)([^+]*)(.*)", text.strip())
    if found is None:
        return None
    release = [int(part) for part in found[1].split(".")]
    while release and release[-1] == 0:
        del release[-1]
    return release, found[2] == "" or "post" in found[2], found[2], found[3]
