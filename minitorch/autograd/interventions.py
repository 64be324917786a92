"""Interventions in a walk, for those who ask: targets, hooks, observers; and errors.

`walk` calls these, so that it can be read without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappush
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd.base import Edge, Edges, TensorBase
from minitorch.autograd.hooks import all_replaced, replaced
from minitorch.autograd.mode import mode
from minitorch.autograd.node_api import AccumulateGrad
from minitorch.kernels.bfloat16 import native
from minitorch.kernels.sums import broadcasts

if TYPE_CHECKING:
    from minitorch.autograd.function import Function
    from minitorch.autograd.walk import BackwardWalk


class Targets:
    """The gradients that are wanted of a walk, which goes no further than it must for them.

    Args:
        roots: where the walk begins.
        edges: where the wanted gradients go.
        accumulate: add those of leaves to ``.grad``, instead of handing them out.

    Attributes:
        found: the gradients that came by, each by its target.
        paths: of each node from which a target can be reached, its edges that lead there.
    """

    def __init__(
        self, roots: Sequence[Edge], edges: Sequence[Edge], accumulate: bool = False
    ) -> None:
        self.accumulate = accumulate
        self.edges = {(id(end), slot) for end, slot in edges}
        self.found: dict[tuple[int, int], Any] = {}
        self.paths = _paths_to_targets(roots, self.edges)

    def capture(self, node: Function, grads: list[Any]) -> None:
        """Keep those gradients of a node's outputs that are wanted."""
        for slot, grad in enumerate(grads):
            if grad is not None and (id(node), slot) in self.edges:
                self.found[id(node), slot] = grad


def _paths_to_targets(
    roots: Sequence[Edge], targets: set[tuple[int, int]]
) -> dict[Function, list[Edge | None]]:
    """The nodes from which a target can be reached, and by which edges (None for the others)."""
    paths: dict[Function, list[Edge | None]] = {}
    for node in sorted(nodes_behind(roots), key=attrgetter("sequence")):  # inputs before users
        edges: list[Edge | None] = []
        for edge in node.edges:
            if edge and not (edge[0] in paths or (id(edge[0]), edge[1]) in targets):
                edge = None
            edges.append(edge)
        if any(edges):
            paths[node] = node.edges if edges == node.edges else edges
    return paths


def nodes_behind(edges: Edges) -> set[Function]:
    """All nodes that can be reached by `edges`."""
    seen: set[Function] = set()
    stack = [edge[0] for edge in edges if edge and not isinstance(edge[0], TensorBase)]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            for edge in node.edges:
                if edge is not None and not isinstance(edge[0], TensorBase):
                    stack.append(edge[0])
    return seen


# ---- when a leaf's gradient is whole ------------------------------------------------------------


def find_last_uses(walk: BackwardWalk, roots: Sequence[Edge]) -> None:
    """Find where each leaf's gradient is whole, if there is a hook in the walk that could see it.

    That is at the last edge, of its oldest user, which a walk visits last of all that lead to it.
    So hooks see of leaves what they would in PyTorch.
    """
    paths = None if walk.targets is None else walk.targets.paths
    last: dict[TensorBase, tuple[Function | None, int]] = {}
    seen: set[Function] = set()
    stack: list[Function] = []
    watched = bool(mode.observers)
    for index, (end, _) in enumerate(roots):
        if isinstance(end, TensorBase):
            last[end] = None, index
            watched = watched or bool(end._hooks or end._post_accumulate_hooks)
        else:
            stack.append(end)
    while stack:
        node = stack.pop()
        if node.hooked:
            watched = True
        for index, edge in enumerate(node.edges if paths is None else paths.get(node, ())):
            if edge is None:
                continue
            end = edge[0]
            if not isinstance(end, TensorBase):
                if end not in seen:
                    seen.add(end)
                    stack.append(end)
                continue
            if end in last:
                user = last[end][0]
                if user is not None and user.sequence < node.sequence:
                    continue
            last[end] = node, index
            if not watched and (end._hooks or end._post_accumulate_hooks):
                watched = True
    if watched:
        walk.last_uses = last


def finish_if_whole(
    walk: BackwardWalk, node: Function | None, index: int, leaf: TensorBase
) -> None:
    """Hand a leaf's gradient over if no other edge than this leads to it."""
    last = walk.last_uses.get(leaf)
    if last is not None and last[0] is node and last[1] == index:
        del walk.last_uses[leaf]
        _, grad, owned = walk.leaves.pop(id(leaf), (leaf, None, False))
        finish_leaf(walk, leaf, grad, owned)


