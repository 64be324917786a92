"""`Parameter`: a tensor that a module knows as its own."""

from __future__ import annotations

from typing import Any

from minitorch._format import tensor_repr
from minitorch._tensor import Tensor
from minitorch.factory import empty


def _sharing(cls: type[Tensor], data: Tensor | None) -> Any:
    """A leaf of the class with the memory of `data`."""
    source = empty(0) if data is None else data
    made = object.__new__(cls)
    made._array = source._array.view()
    made._share_native_layout(source)
    made._storage = source._shared_storage()
    return made


class Parameter(Tensor):
    """A tensor that `Module` registers when it is assigned as an attribute.

    Args:
        data: the values; shared, not copied.
        requires_grad: whether to record what is computed from it (default).

    >>> import minitorch
    >>> Parameter(minitorch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        parameter = _sharing(cls, data)
        if requires_grad:
            parameter.requires_grad = True
        return parameter

    _keeps_class = False  # what is computed from it is an ordinary tensor

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass  # `__new__` has made it; this is for the names of the arguments

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter with values of its own, and no ``.grad``."""
        copied = memo.get(id(self))
        if copied is None:
            data = self.detach().clone()
            copied = memo[id(self)] = type(self)(data, self.requires_grad)
        return copied

    def __repr__(self) -> str:
        kind = type(self).__name__
        values = tensor_repr(self, "tensor" if kind == "Parameter" else kind)
        if kind != "Parameter":
            values = f"Parameter({values})"
        return "Parameter containing:\n" + values


class Buffer(Tensor):
    """A tensor that `Module` registers as a buffer when it is assigned as an attribute.

    Args:
        data: the values; shared, not copied.
        persistent: whether it is part of the state dict (default).

    >>> import minitorch
    >>> Buffer(minitorch.zeros(2))
    tensor([0., 0.])
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        buffer = _sharing(cls, data)
        if data is not None and data.requires_grad:
            buffer.requires_grad = True
        buffer.persistent = persistent
        return buffer

    _keeps_class = False  # what is computed from it is an ordinary tensor

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        pass  # `__new__` has made it; this is for the names of the arguments

    def __repr__(self) -> str:
        return tensor_repr(self, "tensor")
