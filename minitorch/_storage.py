"""The memory that tensors lie in, as far as PyTorch programs look at it."""

from __future__ import annotations

from minitorch._dtypes import Array


class UntypedStorage:
    """A stretch of memory: where it begins and how many bytes it has. (Never the bytes.)

    >>> import minitorch
    >>> x = minitorch.zeros(2, 3)
    >>> x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    True
    """

    def __init__(self, array: Array) -> None:
        while type(array.base) is type(array):
            array = array.base
        self._owner = array

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._owner.__array_interface__["data"][0]

    def nbytes(self) -> int:
        """How many bytes there are."""
        return self._owner.nbytes

    size = __len__ = nbytes
