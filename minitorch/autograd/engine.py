"""The engine: walks the graph from its results back to its leaves, and knows no operation.

A node's creation number is a topological order: whatever used a node's output was made after it.
So a heap of nodes, the youngest first, visits every node after all that send it a gradient, with
no recursion and no pass to count them; each gradient is dropped as soon as it has been used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from operator import attrgetter
from threading import get_ident
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, from_numpy_dtype
from minitorch.autograd.base import Edge, TensorBase
from minitorch.autograd.function import AccumulateGrad, Function
from minitorch.autograd.hooks import all_replaced, replaced
from minitorch.autograd.mode import mode, wanted
from minitorch.kernels.layout import is_spread_out, ordered_as
from minitorch.kernels.quiet import hush, restore
from minitorch.kernels.sums import sum_to

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

asarray = np.asarray

Tensors = Any  # a tensor or a sequence of tensors, as in PyTorch's signatures


class Pass:
    """One walk back through the graph: the gradients still under way, and those to hand out.

    What is under way are ndarrays: nobody will differentiate this walk (`RecordedPass` is for when
    somebody will), so a node whose backward can be run on arrays is spared the tensors.

    Args:
        retain_graph: keep what the nodes saved, so that the graph can be walked again.
        targets: the edges whose gradients are wanted; None for every leaf.
    """

    create_graph = False
    without: set[Function] | None = None  # the nodes that a gradient of None has gone to

    def __init__(self, *, retain_graph: bool, targets: list[Edge] | None = None) -> None:
        self.retain_graph = retain_graph
        # Of each leaf, what has come, and whether it is in memory that nobody else has.
        self.leaves: dict[int, tuple[TensorBase, Any, bool]] = {}
        self.targets = None if targets is None else {(id(t), slot) for t, slot in targets}
        self.found: dict[tuple[int, int], Any] = {}
        # Of each node on a way to a target, its edges that are; the others want no gradient.
        self.ways: dict[Function, list[Edge | None]] = {}

    def run(self, roots: list[Edge], seeds: list[Tensor]) -> None:
        """Send `seeds` into `roots` and walk until nothing is under way."""
        if self.targets is not None:
            self.ways = _ways(roots, self.targets)
        previous, mode.grad = mode.grad, self.create_graph
        loud = hush()
        try:
            self.walk(roots, [self.carried(seed) for seed in seeds])
            for leaf, total, own in self.leaves.values():
                self.arrive(leaf, total, own)
        finally:
            restore(loud)
            mode.grad = previous

    # ---- what is under way: arrays here, tensors in a `RecordedPass` -------------------------

    def carried(self, grad: Tensor) -> Any:
        """A tensor in the form in which gradients are under way."""
        return grad._for_kernels()

    def shown(self, grad: Any, wrap: Callable[[Array], Tensor]) -> Any:
        """What is under way, as a tensor for whoever wants to see one."""
        tensor = wrap(asarray(grad))
        if not tensor._array.flags.c_contiguous and is_spread_out(tensor._array):
            tensor._loosen()  # a kernel's own order: its memory is not what PyTorch's would be
        return tensor

    def added(self, held: Any, grad: Any) -> Any:
        """The sum of two gradients under way; neither is changed, for others may hold it."""
        return np.add(held, grad)

    def call(self, node: Function, slots: list[Any]) -> Any:
        """Run one node's backward: one gradient, or a tuple of them."""
        return _watched(self, node, slots) if mode.anomaly else self.made(node, slots)

    def made(self, node: Function, slots: list[Any]) -> Any:
        """What one node's backward makes of the gradients `slots`."""
        rule = node.array_backward
        if rule is not None:
            return rule(*slots)
        wrap = node.wrap
        made = node.run([None if grad is None else self.shown(grad, wrap) for grad in slots])
        if type(made) is tuple:
            return tuple([_peeked(node, index, grad) for index, grad in enumerate(made)])
        return _peeked(node, 0, made)

    def fit(self, node: Any, index: int, grad: Any, shape: Any, dtype: Any) -> Any:
        """The gradient that `node` made for an input, in that one's shape and dtype."""
        if grad.shape != shape:
            _check_shape(node, index, grad.shape, shape)
            grad = sum_to(grad, shape)
        return grad if grad.dtype == dtype else grad.astype(dtype)

    # ---- the walk ---------------------------------------------------------------------------

    def walk(self, edges: Sequence[Edge | None], grads: Sequence[Any]) -> None:
        """Send `grads` along `edges`, then those of each node that they reach, youngest first."""
        ready: list[tuple[int, Function]] = []
        pending: dict[Function, list[Any]] = {}
        node: Function | None = None
        recorded, retain = self.create_graph, self.retain_graph
        plain = not (recorded or mode.anomaly or self.targets is not None)
        while True:
            for index, edge in enumerate(edges):
                grad = grads[index]
                if edge is None or grad is None:
                    if edge is not None:
                        self.send_nothing(edge[0], ready, pending)
                    continue
                end, slot = edge
                if not isinstance(end, Function):
                    self.to_leaf(node, index, end, grad)
                    continue
                outputs = end.outputs
                shape, dtype = outputs[slot]
                array = grad._peek() if recorded else grad
                if array.shape != shape or array.dtype is not dtype:
                    grad = self.fit(node, index, grad, shape, dtype)
                slots = pending.get(end)
                if slots is None:
                    pending[end] = slots = [None] * len(outputs)
                    heappush(ready, (-end.sequence, end))
                held = slots[slot]
                slots[slot] = grad if held is None else self.added(held, grad)
            if not ready:
                return
            _, node = heappop(ready)
            slots = pending.pop(node)
            grads = grad = array = held = None  # type: ignore[assignment] # let go of the memory
            rule = node.array_backward
            if plain and rule is not None and not node.hooked and len(slots) == 1:
                edges, made = node.edges, rule(slots[0])  # what `visit` would come to
                grads = made if type(made) is tuple else (made,)
                if len(grads) != len(edges):
                    grads = _fit_count(node, grads)
                if node._saved and not retain:
                    node.release()
            else:
                edges, grads = self.visit(node, slots)

    def send_nothing(
        self, end: Any, ready: list[tuple[int, Function]], pending: dict[Function, list[Any]]
    ) -> None:
        """Give their turn to those nodes behind `end` that run even if no gradient comes."""
        if self.without is None:
            self.without = set()
        stack = [end]
        while stack:
            node = stack.pop()
            if not isinstance(node, Function) or node in self.without:
                continue
            self.without.add(node)
            if not node.runs_without_gradient:
                stack += [edge[0] for edge in node.edges if edge is not None]
            elif node not in pending:
                pending[node] = [None] * len(node.outputs)
                heappush(ready, (-node.sequence, node))

    def to_leaf(self, node: Function | None, index: int, leaf: TensorBase, grad: Any) -> None:
        """Add `grad` to what has come to `leaf`."""
        like = leaf._peek()
        array = grad._peek() if self.create_graph else grad
        if array.shape != like.shape or array.dtype is not like.dtype:
            grad = self.fit(node, index, grad, like.shape, like.dtype)
        met = self.leaves.get(id(leaf))
        if met is None:
            self.leaves[id(leaf)] = (leaf, grad, node is not None and node.returns_fresh_gradients)
        else:
            self.leaves[id(leaf)] = (leaf, self.added(met[1], grad), True)

    def visit(
        self, node: Function, slots: list[Any]
    ) -> tuple[Sequence[Edge | None], tuple[Any, ...]]:
        """Run one node's backward: the gradients that it makes, and the edges they go along."""
        hooked = node.hooked
        edges = node.edges
        if self.targets is not None:
            wants = self.ways.get(node)
            if wants is None:  # the walk ends here
                if hooked:
                    slots = self.early_hooks(node, slots, ends=True)
                self.capture(node, slots)
                return (), ()
            self.capture(node, slots)  # before the hooks change it, as in PyTorch
            edges = wants
        if hooked:
            slots = self.early_hooks(node, slots)
            if not node.runs_without_gradient and not any([g is not None for g in slots]):
                return edges, (None,) * len(edges)
        came = slots
        if len(slots) > 1 and node.materialize_grads and any([g is None for g in slots]):
            slots = self.materialized(node, slots)
        if edges is node.edges:
            made = self.call(node, slots)
        else:  # while it runs, it `needs` no more than what is wanted
            place = get_ident(), node
            outer, wanted[place] = wanted.get(place), edges
            try:
                made = self.call(node, slots)
            finally:
                if outer is None:
                    del wanted[place]
                else:
                    wanted[place] = outer
        grads = made if type(made) is tuple else (made,)
        if len(grads) != len(edges):
            grads = _fit_count(node, grads)
        if hooked and node.post_hooks is not None:
            grads = self.late_hooks(node, edges, grads, came)
        if node._saved and not self.retain_graph:
            node.release()
        return edges, grads

    def capture(self, node: Function, slots: list[Any]) -> None:
        """Keep those gradients of a node's outputs that were asked for."""
        assert self.targets is not None
        for slot, grad in enumerate(slots):
            if grad is not None and (id(node), slot) in self.targets:
                self.found[id(node), slot] = grad

    def materialized(self, node: Function, slots: list[Any]) -> list[Any]:
        """Zeros for the outputs that nobody sent a gradient to."""
        return [
            self.carried(node.wrap(np.zeros(shape, dtype)))
            if grad is None and dtype.kind == "f"
            else grad
            for grad, (shape, dtype) in zip(slots, node.outputs, strict=True)
        ]

    def arrive(self, leaf: TensorBase, grad: Any, own: bool) -> None:
        """The whole of a leaf's gradient is there: hand it over, or add it to ``leaf.grad``."""
        if leaf._hooks is not None:
            own = False
            tensor = self.shown(grad, leaf._wrap)
            for hook in list(leaf._hooks.values()):
                tensor = replaced(hook, tensor, hook(tensor))
            grad = self.carried(tensor)
        if self.targets is not None:
            self.found[id(leaf), 0] = grad
        elif leaf._requires_grad:
            self.accumulate(leaf, grad, own)
        elif leaf._post_accumulate_hooks is not None:  # frozen since its edge was made
            _accumulated(leaf)

    def accumulate(self, leaf: TensorBase, grad: Any, own: bool = False) -> None:
        """Add `grad` to ``leaf.grad``, which never shares memory with anything else."""
        held = leaf._grad
        if held is None:
            # (A sum of 0-d arrays is a NumPy scalar, which nothing can be added to in place.)
            mine = own and type(grad) is np.ndarray and grad.base is None
            if leaf._special:
                grad = ordered_as(grad, leaf._array)
            elif not (mine and grad.flags.c_contiguous):
                grad = np.array(grad, order="C")
            leaf._grad = leaf._wrap_any(grad) if leaf._special else leaf._wrap(grad)
        else:
            np.add(held._array, grad, out=held._array)
            held._bump_version()
        if leaf._post_accumulate_hooks is not None:
            _accumulated(leaf)

    # ---- hooks, which see tensors ------------------------------------------------------------

    def early_hooks(self, node: Function, slots: list[Any], ends: bool = False) -> list[Any]:
        """Show a node's incoming gradients to whom they concern; what is left of them.

        If the walk `ends` there, they concern its outputs' hooks, but not its own.
        """
        wrap = node.wrap
        grads = [None if grad is None else self.shown(grad, wrap) for grad in slots]
        if node.tensor_hooks is not None or node.retained is not None:
            for slot, grad in enumerate(grads):
                if grad is None:
                    continue
                for hook in list((node.tensor_hooks or {}).get(slot, {}).values()):
                    grad = replaced(hook, grad, hook(grad))
                grads[slot] = grad
                tensor = (node.retained or {}).get(slot, lambda: None)()
                if tensor is not None:
                    # Not in place: a sum outside the graph is no longer what was recorded.
                    held = tensor._grad
                    tensor._grad = grad.clone() if held is None else held + grad
        for hook in [] if ends else list((node.pre_hooks or {}).values()):
            shown = tuple(grads)
            grads = list(all_replaced(hook, shown, hook(shown)))
        return [None if grad is None else self.carried(grad) for grad in grads]

    def late_hooks(
        self,
        node: Function,
        edges: Sequence[Edge | None],
        grads: tuple[Any, ...],
        slots: list[Any],
    ) -> tuple[Any, ...]:
        """Let a node's hooks change the gradients that it made, for the edges that want one."""
        assert node.post_hooks is not None
        wrap = node.wrap
        made = tuple(
            None
            if edge is None or grad is None
            else self.shown(self.fit(node, index, grad, *wanted_by(edge)), wrap)
            for index, (edge, grad) in enumerate(zip(edges, grads, strict=True))
        )
        came = tuple(None if grad is None else self.shown(grad, wrap) for grad in slots)
        shown, left = node.differentiable_inputs, list(made)
        for hook in list(node.post_hooks.values()):
            seen = tuple(left[shown])
            left[shown] = all_replaced(hook, seen, hook(seen, came))
        return tuple([None if grad is None else self.carried(grad) for grad in left])


