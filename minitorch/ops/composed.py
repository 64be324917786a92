"""Higher orders for an operation whose kernels know the first, by way of a composition of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd import engine
from minitorch.autograd.function import Function
from minitorch.autograd.mode import enable_grad, mode
from minitorch.ops.shape import view_as

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def composed_gradients(
    node: Function, program: Callable[..., Any], inputs: Sequence[Any], grads: Sequence[Tensor]
) -> tuple[Any, ...]:
    """The gradients in a node's inputs, by way of `program`, and themselves differentiable.

    Args:
        program: computes what the node did, of its inputs, in operations with a gradient.
        inputs: what the node was given and has saved: tensors, or None.
        grads: the gradient of each output.
    """
    # Aliases, so that what the inputs share further up is not mistaken for part of the program.
    with enable_grad():
        ends = [x if x is None else view_as(x, x) for x in inputs]
        outs = program(*ends)
    wanted = [end for index, end in enumerate(ends) if node.needs(index)]
    found = engine.grad(outs, wanted, grads, create_graph=mode.grad, materialize_grads=True)
    following = iter(found)
    return tuple(next(following) if node.needs(index) else None for index in range(len(ends)))
