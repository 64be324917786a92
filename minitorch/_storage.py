"""The memory that tensors lie in, as far as PyTorch programs look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch._dtypes import Array, dtype
from minitorch.autograd.base import Storage


class UntypedStorage:
    """A stretch of memory, as bytes.

    Args:
        memory: a number of bytes, or the bytes; of an array, all the memory that it lies in.

    >>> import minitorch
    >>> x = minitorch.zeros(2, 3)
    >>> x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    True
    >>> UntypedStorage([1, 2, 3])[1]
    2
    """

    def __init__(self, memory: Any = 0) -> None:
        if not isinstance(memory, np.ndarray):
            size = isinstance(memory, int)
            memory = np.zeros(memory, np.uint8) if size else np.array(memory, np.uint8)
        while type(memory.base) is type(memory):
            memory = memory.base
        self._owner = memory

    @staticmethod
    def from_file(filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The first bytes of a file: read where they are needed, and written to it if `shared`."""
        made = UntypedStorage()
        if nbytes:
            mode: Any = "r+" if shared else "c"
            made._owner = np.memmap(filename, np.uint8, mode, shape=(nbytes,))
        return made

    def untyped(self) -> UntypedStorage:
        """Return the storage itself."""
        return self

    _untyped = untyped  # which safetensors asks for

    def __getitem__(self, index: Any) -> Any:
        found = memory_of(self._owner)[index]
        if not isinstance(index, slice):
            return int(found)
        made = UntypedStorage()
        made._owner = found
        return made

    def __repr__(self) -> str:
        lines = "\n".join(f" {x}" for x in memory_of(self._owner).tolist())
        return f"{lines}\n[torch.storage.UntypedStorage(device=cpu) of size {self.nbytes()}]"

    def data_ptr(self) -> int:
        """The address of the first byte; 0 if there is none."""
        return self._owner.__array_interface__["data"][0] if self._owner.nbytes else 0

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._owner.nbytes

    size = __len__ = nbytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()


class TypedStorage:
    """A stretch of memory as elements of one dtype: PyTorch's storage before 2.0.

    >>> import minitorch, warnings
    >>> x = minitorch.ones(2, 2)
    >>> with warnings.catch_warnings(action="ignore"):
    ...     storage = x[1].storage()
    >>> storage[3] = 5
    >>> len(storage), storage.tolist(), x[1, 1].item()
    (4, [1.0, 1.0, 1.0, 5.0], 5.0)
    """

    def __init__(self, untyped: UntypedStorage, kind: dtype) -> None:
        self._untyped, self.dtype = untyped, kind
        self._elements = memory_of(untyped._owner).view(kind.numpy)

    def untyped(self) -> UntypedStorage:
        """Return the memory without its dtype."""
        return self._untyped

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._untyped.data_ptr()

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._untyped.nbytes()

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def element_size(self) -> int:
        """Return the number of bytes of an element."""
        return self._elements.itemsize

    def size(self) -> int:
        """Return the number of elements."""
        return self._elements.size

    def tolist(self) -> list[Any]:
        """The elements, as Python's numbers."""
        return self._elements.tolist()

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, index: Any) -> Any:
        return self._elements[index].tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __repr__(self) -> str:
        lines = "\n".join(f" {x}" for x in self.tolist())
        return (
            f"{lines}\n[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) "
            f"of size {self.size()}]"
        )


def byte_bounds(array: Array) -> tuple[int, int]:
    """The addresses of the lowest byte of an array, and of the end of its highest."""
    start: int = array.__array_interface__["data"][0]
    if array.size == 0:
        return start, start
    reaches = [(n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)]
    low = start + sum(reach for reach in reaches if reach < 0)
    high = start + sum(reach for reach in reaches if reach > 0) + array.itemsize
    return low, high


def memory_of(array: Array) -> Array:
    """All the memory from an array's lowest byte to its highest, shape (bytes,); not copied."""
    low, high = byte_bounds(array)
    if low == high:
        return np.empty(0, np.uint8)
    lowest = array[(*(-1 if step < 0 else 0 for step in array.strides), ..., np.newaxis)]
    return np.lib.stride_tricks.as_strided(lowest.view(np.uint8), (high - low,), (1,))


def in_memory(array: Array, memory: Array, low: int) -> Array:
    """The same elements as `array`'s in a copy of the memory that begins at address `low`."""
    offset = array.__array_interface__["data"][0] - low if array.size else 0
    strides = array.strides if array.size else None
    return np.ndarray(array.shape, array.dtype, memory, offset, strides)


def copy_memory(array: Array, memo: dict[Any, Any]) -> tuple[Array, Storage]:
    """Copy an array with all of the memory that it lies in, once for all arrays that lie there.

    Returns:
        The array at its place in the copy, and the version counter of the copy.
    """
    owner, base = array, array.base
    while base is not None:  # not every base is an array: as_strided's is a go-between
        if type(base) is np.ndarray:
            owner = base
        base = getattr(base, "base", None)
    copies = memo.setdefault("the memory of tensors", {})
    if id(owner) not in copies:
        copies[id(owner)] = owner, memory_of(owner).copy(), Storage()
    _, memory, counter = copies[id(owner)]
    return in_memory(array, memory, byte_bounds(owner)[0]), counter