class RecordedPass(Pass):
    """A walk that is itself recorded, so that its results can be differentiated: of tensors."""

    create_graph = True

    def carried(self, grad: Tensor) -> Any:
        return grad

    def shown(self, grad: Any, wrap: Callable[[Array], Tensor]) -> Any:
        return grad

    def added(self, held: Any, grad: Any) -> Any:
        return held + grad

    def made(self, node: Function, slots: list[Any]) -> Any:
        made = node.run(slots)
        for index, grad in enumerate(made if type(made) is tuple else (made,)):
            if grad is not None and not isinstance(grad, TensorBase):
                _tensor(node, index, grad)
        return made

    def fit(self, node: Any, index: int, grad: Any, shape: Any, dtype: Any) -> Any:
        array = grad._peek()
        if array.shape != shape:
            _check_shape(node, index, array.shape, shape)
            grad = grad.sum_to_size(shape)
        return grad if array.dtype == dtype else grad.to(from_numpy_dtype(dtype))

    def accumulate(self, leaf: TensorBase, grad: Any, own: bool = False) -> None:
        held = leaf._grad
        leaf._grad = grad._ordered_as(leaf) if held is None else held + grad
        if leaf._post_accumulate_hooks is not None:
            _accumulated(leaf)


def wanted_by(edge: Edge) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and dtype of what `edge` leads to."""
    end, slot = edge
    if isinstance(end, Function):
        return end.outputs[slot]
    array = end._peek()
    return array.shape, array.dtype


def _tensor(node: Function, index: int, grad: Any) -> Tensor:
    """`grad`, refused if it is no tensor."""
    if not isinstance(grad, TensorBase):
        raise TypeError(
            f"{node.name()}: expected a tensor or None as the gradient at index {index}, "
            f"got {type(grad).__name__}"
        )
    return grad  # type: ignore[return-value]


def _peeked(node: Function, index: int, grad: Any) -> Any:
    """The array of a gradient, or None."""
    if grad is None:
        return None
    return _tensor(node, index, grad)._for_kernels()


def _ways(roots: list[Edge], targets: set[tuple[int, int]]) -> dict[Function, list[Edge | None]]:
    """The nodes from which some target can be reached, and by which edges (None for the others)."""
    seen: set[Function] = set()
    stack = [end for end, _ in roots if isinstance(end, Function)]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [e[0] for e in node.edges if e is not None and isinstance(e[0], Function)]
    ways: dict[Function, list[Edge | None]] = {}
    for node in sorted(seen, key=_age):  # inputs before their users
        edges = [
            edge if edge and (edge[0] in ways or (id(edge[0]), edge[1]) in targets) else None
            for edge in node.edges
        ]
        if any(edges):
            ways[node] = node.edges if edges == node.edges else edges
    return ways


_age = attrgetter("sequence")


def _watched(walk: Pass, node: Function, slots: list[Any]) -> Any:
    """Backward in anomaly mode: say where the node was made, and refuse a NaN that is its own."""
    try:
        made = walk.made(node, slots)
        if mode.check_nan and not any(_has_nan(grad) for grad in slots):
            for index, grad in enumerate(made if isinstance(made, tuple) else (made,)):
                if _has_nan(grad):
                    raise RuntimeError(
                        f"Function '{node.name()}' returned nan values in its {index}th output."
                    )
        return made
    except Exception as error:
        if node.stack is not None:
            error.add_note(
                f"The forward call of {node.name()} that led to this error:\n{node.stack}"
            )
        raise


def _has_nan(grad: Any) -> bool:
    array = grad._peek() if isinstance(grad, TensorBase) else grad
    return array is not None and bool(np.isnan(array).any())


def _fit_count(node: Function, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    """PyTorch's rule: surplus gradients must be None; missing ones are an error."""
    expected = len(node.edges)
    if len(grads) < expected or any(grad is not None for grad in grads[expected:]):
        raise RuntimeError(
            f"function {node.name()} returned an incorrect number of gradients "
            f"(expected {expected}, got {len(grads)})"
        )
    return grads[:expected]


