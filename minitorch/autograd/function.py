"""`Function`: one differentiable operation; its instance is the node that the graph keeps.

Two ways to write one. minitorch's own operations take and return ndarrays in `forward` and write
`backward` in tensors, which makes it differentiable in turn:

>>> class Cube(Function):
...     def forward(self, x):
...         self.save(x)
...         return x**3
...     def backward(self, grad):
...         (x,) = self.saved
...         return grad * 3 * x**2

Users may write PyTorch's form, in which both are static and a ``ctx`` (the same node) comes first:

>>> class Double(Function):
...     @staticmethod
...     def forward(ctx, x):
...         return x * 2
...     @staticmethod
...     def backward(ctx, grad):
...         return grad * 2
>>> import minitorch
>>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
>>> (Cube.apply(x) + Double.apply(x)).sum().backward()
>>> x.grad
tensor([ 5., 14.])
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from inspect import getattr_static
from threading import get_ident
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, Storage, TensorBase, View, ViewStep
from minitorch.autograd.hooks import Hooks
from minitorch.autograd.mode import mode, wanted
from minitorch.autograd.node_api import AccumulateGrad, NodeInterface
from minitorch.autograd.saved import SavedArray, save_tensor
from minitorch.kernels.layout import Axes, is_channels_last, order_by
from minitorch.kernels.quiet import ignore_float_errors, restore

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

ndarray, asarray, new = np.ndarray, np.asarray, object.__new__
_sequence = itertools.count()


def count_functions() -> int:
    """A number that every node recorded from now on is at least as large as."""
    return next(_sequence)


FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward. (at {name})"
)


class Function(NodeInterface):
    """An operation with a gradient. See the module's docstring for the two ways to write one.

    Class attributes that a subclass may set:
        broadcasts: its operands broadcast; the engine sums each gradient back to its operand's
            shape. Any other difference in shape is an error.
        views: its output shares memory with its first input (or may: the arrays decide).
        elementwise: each element of its output is computed of those at the same place in its
            operands, so that PyTorch lays it in memory as they lie.
        channels_last_from: from how many dimensions on its output lies channels last in PyTorch if
            an operand does; 0 for never.
        order: what it does with memory in another order than PyTorch's. None: it gets none (the
            default). 'follows': it takes any, and its output may come in the same. 'makes': its
            output may come in an order of its own.
        torch_name: PyTorch's name of the node, where it is not ``<class>Backward0``.
        differentiable_inputs: those of its inputs that stand in `next_functions`; the rest are
            indices, masks or classes.
        backward_kernel: a shortcut beside `backward`: from ndarrays to ndarrays, for a walk that
            nobody will differentiate, which is several times quicker on arrays.
        backward_takes_arrays: its `backward` is right on ndarrays as well, since all that it does
            is in operators, in `apply` of Functions, and in what tensors and arrays both have. It
            is then its own shortcut.
        returns_fresh_gradients: what its backward returns is new memory, each gradient its own,
            that nothing else holds: a leaf may keep it without a copy.
    """

    broadcasts = False
    views = False
    elementwise = False
    channels_last_from = 0
    backward_kernel: Callable[..., Any] | None = None
    backward_takes_arrays = False
    returns_fresh_gradients = False
    array_backward: Callable[..., Any] | None = None  # the rule on arrays: found of these
    order: str | None = None
    torch_name = ""
    _forward_cls: type[Function]  # the class as it was written, forward and all
    _backward_cls: type[Function]  # in PyTorch's form: that of the nodes
    differentiable_inputs = slice(None)

    # What one node keeps. Class attributes, so that an unused feature costs nothing.
    edges: list[Edge | None] = []  # noqa: RUF012 - replaced, never changed
    sequence = -1
    outputs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...] = ()
    tensor_class: type[Tensor]  # the class of its outputs
    cache: Any = None  # derived from saved inputs; only ever a short cut
    stack: str | None = None  # where it was made, in anomaly mode
    call: Any = None  # what it was made of, while calls are noted
    hooked = False  # whether any of the next four is not None
    retained: dict[int, Any] | None = None
    tensor_hooks: dict[int, Hooks] | None = None
    pre_hooks: Hooks | None = None
    post_hooks: Hooks | None = None
    _saved: tuple[Any, ...] | None = ()
    materialize_grads = True
    runs_without_gradient = False  # whether backward is called although no gradient came

    # ---- what a subclass writes -------------------------------------------------------------

    def forward(self, *args: Any, **params: Any) -> Any:
        """Compute the output array(s) from input arrays; metadata comes by keyword."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function "
            f"({type(self).__name__})."
        )

    def backward(self, *grads: Any) -> Any:
        """Compute each input's gradient (a tensor or None) from the outputs' gradients."""
        raise NotImplementedError(
            "You must implement the backward function for your custom autograd.Function "
            f"({type(self).__name__}) to use it with backward mode AD."
        )

    @classmethod
    def undo(cls, shape: tuple[int, ...], params: dict[str, Any]) -> ViewStep | None:
        """Give the view that shows, of an output, the input of `shape` again; None if none does."""
        return None

    def save(self, *arrays: Array | None) -> None:
        """Keep inputs, the output, or integer and boolean arrays for backward.

        Arrays are matched to inputs and output by identity. A floating-point array that is
        neither would be a constant to the second derivative, silently, so it is refused.
        """
        self._saved = arrays

    @property
    def saved(self) -> tuple[Any, ...]:
        """What `save` kept: for a rule on arrays as ndarrays, else as tensors in the graph.

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
        """What was saved of no tensor, as one if it is an array."""
        if isinstance(item, (ndarray, np.generic)):
            return self.wrap(asarray(item))  # a mask of a 0-d array is a scalar
        return item

    @property
    def wrap(self) -> Callable[[Array], Tensor]:
        """Makes a tensor of an array, of the class of the outputs."""
        return self.tensor_class._wrap

    def needs(self, index: int) -> bool:
        """Whether input `index` wants a gradient."""
        edges = self.edges  # none at all while nothing is recorded
        if wanted:
            edges = wanted.get((get_ident(), self), edges)
        return bool(edges) and edges[index] is not None

    # ---- recording --------------------------------------------------------------------------

    @classmethod
    def apply(cls, *inputs: Any, **params: Any) -> Any:
        """Run `forward` on the inputs' arrays and, where a gradient may be wanted, record it.

        Args:
            inputs: tensors; or ndarrays (constants) and None (an operand left out).
            params: metadata, passed on by keyword.

        Returns:
            A tensor, or several. Without a tensor among the inputs it is just `forward`: what a
            backward that runs on arrays computes with.
        """
        node = cls()
        if type(inputs[0]) is ndarray:
            for operand in inputs:
                if isinstance(operand, TensorBase):
                    break
            else:
                return node.forward(*inputs, **params)
        owner: Any = None
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        # (1 stands for an operand in a kernel's own order, 2 for one not in C's for PyTorch.)
        recording, other_order, grad_enabled = False, 0, mode.grad
        for operand in inputs:
            if not isinstance(operand, TensorBase):
                arrays.append(operand)
                edges.append(None)
                continue
            if owner is None:
                owner = operand
            if operand._special:
                if operand._outranks and not owner._outranks:
                    owner = operand
                if grad_enabled and operand._view is not None:
                    if operand._is_stale():
                        operand._refresh()
                    if not operand._requires_grad and operand._view.base._requires_grad:
                        recording = True  # as in PyTorch, though its gradient goes nowhere
                native = operand._loose
                if native is not None and cls.order is not None:
                    other_order |= 1 if operand._axes is None else 3
                    arrays.append(native)
                else:
                    array = operand._array
                    if not array.flags.c_contiguous:
                        other_order |= 2
                    if operand._native_strides is None or cls.order is None:
                        arrays.append(array)
                    else:
                        other_order |= 1
                        arrays.append(operand._for_kernels())
            else:
                arrays.append(operand._array)
            if grad_enabled and operand._requires_grad:
                maker = operand._grad_fn
                edges.append((operand, 0) if maker is None else (maker, operand._slot))
                recording = True
            else:
                edges.append(None)
        if owner is None:
            return node.forward(*arrays, **params)
        if recording:
            node.edges = edges
            for watcher in mode.watchers:
                watcher(node, inputs, arrays, params)
        previous = ignore_float_errors()
        try:
            out = node.forward(*arrays, **params) if params else node.forward(*arrays)
        finally:
            restore(previous)
        if type(out) is tuple:
            return node._record_many(owner, inputs, arrays, out, params, recording)
        kind = owner._kind
        result = new(kind)
        result._array = array = out if type(out) is ndarray else asarray(out)
        if recording:
            dtype = array.dtype
            if dtype.kind == "f":
                node.tensor_class = kind
                node.sequence = next(_sequence)
                node.outputs = ((array.shape, dtype),)
                result._requires_grad = True
                result._grad_fn = node
                if node._saved:
                    node._pack(inputs, arrays, (out,), (result,))
        elif not grad_enabled and mode.inference:
            result._inference = result._special = True
        if cls.views:
            node._mark_view(owner, result, params, 0, many=False)
        elif other_order:
            axes = node._axes_seen(inputs, array.shape) if other_order > 1 else None
            if axes is not None:
                result._lie_in(axes, native=other_order == 3)
            elif (other_order != 2 or cls.order == "makes") and not array.flags.c_contiguous:
                result._loosen()
        elif cls.order == "makes" and not array.flags.c_contiguous:
            result._loosen()
        return result

    def _axes_seen(self, operands: tuple[Any, ...], shape: tuple[int, ...]) -> Axes | None:
        """The order of memory that PyTorch gives the output; None if nothing is said of it."""
        least = self.channels_last_from
        if not (self.elementwise or least):
            return None
        strides = []
        for x in operands:
            if isinstance(x, TensorBase):
                seen, held = x._strides_seen(), x._peek().shape
                if least and is_channels_last(held, seen, least):
                    return (0, *range(2, len(shape)), 1)
                extra = len(shape) - len(held)
                pairs = zip(seen, held, shape[extra:], strict=True)
                strides.append((*[0] * extra, *[s if n == m else 0 for s, n, m in pairs]))
        return order_by(shape, strides) if self.elementwise else None

    @classmethod
    def apply_plain(cls, x: Any, y: Any = None) -> Any:
        """What `apply` does, for one tensor or two operands that need no closer look: in less time.

        For Functions of one output and no metadata that make no views: those behind the operators
        and the functions of one variable, whose own work takes less time than `apply`.

        Args:
            x, y: tensors that are not `_special`; one of the two may be an ndarray, and y is None
                if there is one operand.
        """
        node = cls()
        x_edge: Edge | None = None
        y_edge: Edge | None = None
        recording, grad_enabled = False, mode.grad
        if type(x) is ndarray:
            x_array, kind = x, y._kind
        else:
            x_array, kind = x._array, x._kind
            if grad_enabled and x._requires_grad:
                maker = x._grad_fn
                x_edge = (x, 0) if maker is None else (maker, x._slot)
                recording = True
        if y is None or type(y) is ndarray:
            y_array = y
        else:
            y_array = y._array
            if grad_enabled and y._requires_grad:
                maker = y._grad_fn
                y_edge = (y, 0) if maker is None else (maker, y._slot)
                recording = True
        if recording:
            if mode.watchers:
                return cls.apply(x) if y is None else cls.apply(x, y)
            node.edges = [x_edge] if y is None else [x_edge, y_edge]
        elif not grad_enabled and mode.inference:
            return cls.apply(x) if y is None else cls.apply(x, y)
        previous = ignore_float_errors()
        try:
            out = node.forward(x_array) if y is None else node.forward(x_array, y_array)
        finally:
            restore(previous)
        result = new(kind)
        result._array = array = out if type(out) is ndarray else asarray(out)
        if recording:
            node.tensor_class = kind
            node.sequence = next(_sequence)
            node.outputs = ((array.shape, array.dtype),)
            result._requires_grad = True
            result._grad_fn = node
            if node._saved:
                packed: list[Any] = []
                for kept in node._saved:
                    if kept is None or kept is x or kept is y:
                        pass
                    elif kept is x_array:
                        kept = save_tensor(x, x_edge)
                    elif kept is y_array:
                        kept = save_tensor(y, y_edge)
                    elif kept is out:
                        kept = save_tensor(result, None, 0)
                    else:
                        node._pack((x, y), (x_array, y_array), (out,), (result,))
                        return result
                    packed.append(kept)
                node._saved = tuple(packed)
        return result

    def _record_many(
        self,
        owner: TensorBase,
        inputs: tuple[Any, ...],
        arrays: list[Any],
        outs: tuple[Any, ...],
        params: dict[str, Any],
        recording: bool,
    ) -> tuple[Any, ...]:
        results = tuple(owner._wrap(np.asarray(out)) for out in outs)
        if recording and any(r._array.dtype.kind == "f" for r in results):
            self.tensor_class = owner._kind
            self.sequence = next(_sequence)
            self.outputs = tuple((r._array.shape, r._array.dtype) for r in results)
            for slot, result in enumerate(results):
                if result._array.dtype.kind == "f":
                    result._requires_grad = True
                    result._grad_fn, result._slot = self, slot
            if self._saved:
                self._pack(inputs, arrays, outs, results)
        for slot, result in enumerate(results):
            if mode.inference:
                result._inference = result._special = True
            if self.views:
                self._mark_view(owner, result, params, slot, many=True)
            elif self.order == "makes" and not result._array.flags.c_contiguous:
                result._loosen()
        return results

    def _pack(
        self,
        inputs: Sequence[Any],
        arrays: Sequence[Any],
        outs: Sequence[Any],
        results: Sequence[TensorBase],
    ) -> None:
        """Turn what was saved into `SavedArray`s, by finding it among `arrays` and the outputs."""
        packed: list[Any] = []
        assert self._saved is not None
        for kept in self._saved:
            if kept is not None:
                for given, edge, array in zip(inputs, self.edges, arrays, strict=False):
                    if array is kept:
                        if given is not kept:  # it was a tensor's
                            kept = save_tensor(given, edge, None, array)
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

    def _mark_view(
        self, owner: TensorBase, result: TensorBase, params: dict[str, Any], slot: int, many: bool
    ) -> None:
        """Record that `result` shares `owner`'s memory, if it does."""
        array, source = result._array, owner._array
        # A kernel that could not make a view returned memory of its own. (An array's `base`
        # proves nothing by itself: a copy that was reshaped has one too.)
        base = array.base
        same = base is source or base is source.base or not array.size  # the quick answers
        if base is None or not (same or np.may_share_memory(array, source)):
            return
        origin = "no_grad" if not mode.grad else "several" if many else ""
        result._storage = storage = owner._shared_storage()
        result._view = View(owner, ViewStep(type(self), params, slot), storage.version, origin)
        result._inference = owner._inference  # its memory is what it is, whoever looks at it
        result._special = True

    # ---- what the engine calls --------------------------------------------------------------

    def run(self, grads: list[Any]) -> Any:
        """Backward, called with one gradient (or None) an output."""
        return self.backward(*grads)

    def keep_old(self, storage: Storage) -> None:
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

    def retain(self, slot: int, tensor: Any) -> None:
        """Leave output `slot`'s gradient in the weakly referenced `tensor` as it passes."""
        self.hooked = True
        if self.retained is None:
            self.retained = {}
        self.retained[slot] = tensor

    def forget_retained(self, slot: int) -> None:
        """Undo `retain`."""
        if self.retained is not None:
            self.retained.pop(slot, None)

    def hooks_of(self, slot: int) -> Hooks:
        """The table of hooks on output `slot`."""
        self.hooked = True
        if self.tensor_hooks is None:
            self.tensor_hooks = {}
        return self.tensor_hooks.setdefault(slot, OrderedDict())

    @classmethod
    def _find_array_backward(cls) -> None:
        """Set `array_backward` where the class has a rule of its own or says more of one.

        A new `backward` does not inherit the kernel, and no new rule inherits what the flags say.
        """
        own = cls.__dict__
        if "backward" in own:
            cls.backward_kernel = own.get("backward_kernel")
        if "backward" in own or "backward_kernel" in own:
            cls.backward_takes_arrays = own.get("backward_takes_arrays", False)
            cls.returns_fresh_gradients = own.get("returns_fresh_gradients", False)
        elif "backward_takes_arrays" not in own:
            return
        cls.array_backward = cls.backward_kernel
        if cls.backward_kernel is None and cls.backward_takes_arrays:
            cls.array_backward = cls.backward

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._find_array_backward()
        if "_forward_cls" not in cls.__dict__:
            cls._forward_cls = cls
        if isinstance(getattr_static(cls, "forward"), staticmethod):
            cls._backward_cls = backward_class(cls)
            cls.apply = classmethod(apply_static)  # type: ignore[assignment]
            cls.__call__ = refuse_call  # type: ignore[assignment,method-assign]


# PyTorch's form, whose nodes are Functions too; and PyTorch's names for what this module has.
from minitorch.autograd.ctx import (  # noqa: E402
    BackwardCFunction,
    FunctionCtx,
    apply_static,
    backward_class,
    once_differentiable,
    refuse_call,
)

__all__ = ["AccumulateGrad", "BackwardCFunction", "Function", "FunctionCtx", "once_differentiable"]
