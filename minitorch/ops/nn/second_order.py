"""Higher orders: of an operation whose kernels know the first only, and of what is flat there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.mode import enable_grad
from minitorch.kernels.layout import stretched
from minitorch.ops.shape.views import view_as

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
    found = engine.grad(outs, wanted, grads, create_graph=True, materialize_grads=True)
    following = iter(found)
    return tuple(next(following) if node.needs(index) else None for index in range(len(ends)))


class PiecewiseLinear(Function):
    """A function whose gradient in its first input is flat there: its second derivative is 0.

    As in PyTorch the gradient has a history all the same, and can be differentiated, to zeros.
    """

    def run(self, grads: list[Any]) -> Any:
        results = super().run(grads)
        if self.edges[0] is None:
            return results
        if isinstance(results, tuple):
            return _with_history(self, results[0]), *results[1:]
        return _with_history(self, results)


def _with_history(node: Function, gradient: Tensor) -> Tensor:
    """A node's gradient in its first input, as a function of that input."""
    edge = node.edges[0]
    assert edge is not None
    x: Any = edge[0]
    if not isinstance(x, TensorBase):  # none of its numbers are needed, so they were not saved
        maker, slot = edge
        shape, dtype = maker.outputs[slot]
        x = gradient._wrap(stretched(np.zeros((), dtype), shape))
        x._requires_grad, x._grad_fn, x._slot = True, maker, slot
    before = gradient._grad_fn
    result: Tensor = Flat.apply(gradient, x)
    if before is not None and result._grad_fn is not None:
        result._grad_fn.torch_name = before.name()
    return result


class Flat(Function):
    """y = value, which is a function of x too; its gradient there is 0."""

    def forward(self, value: Array, x: Array) -> Array:
        return value

    def backward(self, grad: Tensor) -> Any:
        zeros = grad._wrap(np.zeros(grad._array.shape, grad._array.dtype))
        return grad, zeros if self.needs(1) else None
