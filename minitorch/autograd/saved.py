"""What a node keeps of a tensor until backward: its array, and how often that was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, Storage, TensorBase

if TYPE_CHECKING:
    from minitorch._tensor import Tensor
    from minitorch.autograd.function import Function


new_tuple = tuple.__new__


class SavedArray(NamedTuple):
    """A tensor kept for backward, without the tensor: array, version, and its place in the graph.

    Holding the tensor itself would make a cycle where a node saves its own output.

    Attributes:
        array: the numbers, in whatever order their memory is (`loose`: in another than PyTorch's).
            The tensor's `data` may have been set to another array since: the gradient is of these.
        storage, version: what counts the changes in place, and the count when it was saved.
        edge: where its gradient goes; None for a constant.
        own_slot: the output's number, if it is an output of the very node that saves it.
    """

    array: Array
    loose: bool
    storage: Storage
    version: int
    edge: Edge | None
    own_slot: int | None

    def place(self, node: Function) -> Edge | None:
        """Where its gradient goes."""
        return self.edge if self.own_slot is None else (node, self.own_slot)

    def unpack(self, node: Function) -> Tensor:
        """The tensor again, refusing one that was changed in place since."""
        if self.storage.version != self.version:
            self.refuse(node)
        edge = self.place(node)
        if edge is not None and isinstance(edge[0], TensorBase):
            leaf: Tensor = edge[0]  # type: ignore[assignment]
            if leaf._for_kernels() is self.array:
                return leaf
        tensor: Any = node.tensor_class._wrap(self.array)
        tensor._storage = self.storage  # what the backward's own nodes save is versioned, too
        if self.loose:
            tensor._loosen()
        if edge is None:
            return tensor
        tensor._requires_grad = True
        tensor._grad_fn, tensor._slot = edge
        return tensor

    def refuse(self, node: Function) -> None:
        """Say that the tensor was changed in place since."""
        edge = self.place(node)
        maker = "a leaf" if edge is None or isinstance(edge[0], TensorBase) else edge[0].name()
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an "
            f"inplace operation: [{self.array.dtype} {list(self.array.shape)}], which is "
            f"{'' if maker == 'a leaf' else f'output {edge[1] if edge else 0} of '}{maker} and "
            f"was saved by {node.name()}, is at version {self.storage.version}; expected "
            f"version {self.version} instead. Change a clone() of it, or use the operation "
            "that is not in place."
        )


def save_tensor(
    tensor: TensorBase, edge: Edge | None, own_slot: int | None = None, given: Array | None = None
) -> SavedArray:
    """Note `tensor` as a node keeps it, of which its forward was `given` this array.

    Raises:
        RuntimeError: if it is an inference tensor.
    """
    storage = tensor._storage
    if storage is None:
        storage = tensor._storage = Storage()
    version, loose = storage.version, False
    if tensor._special and tensor._inference:
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. "
            "To work around you can make a clone to get a normal tensor and use it in autograd."
        )
    if not tensor._special:
        array = tensor._array
    else:
        array = tensor._for_kernels() if given is None else given
        loose = tensor._loose is not None or tensor._native_strides is not None
    return new_tuple(SavedArray, (array, loose, storage, version, edge, own_slot))