def _check_shape(node: Function, index: int, got: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Refuse a gradient of another shape, unless its operand was broadcast."""
    padded = (1,) * (len(got) - len(wanted)) + wanted
    fits = len(padded) == len(got) and all(
        want in (1, size) for want, size in zip(padded, got, strict=True)
    )
    if not (node.broadcasts and fits):
        raise RuntimeError(
            f"Function {node.name()} returned an invalid gradient at index {index} - "
            f"got {list(got)} but expected shape compatible with {list(wanted)}"
        )


def _accumulated(leaf: TensorBase) -> None:
    """Tell whoever asked for it that the leaf's gradient has changed."""
    assert leaf._post_accumulate_hooks is not None
    for hook in list(leaf._post_accumulate_hooks.values()):
        result = hook(leaf)
        if replaced(hook, leaf, result) is result:
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")


# ---- the two ways in --------------------------------------------------------------------------


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    """One tensor or several, as a tuple. (Anything else is refused where it is used.)"""
    single = isinstance(tensors, TensorBase) or not isinstance(tensors, Iterable)
    return (tensors,) if single else tuple(tensors)


def _seeds(outputs: tuple[Any, ...], grads: tuple[Any, ...], who: str) -> list[Tensor]:
    """The gradient to start from at each output: the given one, or 1 for a scalar."""
    if len(grads) != len(outputs):
        raise RuntimeError(
            f"{who}: got {len(outputs)} tensors and {len(grads)} gradients; give one for each"
        )
    seeds: list[Any] = []
    for index, (output, grad) in enumerate(zip(outputs, grads, strict=True)):
        if not isinstance(output, TensorBase):
            raise TypeError(f"{who}: expected a tensor as output {index}, got {output!r}")
        if output._is_stale():
            output._refresh()
        array = output._array
        if grad is not None and not isinstance(grad, TensorBase):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(grad).__name__}"
            )
        if not output._requires_grad:
            raise RuntimeError(
                f"element {index} of tensors does not require grad and does not have a grad_fn"
            )
        if grad is None:
            if array.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs; "
                    f"output {index} has shape {list(array.shape)}: reduce it, as with sum(), "
                    "or pass its gradient"
                )
            one = np.array(1, array.dtype)
            grad = output._wrap(one.reshape(array.shape) if array.ndim else one)
        elif grad._array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of "
                f"torch.Size({list(grad._array.shape)}) and output[{index}] has a shape of "
                f"torch.Size({list(array.shape)})."
            )
        seeds.append(grad)
    return seeds


