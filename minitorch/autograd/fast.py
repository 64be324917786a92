"""Short cuts: what is written once more, only because it takes less time so.

Each does what the textbook way beside its name does; a test compares the two. (The last,
`find_array_backward`, says of each class of Function whether it has a rule on arrays.)
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd import interventions
from minitorch.autograd.base import Edge, TensorBase, next_sequence_number
from minitorch.autograd.mode import mode
from minitorch.autograd.saved import save_tensor
from minitorch.autograd.views import mark_view
from minitorch.kernels.quiet import ignore_float_errors, restore

if TYPE_CHECKING:
    from minitorch.autograd.function import Function
    from minitorch.autograd.walk import BackwardWalk

ndarray, asarray, new = np.ndarray, np.asarray, object.__new__


# ---- forward ------------------------------------------------------------------------------------


def apply_plain(cls: type[Function], x: Any, y: Any = None) -> Any:
    """``Function.apply``, for one tensor or two operands that need no closer look.

    For Functions of one output and no metadata that make no views: those behind the operators
    and the functions of one variable, whose own work takes less time than `apply`.

    Args:
        x, y: tensors that are not `_slow_path`; one of the two may be an ndarray, and y is None
            if there is one operand.
    """
    node = cls()
    x_edge: Edge | None = None
    y_edge: Edge | None = None
    recording, grad_enabled = False, mode.grad
    if type(x) is ndarray:
        x_array, kind = x, y._result_class
    else:
        x_array, kind = x._array, x._result_class
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
        if mode.observers:
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
        node.sequence = next_sequence_number()
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
                elif kept.dtype.kind not in "iub":
                    node._pack((x, y), (x_array, y_array), (out,), (result,))
                    return result
                packed.append(kept)
            node._saved = tuple(packed)
    return result


def apply_view(cls: type[Function], /, x: Any, **params: Any) -> Any:
    """``Function.apply``, for a Function that makes a view of one tensor and saves nothing."""
    grad_enabled = mode.grad
    if grad_enabled and x._view is not None:
        if x._is_stale():
            x._refresh()
        if x._view.base._requires_grad and not x._requires_grad:
            return cls.apply(x, **params)
    if mode.observers or mode.inference or x._native is not None:
        return cls.apply(x, **params)
    node = cls()
    if grad_enabled and x._requires_grad:
        maker = x._grad_fn
        node.edges = [(x, 0) if maker is None else (maker, x._slot)]
    result = new(x._result_class)
    result._array = array = node.forward(x._array, **params)
    if node.edges:
        node.tensor_class = x._result_class
        node.sequence = next_sequence_number()
        node.outputs = ((array.shape, array.dtype),)
        result._requires_grad = True
        result._grad_fn = node
    mark_view(node, x, result, params, 0)
    return result


# ---- backward -----------------------------------------------------------------------------------


def find_array_backward(cls: type[Function]) -> None:
    """Set `array_backward` where the class has a rule of its own or says more of one.

    A class that writes `backward` inherits neither its parent's kernel nor its parent's flags.
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


def is_plain(walk: BackwardWalk) -> bool:
    """Whether `walk`, below, may stand in for ``BackwardWalk.walk``."""
    return not (walk.create_graph or mode.observers or walk.targets is not None)


def walk(walk: BackwardWalk) -> None:
    """``BackwardWalk.walk``, with the methods that it calls written out in it."""
    ready, pending, retain = walk.ready, walk.pending, walk.retain_graph
    made: Any
    while ready:
        _, node = heappop(ready)
        grads = pending.pop(node)
        rule = node.array_backward
        if rule is not None and not node.hooked and len(grads) == 1:
            edges, made = node.edges, rule(grads[0])
            if type(made) is not tuple:
                made = (made,)
            if len(made) != len(edges):
                made = interventions.fit_count(node, made)
            if node._saved and not retain:
                node.release()
        else:
            edges, made = walk.visit(node, grads)
        for index, edge in enumerate(edges):
            if edge is None:
                continue
            grad = made[index]
            end, slot = edge
            if isinstance(end, TensorBase):
                walk.send_to_leaf(node, index, end, grad)
            elif grad is None:
                interventions.send_nothing(walk, end)
            else:
                outputs = end.outputs
                shape, dtype = outputs[slot]
                if grad.shape != shape or grad.dtype is not dtype:
                    grad = walk.fit(node, index, grad, shape, dtype)
                grads = pending.get(end)  # type: ignore[assignment]
                if grads is None:
                    pending[end] = grads = [None] * len(outputs)
                    grads[slot] = grad
                    heappush(ready, (-end.sequence, end))
                else:
                    held = grads[slot]
                    grads[slot] = grad if held is None else walk.add(held, grad)
        made = grads = grad = held = None  # type: ignore[assignment] # let go of the memory
