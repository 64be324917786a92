"""A version that compares as versions do, as `torch.__version__` is one."""

from __future__ import annotations

import re
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
        return _numbers(self) < _numbers(other)

    def __le__(self, other: Any) -> bool:
        return _numbers(self) <= _numbers(other)

    def __gt__(self, other: Any) -> bool:
        return _numbers(self) > _numbers(other)

    def __ge__(self, other: Any) -> bool:
        return _numbers(self) >= _numbers(other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (str, tuple, list)) and _numbers(self) == _numbers(other)


def _numbers(version: Any) -> tuple[Any, ...]:
    """The numbers of a release without zeros at its end; whether it is final; its local part."""
    text = version if isinstance(version, str) else ".".join(map(str, version))
    found = re.match(r"v?(\d+(?:\.\d+)*)([^+]*)(.*)", text.strip())
    if found is None:
        raise ValueError(
            f"TorchVersion: expected a version such as '2.13.0' or (2, 13), got {text!r}"
        )
    release = [int(part) for part in found[1].split(".")]
    while release and release[-1] == 0:
        del release[-1]
    return release, found[2] == "" or "post" in found[2], found[2], found[3]
