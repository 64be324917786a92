"""Saved tensors: arrays that a node keeps until backward, with the version they were saved at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, Storage, TensorBase
from minitorch.autograd.mode import mode
from minitorch.kernels.bfloat16 import narrow

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


new_tuple = tuple.__new__

ROUNDED = 2  # beside True and False, for `SavedArray.loose`


class SavedArray(NamedTuple):
    """A tensor kept for backward, without the tensor: array, version, and its place in the graph.

    Holding the tensor itself would make a cycle where a node saves its own output.

    Attributes:
        array: the numbers, in whatever order their memory is (`loose`: in another than PyTorch's;
            `ROUNDED`: in float32, of a tensor of bfloat16).
            The tensor's `data` may have been set to another array since: the gradient is of these.
        storage, version: what counts the changes in place, and the count when it was saved.
        edge: where its gradient goes; None for a constant.
        own_slot: the output's number, if it is an output of the very node that saves it.
    """

    array: Array
    loose: int
    storage: Storage
    version: int
    edge: Edge | None
    own_slot: int | None

    def place(self, node: Any) -> Edge | None:
        """Where its gradient goes."""
        return self.edge if self.own_slot is None else (node, self.own_slot)

    def unpack(self, node: Any) -> Tensor:
        """The tensor again, refusing one that was changed in place since."""
        if self.storage.version != self.version:
            self.refuse(node)
        edge = self.place(node)
        if edge is not None and isinstance(edge[0], TensorBase):
            leaf: Tensor = edge[0]  # type: ignore[assignment]
            if leaf._native_layout is self.array or (self.loose == ROUNDED and self.is_in(leaf)):
                return leaf
        tensor: Any = node.tensor_class._wrap(self.array)
        tensor._storage = self.storage  # what the backward's own nodes save is versioned, too
        if self.loose == ROUNDED:
            if mode.grad:  # else whoever asks computes in float32
                tensor._hold(narrow(self.array))
        elif self.loose:
            tensor._keep_native_layout()
        if edge is None:
            return tensor
        tensor._requires_grad = True
        tensor._grad_fn, tensor._slot = edge
        return tensor

    def is_in(self, leaf: TensorBase) -> bool:
        """Whether a leaf of bfloat16 holds the very numbers."""
        held = leaf._bits
        return held is not None and narrow(self.array).tobytes() == held.tobytes()

    def refuse(self, node: Any) -> None:
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
    if not tensor._slow_path:
        kept = tensor._array, False, storage, storage.version, edge, own_slot
        return new_tuple(SavedArray, kept)
    if tensor._inference:
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. "
            "To work around you can make a clone to get a normal tensor and use it in autograd."
        )
    array = tensor._native_layout if given is None else given
    loose = tensor._has_native_layout if given is None or tensor._bits is None else ROUNDED
    return SavedArray(array, loose, storage, storage.version, edge, own_slot)


FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward. (at {name})"
)


class SavedForBackward:
    """The part of a node that keeps arrays until backward."""

    edges: list[Edge | None]
    tensor_class: type[Tensor]
    array_backward: Callable[..., Any] | None
    name: Callable[[], str]
    _saved: tuple[Any, ...] | None = ()
    cache: Any = None  # derived from saved inputs; only ever a short cut

    @property
    def saved(self) -> tuple[Any, ...]:
        """Saved values: for a rule on arrays as ndarrays, else as tensors in the graph.

        Raises:
            RuntimeError: if one was changed in place since, or the graph was freed.
        """
        kept = self._saved
        if kept is None:
            raise RuntimeError(FREED.format(name=self.name()))
        if mode.grad or self.array_backward is None:
            return tuple(
                [
                    item.unpack(self) if type(item) is SavedArray else self._constant(item)
                    for item in kept
                ]
            )
        found: list[Any] = []
        for item in kept:
            if type(item) is SavedArray:
                if item.storage.version != item.version:
                    item.refuse(self)
                item = item.array
            found.append(item)
        return tuple(found)

    def saved_at(self, place: int) -> Any:
        """One of `saved`, whether or not the others have been changed in place since.

        For what the first order needs less of than the higher ones, which compute it all anew.
        """
        kept = self._saved
        if kept is None:
            raise RuntimeError(FREED.format(name=self.name()))
        item = kept[place]
        on_tensors = mode.grad or self.array_backward is None
        if type(item) is not SavedArray:
            return self._constant(item) if on_tensors else item
        tensor = item.unpack(self)
        return tensor if on_tensors else item.array

    def _constant(self, item: Any) -> Any:
        """Wrap a saved array that was no tensor's."""
        if isinstance(item, (np.ndarray, np.generic)):
            return self.tensor_class._wrap(np.asarray(item))  # a mask of a 0-d array is a scalar
        return item

    def copy_saved_before_overwrite(self, storage: Storage) -> None:
        """Copy what was saved of memory that is about to be overwritten."""
        if self._saved:
            self._saved = tuple(
                item._replace(array=item.array.copy(), storage=Storage(), version=0)
                if type(item) is SavedArray and item.storage is storage
                else item
                for item in self._saved
            )

    def release(self) -> None:
        """Drop what was saved; going backward again is then an error."""
        if self._saved:
            self._saved = None
        self.cache = None

    def _pack(
        self,
        inputs: Sequence[Any],
        arrays: Sequence[Any],
        outs: Sequence[Any],
        results: Sequence[TensorBase],
    ) -> None:
        """Turn what was saved into `SavedArray`s, by finding it among `arrays` and the outputs."""
        packed: list[Any] = []
        edges = self.edges
        for kept in self._saved or ():
            if kept is not None:
                for index, array in enumerate(arrays):
                    if array is kept:
                        if inputs[index] is not kept:  # it was a tensor's
                            kept = save_tensor(inputs[index], edges[index], None, array)
                        break
                else:
                    for slot, out in enumerate(outs):
                        if kept is out:
                            result = results[slot]
                            own_slot = slot if result._requires_grad else None
                            kept = save_tensor(result, None, own_slot)
                            break
                    else:
                        if kept.dtype.kind not in "iub":
                            self._refuse_float(kept)
            packed.append(kept)
        self._saved = tuple(packed)

    def _refuse_float(self, kept: Array) -> None:
        raise RuntimeError(
            f"{type(self).__name__}.save: a {kept.dtype} array of shape {list(kept.shape)} is "
            "neither an input nor the output; it would be a constant to the second derivative. "
            "Save what it is computed from."
        )