def finish_walk(walk: BackwardWalk) -> None:
    """Hand the leaves their gradients, all that were not on the way; then call what was queued."""
    for leaf, grad, owned in walk.leaves.values():
        finish_leaf(walk, leaf, grad, owned)
    for leaf in walk.last_uses:
        if id(leaf) not in walk.leaves:
            finish_leaf(walk, leaf, None, False)
    for callback in mode.callbacks or ():  # which may queue others
        callback()


# ---- a node's turn ------------------------------------------------------------------------------


def visit(walk: BackwardWalk, node: Function, grads: list[Any]) -> tuple[Edges, Sequence[Any]]:
    """Run one node's backward, with targets, hooks and observers: ``BackwardWalk.visit``."""
    edges = node.edges
    if walk.targets is not None:
        path = walk.targets.paths.get(node)
        if path is None:  # the walk ends here: whose hooks run are the outputs', not the node's
            walk.targets.capture(node, _run_output_hooks(walk, node, grads))
            return (), ()
        walk.targets.capture(node, grads)  # before the hooks change it, as in PyTorch
        edges = path
    if node.hooked:
        grads = _run_pre_hooks(walk, node, _run_output_hooks(walk, node, grads))
        if not node.runs_without_gradient and not any([grad is not None for grad in grads]):
            return edges, (None,) * len(edges)
    try:
        for observer in mode.observers:
            observer.before_backward(node, grads)
        grad_inputs = _call_for(walk, node, grads, edges)
        if node.post_hooks is not None or mode.observers:
            grad_inputs = _run_post_hooks(walk, node, edges, grad_inputs, grads)
        for observer in mode.observers:
            observer.after_backward(node, grads, grad_inputs)
    except Exception as error:
        for observer in mode.observers:
            observer.backward_failed(node, error)
        raise
    if node._saved and not walk.retain_graph:
        node.release()
    return edges, grad_inputs


def _call_for(
    walk: BackwardWalk, node: Function, grads: list[Any], edges: list[Edge | None]
) -> Sequence[Any]:
    """Call a node's backward, which `needs` no more than the gradients that go along `edges`."""
    if node.rounded and not walk.create_graph:  # (which is always hooked)
        grads = [None if g is None else native(g) for g in with_zeros(walk, node, grads)]
    if edges is node.edges:
        return walk.call_backward(node, grads)
    outer, mode.limited = mode.limited, (node, edges)
    try:
        return walk.call_backward(node, grads)
    finally:
        mode.limited = outer


def run_on_tensors(walk: BackwardWalk, node: Function, grads: list[Any]) -> tuple[Any, ...]:
    """Run a node's backward on tensors.

    Raises:
        TypeError: for a gradient that is neither a tensor nor None.
    """
    recorded = walk.create_graph  # then its gradients are tensors as they are
    if not recorded:
        grads = [None if g is None else walk.to_tensor(g, node.wrap) for g in grads]
    results = node.run(grads)
    results = results if type(results) is tuple else (results,)
    for index, grad in enumerate(results):
        if grad is not None and not isinstance(grad, TensorBase):
            raise TypeError(
                f"{node.name()}: expected a tensor or None as the gradient at index {index}, "
                f"got {type(grad).__name__}"
            )
    if recorded:
        return results
    return tuple([None if grad is None else walk.from_tensor(grad) for grad in results])


def with_zeros(walk: BackwardWalk, node: Function, grads: list[Any]) -> list[Any]:
    """Zeros for the outputs that nobody sent a gradient to."""
    if not node.materialize_grads or not any([grad is None for grad in grads]):
        return grads
    return [
        walk.from_tensor(node.wrap(np.zeros(shape, dtype)))
        if grad is None and dtype.kind == "f"
        else grad
        for grad, (shape, dtype) in zip(grads, node.outputs, strict=True)
    ]


def send_nothing(walk: BackwardWalk, end: Any) -> None:
    """Give their turn to those nodes behind `end` that run even if no gradient comes."""
    stack = [end]
    while stack:
        node = stack.pop()
        if isinstance(node, TensorBase) or node in walk.without_gradient:
            continue
        walk.without_gradient.add(node)
        if not node.runs_without_gradient:
            stack += [edge[0] for edge in node.edges if edge is not None]
        elif node not in walk.pending:
            walk.pending[node] = [None] * len(node.outputs)
            heappush(walk.ready, (-node.sequence, node))


# ---- hooks, which see tensors -------------------------------------------------------------------


def _run_output_hooks(walk: BackwardWalk, node: Function, grads: list[Any]) -> list[Any]:
    """Show the hooks of a node's outputs the gradients; the outputs keep what they are to keep."""
    if node.tensor_hooks is None and node.retained is None:
        return grads
    left = []
    for slot, grad in enumerate(grads):
        if grad is not None:
            tensor = walk.to_tensor(grad, node.wrap)
            for hook in list((node.tensor_hooks or {}).get(slot, {}).values()):
                tensor = replaced(hook, tensor, hook(tensor))
            output = (node.retained or {}).get(slot, lambda: None)()
            if output is not None:
                # Not in place: a sum outside the graph is no longer what was recorded.
                held = output._grad
                output._grad = tensor.clone() if held is None else held + tensor
            grad = walk.from_tensor(tensor)
        left.append(grad)
    return left


