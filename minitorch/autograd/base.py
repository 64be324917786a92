"""`TensorBase`, a tensor as the graph sees it: an array, a gradient, and the node it came from.

`TensorBase` knows no operation. `minitorch.Tensor` derives from it and adds the operators.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._missing import MissingAttribute
from minitorch.autograd.hooks import Hooks
from minitorch.autograd.mode import mode
from minitorch.kernels.layout import Axes, in_order, laid_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor
    from minitorch.autograd.function import Function
    from minitorch.autograd.views import View

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


class TensorBase:
    """An array with a place in the graph.

    State that most tensors never use stays in these class attributes, so that it costs nothing.

    `_array` is the array, its memory in the order that PyTorch's would have. A result of a kernel
    that works best in another order (see `layout`) is kept in that order in `_loose` until
    someone asks for `_array`; an operation that does not mind looks with `_peek`. A loose tensor
    has no views, so that nothing else lies in its memory.

    Asking must not change what is computed, and the order of memory is that of sums, and so decides
    how they are rounded. So a tensor that was asked remembers the kernel's strides, and an
    operation that takes any order gets from `_for_kernels` the same order as before.
    """

    _kind: Any = None  # the class of what is computed from it: `Tensor`, for all but a subclass
    _array: Array
    _loose: Array | None = None
    _native_strides: tuple[int, ...] | None = None  # those that `_loose` had
    _axes: tuple[int, ...] | None = None  # the order in which `_loose` will be laid; None for C's
    _requires_grad: bool = False
    _grad: Tensor | None = None
    _grad_fn: Function | None = None
    _slot: int = 0  # which of its grad_fn's outputs this is
    _storage: Storage | None = None  # made when first saved, viewed or changed
    _special: bool = False  # loose, not in C's order, or any of the next three: look closer
    _view: View | None = None
    _inference: bool = False  # made in inference mode
    _outranks: bool = False  # of a subclass, of which results are too, whatever they are made with
    _hooks: Hooks | None = None  # a leaf's; another tensor's hang on its node
    _post_accumulate_hooks: Hooks | None = None
    _retains_grad: bool = False
    # The way back from each change of its shape in place; None, or an object after `data` was set,
    # where there is none.
    _undo: tuple[Any, ...] = ()
    _detached: tuple[int, int] | None = None  # see `_leave_graph`

    @classmethod
    def _wrap(cls, array: Array) -> Tensor:
        """A tensor over `array`, which is not copied; what an operation gives its result."""
        tensor: Any = new(cls._kind)
        tensor._array = array
        return tensor

    @classmethod
    def _wrap_any(cls, array: Array) -> Tensor:
        """A tensor over `array`, which may lie in another order than C's."""
        tensor = cls._wrap(array)
        tensor._special = tensor._special or not array.flags.c_contiguous
        return tensor

    if not TYPE_CHECKING:  # or every misspelt attribute would pass the type checker

        def __getattr__(self, name: str) -> Any:
            if name == "_array" and self._loose is not None:  # asked for: settle
                native, axes = self._loose, self._axes
                self._array = (
                    np.ascontiguousarray(native) if axes is None else in_order(native, axes)
                )
                self._native_strides, self._loose = native.strides, None
                return self._array
            if name.startswith("_"):
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            raise MissingAttribute(name, self)

    def _peek(self) -> Array:
        """The array, its memory in whatever order it is in."""
        loose = self._loose
        return self._array if loose is None else loose

    @property
    def _is_native(self) -> bool:
        """Whether a kernel made it in an order of its own."""
        return self._loose is not None or self._native_strides is not None

    def _for_kernels(self) -> Array:
        """The array in the order in which a kernel made it, whether or not it was looked at."""
        if self._loose is not None:
            return self._loose
        strides = self._native_strides
        return self._array if strides is None else laid_out(self._array, strides)

    def _shares_layout(self, other: TensorBase) -> None:
        """Be computed with in the order of `other`, of which this is an alias."""
        if other._special:
            self._special = True
            self._native_strides = other._native_strides

    def _loosen(self, axes: Axes | None = None) -> None:
        """Let the memory stay in the order in which a kernel made it, until it is asked for.

        Args:
            axes: the order that it has in PyTorch, if that is not C's.
        """
        self._loose = self.__dict__.pop("_array")
        self._special = True
        if axes is not None:
            self._axes = axes

    def _lie_in(self, axes: Axes | None = None, native: bool = False) -> None:
        """Give a result that nobody has seen yet the order of memory that it has in PyTorch.

        Args:
            axes: the order; C's by default.
            native: whether a kernel had it in its own, in which it stays until it is asked for.
        """
        if axes == tuple(range(len(axes or ()))):
            axes = None
        self._view = None  # of what came on the way, which nobody has
        if self._loose is not None:
            self._axes = axes
        elif (
            native
            or not (self._array if axes is None else self._array.transpose(axes)).flags.c_contiguous
        ):
            self._loosen(axes)
        elif axes is not None:
            self._special = True

    def _strides_seen(self) -> tuple[int, ...]:
        """Strides in PyTorch's order, for somebody who need not ask for the array itself."""
        if self._loose is None:
            return self._array.strides
        shape = self._loose.shape
        step, strides = 1, [0] * len(shape)
        for axis in reversed(self._axes or range(len(shape))):
            strides[axis] = step
            step *= shape[axis]
        return tuple(strides)

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
        self._array, self._loose, self._native_strides = array, None, None
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

    def _refresh(self) -> None:
        """Find a view's grad_fn again after its base was changed in place.

        The chain of views is walked from the base down, so that its length is no recursion.

        Raises:
            RuntimeError: for a view that there is no finding it again for.
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