def backward(
    tensors: Tensors,
    grad_tensors: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensors = None,
    inputs: Tensors = None,
) -> None:
    """Add the gradients of `tensors` to the ``.grad`` of the leaves they came from.

    Args:
        tensors: one or more results, each of one element or with its own gradient given.
        grad_tensors: the gradient of each (None for 1).
        retain_graph: keep the graph for another walk. Defaults to `create_graph`.
        create_graph: record the walk itself, for higher derivatives.
        grad_variables: PyTorch's old name of `grad_tensors`.
        inputs: accumulate into these tensors only.

    Raises:
        RuntimeError: for a tensor that requires no grad, a shape that does not fit, a graph
            already freed, or a saved tensor that was changed in place.
    """
    roots = _as_tuple(tensors)
    given = grad_tensors if grad_tensors is not None else grad_variables
    seeds = _seeds(roots, (None,) * len(roots) if given is None else _as_tuple(given), "backward")
    retain = create_graph if retain_graph is None else retain_graph
    edges = [root._edge() for root in roots]
    if inputs is None:
        _walk(create_graph, retain).run(edges, seeds)
        return
    wanted = _as_tuple(inputs)
    if not wanted:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    for tensor in wanted:
        tensor.retain_grad()  # a result's gradient is added as it passes, a leaf's in the end
    targets = [tensor._edge() for tensor in wanted]
    walk = _walk(create_graph, retain, targets)
    walk.run(edges, seeds)
    for leaf in {id(end): end for end, _ in targets if isinstance(end, TensorBase)}.values():
        found = walk.found.get((id(leaf), 0))
        if found is not None:
            walk.accumulate(leaf, found)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, leaving every ``.grad`` alone.

    Args:
        outputs: one or more results, each of one element or with its own gradient given.
        inputs: the tensors to differentiate by; leaves or results.
        grad_outputs: the gradient of each output (None for 1).
        retain_graph: keep the graph for another walk. Defaults to `create_graph`.
        create_graph: record the walk itself, for higher derivatives.
        only_inputs: must be True (PyTorch's signature).
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: give `grad_outputs` with a leading batch dimension; one walk for each.
        materialize_grads: give zeros where `allow_unused` would give None.

    Returns:
        One gradient an input, of the input's shape and dtype.

    Raises:
        RuntimeError: as `backward`; also for an input that was not used.

    >>> import minitorch
    >>> x = minitorch.tensor(3.0, requires_grad=True)
    >>> (dy,) = minitorch.autograd.grad(x**3, x, create_graph=True)
    >>> minitorch.autograd.grad(dy, x)
    (tensor(18.),)
    """
    if not only_inputs:
        raise NotImplementedError("grad: only_inputs=False is not supported; use backward()")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, "
            "but got: allow_unused=False."
        )
    roots, wanted = _as_tuple(outputs), _as_tuple(inputs)
    given = (None,) * len(roots) if grad_outputs is None else _as_tuple(grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched_grad(roots, wanted, given, retain, create_graph, allow_unused)
    for index, tensor in enumerate(wanted):
        if not isinstance(tensor, TensorBase):
            raise TypeError(f"grad: expected a tensor as input {index}, got {tensor!r}")
        if tensor._is_stale():
            tensor._refresh()
    seeds = _seeds(roots, given, "grad")
    if not all(tensor._asks_for_grad() for tensor in wanted):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    found = _gradients([r._edge() for r in roots], seeds, wanted, retain, create_graph)
    if materialize_grads:
        return tuple(
            t._wrap(np.zeros_like(t._array)) if g is None else g
            for t, g in zip(wanted, found, strict=True)
        )
    if not allow_unused and any(g is None for g in found):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return tuple(found)


def _walk(create_graph: bool, retain_graph: bool, targets: list[Edge] | None = None) -> Pass:
    kind = RecordedPass if create_graph else Pass
    return kind(retain_graph=retain_graph, targets=targets)


def _gradients(
    roots: list[Edge],
    seeds: list[Tensor],
    wanted: Sequence[TensorBase],
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor | None]:
    targets = [tensor._edge() for tensor in wanted]
    walk = _walk(create_graph, retain_graph, targets)
    walk.run(roots, seeds)
    # What is handed out is the caller's own memory: not a seed's, another gradient's or a view.
    taken = {id(walk.carried(seed)) for seed in seeds}
    handed: list[Tensor | None] = []
    for tensor, (end, slot) in zip(wanted, targets, strict=True):
        found = walk.found.get((id(end), slot))
        if found is None:
            handed.append(None)
            continue
        shared = id(found) in taken
        taken.add(id(found))
        gradient = walk.shown(found, tensor._wrap)
        if shared or gradient._peek().base is not None:
            gradient = gradient.clone()
        handed.append(gradient)
    return handed


def _batched_grad(
    roots: tuple[Any, ...],
    wanted: tuple[Any, ...],
    given: tuple[Any, ...],
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool | None,
) -> tuple[Any, ...]:
    """One walk for each entry of the leading dimension, stacked."""
    count = len(given[0])
    rows = [
        grad(
            roots,
            wanted,
            tuple(g[row] for g in given),
            retain_graph=retain_graph or row + 1 < count,
            create_graph=create_graph,
            allow_unused=allow_unused,
        )
        for row in range(count)
    ]
    return tuple(
        None if column[0] is None else stacked(column) for column in zip(*rows, strict=True)
    )


def stacked(rows: tuple[Any, ...]) -> Tensor:
    """Tensors of one shape along a new first dimension, in the graph."""
    whole: Tensor = rows[0].new_zeros((len(rows), *rows[0].shape))
    for index, row in enumerate(rows):
        whole[index] = row
    return whole


__all__ = ["AccumulateGrad", "backward", "grad"]
