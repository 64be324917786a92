"""The engine: a walk back through the graph, from results to leaves, that knows no operation.

Nodes are numbered as they are made: whatever used a node's output has a higher number. So a heap
that yields the highest first visits a node after all that send it a gradient, with no recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, from_numpy_dtype
from minitorch.autograd import fast, interventions
from minitorch.autograd.base import Edge, Edges, TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.hooks import registered
from minitorch.autograd.mode import mode
from minitorch.kernels.layout import is_spread_out, ordered_as, packed_copy
from minitorch.kernels.quiet import ignore_float_errors, restore
from minitorch.kernels.sums import added, cast, sum_to

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class BackwardWalk:
    """One walk back. Gradients are ndarrays here; see `RecordedWalk` for tensors.

    Args:
        retain_graph: keep what the nodes saved, so that the graph can be walked again.
        targets: the gradients that are wanted; None for those of every leaf.
    """

    create_graph = False

    def __init__(self, retain_graph: bool, targets: interventions.Targets | None = None) -> None:
        self.retain_graph, self.targets = retain_graph, targets
        self.ready: list[tuple[float, Any]] = []  # a heap of the nodes in `pending`
        self.pending: dict[Function, list[Any]] = {}  # the gradient of each output so far
        self.leaves: dict[int, tuple[TensorBase, Any, bool]] = {}  # its gradient; sole owner?
        self.last_uses: dict[TensorBase, tuple[Function | None, int]] = {}  # while hooks may look
        self.without_gradient: set[Function] = set()  # see `interventions.send_nothing`

    def run(self, roots: list[Edge], seeds: list[Tensor]) -> None:
        """Send `seeds` into `roots`, walk until no gradient is under way, and fill the leaves."""
        previous = mode.grad, mode.callbacks
        mode.grad, mode.callbacks = self.create_graph, []
        error_state = ignore_float_errors()
        try:
            if registered.gradient_hooks or mode.observers:
                interventions.find_last_uses(self, roots)
            self.send(None, roots, [self.from_tensor(seed) for seed in seeds])
            fast.walk(self) if fast.is_plain(self) else self.walk()
            interventions.finish_walk(self)
        finally:
            restore(error_state)
            mode.grad, mode.callbacks = previous

    def walk(self) -> None:
        """Visit the nodes, the youngest first, until none has a gradient left."""
        while self.ready:
            _, node = heappop(self.ready)
            self.send(node, *self.visit(node, self.pending.pop(node)))

    def visit(self, node: Function, grads: list[Any]) -> tuple[Edges, Sequence[Any]]:
        """Run one node's backward: the edges that its gradients go along, and the gradients."""
        if node.hooked or mode.observers or self.targets is not None:
            return interventions.visit(self, node, grads)
        grad_inputs = self.call_backward(node, grads)
        if node._saved and not self.retain_graph:
            node.release()
        return node.edges, grad_inputs

    def send(self, node: Function | None, edges: Edges, grads: Sequence[Any]) -> None:
        """Add each of the gradients that `node` made to the sum at the end of its edge."""
        for index, edge in enumerate(edges):
            if edge is None:
                continue
            (end, slot), grad = edge, grads[index]
            if isinstance(end, TensorBase):
                self.send_to_leaf(node, index, end, grad)
            elif grad is None:
                interventions.send_nothing(self, end)
            else:
                grad = self.fit(node, index, grad, *end.outputs[slot])
                sums = self.pending.get(end)
                if sums is None:
                    self.pending[end] = sums = [None] * len(end.outputs)
                    heappush(self.ready, (-end.sequence, end))
                sums[slot] = grad if sums[slot] is None else self.add(sums[slot], grad)

    def send_to_leaf(self, node: Function | None, index: int, leaf: TensorBase, grad: Any) -> None:
        """Add a gradient to the sum of a leaf."""
        if grad is not None:
            array = leaf._any_layout if leaf._slow_path else leaf._array
            if self.create_graph or grad.shape != array.shape or grad.dtype is not array.dtype:
                grad = self.fit(node, index, grad, array.shape, array.dtype)
            held = self.leaves.get(id(leaf))
            if held is None:
                fresh = node is not None and node.returns_fresh_gradients
                self.leaves[id(leaf)] = leaf, grad, fresh
            else:
                self.leaves[id(leaf)] = leaf, self.add(held[1], grad), True
        if self.last_uses:
            interventions.finish_if_whole(self, node, index, leaf)

    def call_backward(self, node: Function, grads: list[Any]) -> Sequence[Any]:
        """Run a node's backward on its outputs' gradients: one gradient or None an input."""
        if len(grads) > 1:
            grads = interventions.with_zeros(self, node, grads)
        rule = None if self.create_graph else node.array_backward
        result = interventions.run_on_tensors(self, node, grads) if rule is None else rule(*grads)
        result = result if type(result) is tuple else (result,)
        return result if len(result) == len(node.edges) else interventions.fit_count(node, result)

    # ---- the form of a gradient: ndarrays here, tensors in a `RecordedWalk` ------------------

    def from_tensor(self, grad: Tensor) -> Any:
        """A tensor in the walk's own form."""
        return grad._native_layout

    def to_tensor(self, grad: Any, wrap: Callable[[Array], Tensor]) -> Any:
        """A gradient as a tensor, for hooks and callers."""
        tensor = wrap(np.asarray(grad))
        if not tensor._array.flags.c_contiguous and is_spread_out(tensor._array):
            tensor._keep_native_layout()  # its memory is not what PyTorch's would be
        return tensor

    def add(self, held: Any, grad: Any) -> Any:
        """The sum of two gradients; neither is changed, for others may hold it."""
        return np.add(held, grad) if held.dtype.isnative else added(held, grad)

    def fit(self, node: Any, index: int, grad: Any, shape: Any, dtype: Any) -> Any:
        """The gradient that `node` made for an input, in that one's shape and dtype."""
        if grad.shape != shape:
            interventions.check_shape(node, index, grad.shape, shape)
            grad = sum_to(grad, shape)
        return grad if grad.dtype == dtype else cast(grad, dtype)

    def accumulate(self, leaf: TensorBase, grad: Any, owned: bool = False) -> None:
        """Add `grad` to ``leaf.grad``, which never shares memory with anything else."""
        held = leaf._grad
        if held is not None:
            held._add(grad)
            held._bump_version()
        elif leaf._slow_path:
            leaf._grad = leaf._gradient_class._wrap_any(ordered_as(grad, leaf._array))
        else:  # (a sum of 0-d arrays is a NumPy scalar, which nothing can be added to in place)
            owned = owned and type(grad) is np.ndarray and grad.base is None
            if not (owned and grad.flags.c_contiguous):
                grad = packed_copy(grad)
            leaf._grad = leaf._wrap(grad)


class RecordedWalk(BackwardWalk):
    """A walk that is itself recorded: its gradients are tensors, and can be differentiated."""

    create_graph = True

    def from_tensor(self, grad: Tensor) -> Any:
        return grad

    def to_tensor(self, grad: Any, wrap: Callable[[Array], Tensor]) -> Any:
        return grad

    def add(self, held: Any, grad: Any) -> Any:
        return held + grad

    def fit(self, node: Any, index: int, grad: Any, shape: Any, dtype: Any) -> Any:
        array = grad._any_layout
        if array.shape != shape:
            interventions.check_shape(node, index, array.shape, shape)
            grad = grad.sum_to_size(shape)
        return grad if array.dtype == dtype else grad.to(from_numpy_dtype(dtype))

    def accumulate(self, leaf: TensorBase, grad: Any, owned: bool = False) -> None:
        leaf._grad = grad._ordered_as(leaf) if leaf._grad is None else leaf._grad + grad
