"""PyTorch's view of a node: what `Tensor.grad_fn` and `next_functions` hand out."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, TensorBase
from minitorch.autograd.hooks import Hooks, RemovableHandle, add_gradient_hook
from minitorch.autograd.mode import mode
from minitorch.autograd.saved import SavedArray

if TYPE_CHECKING:
    from minitorch._tensor import Tensor
    from minitorch.autograd.function import Function

# PyTorch's names of the operands that a node may have saved: which input it is.
OPERANDS = {"self": 0, "input": 0, "other": 1, "mat2": 1, "weight": 1, "target": 1, "exponent": 1}


@functools.cache
def class_named(function: type[Function], name: str) -> type[Function]:
    """A subclass of `function` by another name, in which ``_saved_self`` and the like are found.

    Only there, for Python reads every attribute more slowly where a class has a `__getattr__`.
    """
    own = {"_forward_cls": function._forward_cls, "__getattr__": saved_by_name}
    return type(name, (function,), own)


def saved_by_name(node: NodeInterface, name: str) -> Any:
    """An attribute that a node does not have: what it saved, by PyTorch's name of it."""
    if name.startswith("_saved_"):
        return node._find_saved(name.removeprefix("_saved_"))
    raise AttributeError(f"'{type(node).__name__}' object has no attribute '{name}'")


class NodeInterface:
    """The part of a node that users see."""

    torch_name = ""
    differentiable_inputs = slice(None)
    _forward_cls: type[Function]
    edges: list[Edge | None]
    outputs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]
    hooked = False  # whether any of the next four is not None
    retained: dict[int, Any] | None = None
    tensor_hooks: dict[int, Hooks] | None = None
    pre_hooks: Hooks | None = None
    post_hooks: Hooks | None = None
    tensor_class: type[Tensor]  # the class of its outputs
    stack: str | None = None  # where it was made, in anomaly mode
    call: Any = None  # what it was made of, while calls are noted
    _backward_cls: type[Function] | None
    _saved: tuple[Any, ...] | None

    @property
    def wrap(self) -> Callable[[Array], Tensor]:
        """Makes a tensor of an array, of the class of the outputs."""
        return self.tensor_class._wrap

    def run(self, grads: list[Any]) -> Any:
        """Backward, called with one gradient (a tensor or None) an output."""
        node: Any = self
        return node.backward(*grads)

    def shown(self) -> Any:
        """The node, whose class has PyTorch's name from now on: one may ask its type."""
        node: Any = self
        name = node.name()
        if type(node).__name__ != name:
            node.__class__ = class_named(type(node), name)  # type: ignore[arg-type]
        return node

    def name(self) -> str:
        """The node's name as PyTorch prints it, e.g. ``MulBackward0``."""
        return self.torch_name or f"{self._forward_cls.__name__}Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """One ``(node, output number)`` an input; an `AccumulateGrad` for a leaf, None for none."""
        return tuple(
            (None, 0)
            if edge is None
            else (AccumulateGrad(edge[0]), 0)
            if isinstance(edge[0], TensorBase)
            else (edge[0].shown(), edge[1])
            for edge in self.edges[self.differentiable_inputs]
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """A place for a user's own notes on the node."""
        return self.__dict__.setdefault("_metadata", {})

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after backward; it may give new grad_inputs."""
        self.hooked = True
        if self.post_hooks is None:
            self.post_hooks = OrderedDict()
        return add_gradient_hook(self.post_hooks, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before backward; it may return new grad_outputs."""
        self.hooked = True
        if self.pre_hooks is None:
            self.pre_hooks = OrderedDict()
        return add_gradient_hook(self.pre_hooks, hook)

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

    def __repr__(self) -> str:
        return f"<{self.name()} object at {hex(id(self))}>"

    def __call__(self, *grads: Any) -> Any:
        """Call backward with one gradient (a tensor or None) an output.

        Returns:
            The input's gradient; of several inputs, a tuple. Not yet summed where an operand was
            broadcast.

        Raises:
            RuntimeError: if the graph was freed.
            TypeError: for another number of gradients; for one that is no tensor.
        """
        node: Any = self
        if self._backward_cls is not None:
            refuse_call(node)
        if len(grads) != len(self.outputs):
            raise TypeError(f"expected {len(self.outputs)} arguments, got {len(grads)} instead")
        for position, grad in enumerate(grads):
            if grad is not None and not isinstance(grad, TensorBase):
                raise TypeError(f"argument {position} is not a Variable")
        if len(grads) > 1 and node.materialize_grads and any(grad is not None for grad in grads):
            grads = tuple(
                node.wrap(np.zeros(shape, dtype)) if grad is None and dtype.kind == "f" else grad
                for grad, (shape, dtype) in zip(grads, self.outputs, strict=True)
            )
        count = len(node.next_functions)
        if node.runs_without_gradient or any(grad is not None for grad in grads):
            recording, mode.grad = mode.grad, True  # (of arrays, a backward may return arrays)
            try:
                results = node.run(list(grads))
            finally:
                mode.grad = recording
        else:
            results = (None,) * count
        results = results if isinstance(results, tuple) else (results,)
        pairs = zip(self.edges, results, strict=False)
        results = tuple([None if edge is None else grad for edge, grad in pairs])
        results = results[self.differentiable_inputs]
        if not mode.grad:
            results = tuple([None if grad is None else grad.detach() for grad in results])
        return results[0] if count == 1 else results

    def _find_saved(self, name: str) -> Any:
        """Find the saved tensor that PyTorch calls ``_saved_<name>``.

        Raises:
            AttributeError: if the node has not saved it, or it cannot be told which it is.
        """
        node: Any = self
        value = self.__dict__.get(name)
        if name in self.__dict__ and isinstance(value, (bool, int, float, tuple, type(None))):
            return value
        if self._saved is None:
            return node.saved  # raises: the graph was freed
        items = [item for item in self._saved if isinstance(item, SavedArray)]
        if name == "result":
            found = [item for item in items if item.own_slot == 0]
        elif (index := OPERANDS.get(name, len(self.edges))) < len(self.edges):
            edge = self.edges[index]
            inputs = [item for item in items if item.own_slot is None]
            found = [item for item in inputs if _same_edge(item.edge, edge)]
            if edge is None and self.edges.count(None) > 1:
                found = []  # a constant, but which?
            elif not found and any(item is None for item in self._saved):
                return None  # another operand alone is needed
        else:
            found = []
        if not found:
            raise AttributeError(
                f"'{node.name()}' object has no attribute '_saved_{name}' in minitorch"
            )
        return found[0].unpack(node)


def refuse_call(function: Function) -> None:
    """Refuse to call an instance of a class whose methods are static.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        "Legacy autograd function with non-static forward method is deprecated. Please use "
        f"new-style autograd function with static forward method: {type(function).__name__}"
        ".apply(...)"
    )


def _same_edge(one: Edge | None, other: Edge | None) -> bool:
    """Whether both lead to the same output, or nowhere."""
    if one is None or other is None:
        return one is other
    return one[0] is other[0] and one[1] == other[1]


class AccumulateGrad:
    """The end of a path in `next_functions`: adds what arrives to `variable.grad`."""

    def __init__(self, variable: TensorBase) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        """PyTorch's name of the node."""
        return "AccumulateGrad"

    def __call__(self, grad: Any) -> tuple[()]:
        """Add `grad` to the leaf's."""
        leaf: Any = self.variable
        leaf.grad = grad.clone() if leaf.grad is None else leaf.grad + grad
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {hex(id(self.variable))}>"