def _run_pre_hooks(walk: BackwardWalk, node: Function, grads: list[Any]) -> list[Any]:
    """Let a node's hooks change the gradients of its outputs."""
    if not node.pre_hooks:
        return grads
    tensors = tuple([None if g is None else walk.to_tensor(g, node.wrap) for g in grads])
    for hook in list(node.pre_hooks.values()):
        tensors = tuple(all_replaced(hook, tensors, hook(tensors)))
    return [None if grad is None else walk.from_tensor(grad) for grad in tensors]


def _run_post_hooks(
    walk: BackwardWalk, node: Function, edges: Edges, grad_inputs: Sequence[Any], grads: list[Any]
) -> Sequence[Any]:
    """Let a node's hooks change the gradients that it made, for the edges that want one.

    Those for no edge come back as they are: they are not sent, but observers see them.
    """
    wrap = node.wrap
    left: list[Any] = [
        None
        if edge is None or grad is None
        else walk.to_tensor(walk.fit(node, index, grad, *expected_by(edge)), wrap)
        for index, (edge, grad) in enumerate(zip(edges, grad_inputs, strict=True))
    ]
    came = tuple(None if grad is None else walk.to_tensor(grad, wrap) for grad in grads)
    shown = node.differentiable_inputs
    for hook in list((node.post_hooks or {}).values()):
        seen = tuple(left[shown])
        left[shown] = all_replaced(hook, seen, hook(seen, came))
    for index, edge in enumerate(edges):
        if edge is None:
            left[index] = grad_inputs[index]
        elif left[index] is not None:
            left[index] = walk.from_tensor(left[index])
    return left


def expected_by(edge: Edge) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and dtype of what `edge` leads to."""
    end, slot = edge
    if isinstance(end, TensorBase):
        return end._any_stored.shape, end._numpy_dtype
    expected: tuple[tuple[int, ...], np.dtype[Any]] = end.outputs[slot]
    return expected


def finish_leaf(walk: BackwardWalk, leaf: TensorBase, grad: Any, owned: bool) -> None:
    """Hand over the whole of a leaf's gradient (None if none came), or add it to ``.grad``."""
    if leaf._hooks is not None:
        owned = False
        tensor = None if grad is None else walk.to_tensor(grad, leaf._wrap)
        for hook in list(leaf._hooks.values()):
            tensor = replaced(hook, tensor, hook(tensor))
        grad = None if tensor is None else walk.from_tensor(tensor)
    if walk.targets is not None and not walk.targets.accumulate:
        walk.targets.found[id(leaf), 0] = grad
        return
    if grad is not None and leaf._requires_grad:  # or it was frozen since its edge was made
        if mode.observers:
            _accumulate_observed(walk, leaf, grad)
        else:
            walk.accumulate(leaf, grad, owned)
    if leaf._post_accumulate_hooks is not None:
        _run_post_accumulate_hooks(leaf)


def _accumulate_observed(walk: BackwardWalk, leaf: TensorBase, grad: Any) -> None:
    """Add `grad` to ``leaf.grad``, as a node that observers are told of."""
    node = AccumulateGrad(leaf)
    for observer in mode.observers:
        observer.before_backward(node, [grad])
    walk.accumulate(leaf, grad)
    for observer in mode.observers:
        observer.after_backward(node, [grad], ())


def _run_post_accumulate_hooks(leaf: TensorBase) -> None:
    """Tell whoever asked for it that the gradient has been added to ``leaf.grad``."""
    for hook in list((leaf._post_accumulate_hooks or {}).values()):
        result = hook(leaf)
        if replaced(hook, leaf, result) is result:
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")


# ---- errors -------------------------------------------------------------------------------------


def fit_count(node: Function, grads: Sequence[Any]) -> Sequence[Any]:
    """PyTorch's rule: surplus gradients must be None; missing ones are an error."""
    expected = len(node.edges)
    if len(grads) < expected or any(grad is not None for grad in grads[expected:]):
        raise RuntimeError(
            f"function {node.name()} returned an incorrect number of gradients "
            f"(expected {expected}, got {len(grads)})"
        )
    return grads[:expected]


def check_shape(node: Function, index: int, got: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Refuse a gradient of another shape, unless its operand was broadcast."""
    if not (node.broadcasts and broadcasts(wanted, got)):
        raise RuntimeError(
            f"Function {node.name()} returned an invalid gradient at index {index} - "
            f"got {list(got)} but expected shape compatible with {list(wanted)}"
        )
