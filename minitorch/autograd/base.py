"""`TensorBase`, a tensor as the graph sees it: an array, a gradient, and the node it came from.

`TensorBase` knows no operation. `minitorch.Tensor` derives from it and adds the operators.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.hooks import Hooks
from minitorch.autograd.layout import MemoryLayout
from minitorch.autograd.mode import mode

if TYPE_CHECKING:
    from minitorch._tensor import Tensor
    from minitorch.autograd.function import Function

new = object.__new__

Edge = tuple[Any, int]
"""Where a gradient goes: a node and the number of its output, or a leaf tensor and 0."""

Edges = Sequence[Edge | None]
"""One for each input of a node; None where no gradient is wanted."""


next_sequence_number: Callable[[], int] = itertools.count().__next__
"""Return the number of the next node, which is larger than those of all before it."""


class Storage:
    """Memory that tensors may share, with its version counter."""

    version = 0


class TensorBase(MemoryLayout):
    """An array with a place in the graph.

    State that most tensors never use stays in these class attributes, so that it costs nothing.
    """

    _result_class: Any = None  # of what is computed from it: `Tensor`, for all but a subclass
    _gradient_class: Any = None  # of its ``.grad``: `Tensor`, for a subclass, too
    _requires_grad: bool = False
    _grad: Tensor | None = None
    _grad_fn: Function | None = None
    _slot: int = 0  # which of its grad_fn's outputs this is
    _storage: Storage | None = None  # made when first saved, viewed or changed
    _inference: bool = False  # made in inference mode
    _decides_result_class: bool = False  # of a subclass, which has its say before `Tensor`
    _hooks: Hooks | None = None  # a leaf's; another tensor's hang on its node
    _post_accumulate_hooks: Hooks | None = None
    _retains_grad: bool = False
    # An entry for each change of its shape in place: the view that undoes it, or None if none does;
    # another object after `data` was set.
    _undo: tuple[Any, ...] = ()
    _detached: tuple[int, int] | None = None  # see `_leave_graph`

    @classmethod
    def _wrap(cls, array: Array) -> Tensor:
        """A tensor over `array`, which is not copied; what an operation gives its result."""
        tensor: Any = new(cls._result_class)
        tensor._array = array
        if not array.dtype.isnative:
            tensor._hold(array)
        return tensor

    @classmethod
    def _wrap_any(cls, array: Array) -> Tensor:
        """A tensor over `array`, which may lie in another order than C's."""
        tensor = cls._wrap(array) if array.dtype.kind != "V" else cls._wrap_stored(array)
        tensor._slow_path = tensor._slow_path or not array.flags.c_contiguous
        return tensor

    def _shared_storage(self) -> Storage:
        """This tensor's version counter, made on first use."""
        storage = self._storage
        if storage is None:
            storage = self._storage = Storage()
        return storage

    def _bump_version(self) -> None:
        """Say that the array was changed, so that whatever saved it knows."""
        (self._storage or self._shared_storage()).version += 1

    def _edge(self) -> Edge:
        """Where this tensor's gradient goes."""
        node = self._grad_fn
        return (self, 0) if node is None else (node, self._slot)

    def _asks_for_grad(self) -> bool:
        """Whether it requires grad: a view does if its base does, whenever it was made."""
        return self._requires_grad or (self._view is not None and self._view.base._requires_grad)

    def _replace_memory(self, array: Array) -> None:
        """Lie in other memory from now on: what was a view of this, or what this is one of, is not.

        The version counter stays the same, as in PyTorch.
        """
        self._native_strides = None
        self._hold(array)
        self._undo = (object(),)
        if self._view is not None:
            self._view.undone = (object(),)

    def _leave_graph(self) -> None:
        """Become a leaf that requires no grad, as `detach_` does.

        Views stay in the graph as long as nothing is changed, if they know of all changes so far:
        their `seen` is then the node (noted by its number, which keeps nothing alive) that this
        tensor had.
        """
        node = self._grad_fn
        if node is not None:
            self._detached = node.sequence, self._shared_storage().version
        self._grad_fn, self._slot, self._requires_grad = None, 0, False

    def _is_stale(self) -> bool:
        """Whether it is a view whose base has changed its place in the graph since."""
        view = self._view
        if view is None:
            return False
        base = view.base
        if view.origin:
            changed = base._shared_storage().version != view.version
            return changed and mode.grad and (self._grad_fn is not None or base._requires_grad)
        if base._grad_fn is view.seen:
            return False
        if base._grad_fn is not None or view.seen is None:
            return True
        now = view.seen.sequence, self._shared_storage().version
        return mode.grad and base._detached != now

    def _is_plain_view(self) -> bool:
        """Whether all that sets it apart from a tensor not `_slow_path` is to be a view.

        As a view it has its place in the graph, and lies in C's order.
        """
        view = self._view
        if view is None or self._has_native_layout or self._inference or self._decides_result_class:
            return False
        if self._bits is not None or not self._array.flags.c_contiguous or self._is_stale():
            return False
        return self._requires_grad or not view.base._requires_grad

    def _refresh(self) -> None:
        """Find a view's grad_fn again after its base was changed in place.

        The chain of views is walked from the base down, so that its length is no recursion.

        Raises:
            RuntimeError: for a view whose place in the graph cannot be found again.
        """
        stale = []
        tensor: TensorBase = self
        while tensor._is_stale():
            stale.append(tensor)
            assert tensor._view is not None
            tensor._view.check_change(tensor, indirect=True)
            tensor = tensor._view.parent
        previous, mode.grad = mode.grad, True
        try:
            for tensor in reversed(stale):
                view = tensor._view
                assert view is not None
                if view.base._grad_fn is None:
                    raise RuntimeError(
                        "this view's base was changed in place and left the graph by detach_(), so "
                        "that the view's gradient has nowhere to go; make the view anew, or use "
                        "detach() instead"
                    )
                fresh: Any = view.parent
                for step in view.from_parent():
                    fresh = step.replay(fresh)
                tensor._set_history(fresh)
                view.seen = view.base._grad_fn
        finally:
            mode.grad = previous

    def _set_history(self, result: TensorBase) -> None:
        """Take over `result`'s place in the graph (after an in-place change)."""
        retained = self._retains_grad
        if retained and self._grad_fn is not None:
            self._grad_fn.forget_retained(self._slot)
        self._requires_grad = result._requires_grad
        self._grad_fn, self._slot = result._grad_fn, result._slot
        if retained and self._grad_fn is not None:
            self._grad_fn.retain(self._slot, weakref.ref(self))
