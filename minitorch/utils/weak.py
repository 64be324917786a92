"""Dictionaries whose keys are objects themselves, not what they equal, and are not kept alive.

A tensor compares element by element, so that `weakref.WeakKeyDictionary` cannot have it as a key.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from minitorch._missing import missing
from minitorch._tensor import Tensor

__all__ = ["TensorWeakRef", "WeakIdKeyDictionary", "WeakIdRef", "WeakTensorKeyDictionary"]


class WeakIdRef(weakref.ref[Any]):
    """A weak reference that is equal to another one if both are to the same object."""

    __slots__ = ("_id",)

    def __init__(self, key: Any, callback: Any = None) -> None:
        super().__init__(key, callback)  # type: ignore[call-arg]
        self._id = id(key)

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        own, others = self(), other() if isinstance(other, WeakIdRef) else None
        return self is other if own is None or others is None else own is others


WeakTensorRefKey = WeakIdRef


class TensorWeakRef:
    """A weak reference to a tensor: called, it gives the tensor, or None if that is gone."""

    def __init__(self, tensor: Tensor) -> None:
        self.ref = weakref.ref(tensor)

    def __call__(self) -> Tensor | None:
        return self.ref()


class WeakIdKeyDictionary(MutableMapping[Any, Any]):
    """A dictionary by objects themselves, whose items go when nobody else has their keys.

    Args:
        dict: what it holds at first.
        ref_type: makes the reference to a key.

    >>> import minitorch
    >>> key = minitorch.ones(2)
    >>> held = WeakIdKeyDictionary({key: "a"})
    >>> held[key], minitorch.ones(2) in held
    ('a', False)
    >>> del key
    >>> len(held)
    0
    """

    def __init__(self, dict: Any = None, ref_type: Any = WeakIdRef) -> None:
        self.ref_type = ref_type
        self.data: Any = {}
        held = self.data  # a callback that held the dictionary itself would keep it alive
        self._remove = lambda reference: held.pop(reference, None)
        self.update({} if dict is None else dict)

    def __getitem__(self, key: Any) -> Any:
        return self.data[self.ref_type(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[self.ref_type(key, self._remove)] = value

    def __delitem__(self, key: Any) -> None:
        del self.data[self.ref_type(key)]

    def __iter__(self) -> Iterator[Any]:
        for reference in list(self.data):
            if (key := reference()) is not None:
                yield key

    def __len__(self) -> int:
        return len(self.data)

    def __contains__(self, key: object) -> bool:
        return self.ref_type(key) in self.data

    def keyrefs(self) -> list[Any]:
        """List the references to the keys."""
        return list(self.data)

    def copy(self) -> Any:
        """Return another one that holds the same."""
        return type(self)(self, self.ref_type)

    __copy__ = copy

    def __or__(self, other: Mapping[Any, Any]) -> Any:
        made = self.copy()
        made.update(other)
        return made

    def __ior__(self, other: Mapping[Any, Any]) -> Any:
        self.update(other)
        return self


WeakTensorKeyDictionary = WeakIdKeyDictionary

__getattr__ = missing(__name__)
