"""Short cuts: what is written once more, only because it takes less time so.

Each does what the textbook way beside its name does; a test compares the two.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Function
from minitorch.autograd.interventions import fit_count, send_nothing
from minitorch.autograd.mode import mode

if TYPE_CHECKING:
    from minitorch.autograd.walk import BackwardWalk


def is_plain(walk: BackwardWalk) -> bool:
    """Whether `walk`, below, may stand in for ``BackwardWalk.walk``."""
    return not (walk.create_graph or mode.anomaly or walk.targets is not None)


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
                made = fit_count(node, made)
            if node._saved and not retain:
                node.release()
        else:
            edges, made = walk.visit(node, grads)  # type: ignore[assignment]
        for index, edge in enumerate(edges):
            if edge is None:
                continue
            grad = made[index]
            end, slot = edge
            if grad is None:
                send_nothing(walk, end)
            elif not isinstance(end, Function):
                walk.send_to_leaf(node, index, end, grad)
            else:
                outputs = end.outputs
                shape, dtype = outputs[slot]
                if grad.shape != shape or grad.dtype is not dtype:
                    grad = walk.fit(node, index, grad, shape, dtype)
                grads = pending.get(end)  # type: ignore[assignment]
                if grads is None:
                    pending[end] = grads = [None] * len(outputs)
                    heappush(ready, (-end.sequence, end))
                held = grads[slot]
                grads[slot] = grad if held is None else walk.add(held, grad)
        made = grads = grad = held = None  # type: ignore[assignment] # let go of the memory
