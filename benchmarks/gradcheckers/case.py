"""A function under check: plain NumPy, so that every checker is shown the very same arithmetic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Grad = Any  # an array; a tuple of arrays where the function returns a tuple
Gradients = Sequence[Any]  # one an input: an array, or None where no gradient is due


class Node:
    """What a backward may keep from one call to the next on the same recorded result."""

    def __init__(self) -> None:
        self.calls = 0
        self.memo: dict[str, Any] = {}


Backward = Callable[..., Gradients]
"""``backward(node, grad, *inputs)``, as a checker meets it; a wrong one may also change `grad`, the
inputs or the node."""


@dataclass(frozen=True)
class Case:
    """A function, its right gradient, and where to check it.

    Attributes:
        forward: ``forward(*inputs)``, an array or a tuple of them.
        vjp: ``vjp(grad, *inputs)``, one gradient an input; None for an integer input, and for one
            that no output depends on. Changes nothing.
        inputs: floating ones are checked, others are passed along.
        layout: puts a copy of a floating input into memory in a way of its own.
        spread: for a function that broadcasts, its `vjp` before the sums over broadcast axes.
        wrong: bugs that only this function can have: the kind of bug, and the wrong `vjp`.
        around: the program in which a checker meets the function: it takes the function, as the
            framework has it, and the inputs; by default it only calls it.
    """

    name: str
    forward: Callable[..., Any]
    vjp: Callable[..., Gradients]
    inputs: tuple[Any, ...]
    layout: Callable[[Array], Array] | None = None
    spread: Callable[..., Gradients] | None = None
    wrong: Sequence[tuple[str, Callable[..., Gradients]]] = field(default=())
    around: Callable[..., Any] | None = None

    def program(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """What is checked: the function by itself, or the program around it."""
        around = self.around
        if around is None:
            return function
        return lambda *inputs: around(function, *inputs)

    def arrays(self) -> list[Array]:
        """The inputs, in memory that nobody else has."""
        copies = [np.array(x) for x in self.inputs]
        if self.layout is None:
            return copies
        return [self.layout(x) if x.dtype.kind == "f" else x for x in copies]

    def outputs(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """What the function gives, as a tuple of arrays in any case."""
        made = self.forward(*arrays)
        return tuple(map(np.asarray, made if isinstance(made, tuple) else (made,)))

    def backward(self, node: Node, grad: Grad, *inputs: Array) -> Gradients:
        """The right backward."""
        return self.vjp(grad, *inputs)

    @property
    def differentiable(self) -> list[int]:
        """The inputs that have a gradient."""
        return [i for i, x in enumerate(self.inputs) if np.asarray(x).dtype.kind == "f"]


def elementwise(
    name: str,
    f: Callable[[Array], Array],
    derivative: Callable[[Array], Any],
    x: Any,
    layout: Callable[[Array], Array] | None = None,
) -> Case:
    """A case of one input whose every element goes its own way."""
    return Case(name, f, lambda g, x: (g * derivative(x),), (np.asarray(x),), layout)


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum `grad` over the axes along which an array of `shape` was repeated."""
    grad = grad.sum(tuple(range(grad.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return grad.sum(repeated, keepdims=True)


def broadcasting(
    name: str, f: Callable[..., Array], spread: Callable[..., Gradients], *inputs: Any
) -> Case:
    """A case whose inputs are broadcast; `spread` gives gradients of the output's shape."""

    def vjp(grad: Array, *xs: Array) -> Gradients:
        return [unbroadcast(g, x.shape) for g, x in zip(spread(grad, *xs), xs, strict=True)]

    return Case(name, f, vjp, inputs, spread=spread)


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return 1 / (1 + np.exp(-x))


def logsumexp(x: Array, axis: int) -> Array:
    """``log(sum(exp(x)))``, the axis kept."""
    top = x.max(axis, keepdims=True)
    return top + np.log(np.exp(x - top).sum(axis, keepdims=True))


def softmax(x: Array, axis: int) -> Array:
    """``exp(x) / sum(exp(x))``."""
    return np.exp(x - logsumexp(x, axis))
