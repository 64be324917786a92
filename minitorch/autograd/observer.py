"""`Observer`: whoever wants to be told what is recorded and how a walk goes, and changes nothing.

Anomaly mode, the checker's notes of calls, recordings, replays and the command line are observers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from minitorch.autograd.mode import mode

if TYPE_CHECKING:
    from minitorch.autograd.function import Function


class Observer:
    """A context manager: within it, its methods are called for all that this thread does.

    A subclass writes those that it wants. What it raises ends what it was told of. Under an
    observer nothing takes the short cuts of `fast`, so that it is all a little slower.

    >>> import minitorch
    >>> from minitorch.autograd.observer import Observer
    >>> class Names(Observer):
    ...     def before_forward(self, node, inputs, arrays, params):
    ...         print("record", node.name())
    ...     def before_backward(self, node, grads):
    ...         print("visit", node.name())
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> with Names():
    ...     x.exp().sum().backward()
    record ExpBackward0
    record SumBackward0
    visit SumBackward0
    visit ExpBackward0
    visit AccumulateGrad
    """

    in_new_threads = False  # whether it is told also of what threads do that have no observer yet

    def before_forward(
        self, node: Function, inputs: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any]
    ) -> None:
        """Hear of a call with an input that wants a gradient, before its forward runs.

        Args:
            node: it has its edges, and nothing else yet; it enters the graph if an output is
                floating-point.
            inputs: what `apply` was given.
            arrays: the array of each input that is a tensor; the input itself where it is none.
            params: what `apply` was given by keyword.
        """

    def before_walk(self, outputs: Any, gradients: Any, accumulates: bool) -> None:
        """Hear that a walk is asked for.

        Args:
            outputs: what to go back from: a tensor or several, as the caller gave them.
            gradients: those to start from, likewise, or None.
            accumulates: whether ``.grad`` is added to, as by `backward`, and not by `grad`.
        """

    def before_backward(self, node: Any, grads: Sequence[Any]) -> None:
        """Hear of a node whose turn has come.

        Args:
            node: a Function, or for a leaf whose gradient is whole its `AccumulateGrad`.
            grads: the gradient of each output or None, in the walk's form: arrays or tensors.
        """

    def after_backward(self, node: Any, grads: Sequence[Any], made: Sequence[Any]) -> None:
        """Hear what a node made: a gradient or None for each of its edges, as it will be sent.

        Where an edge leads nowhere (None), it is what the backward gave, and is dropped.
        """

    def backward_failed(self, node: Function, error: Exception) -> None:
        """Hear of an error in a node's turn, an observer's included; it is then raised again."""

    def __enter__(self) -> Self:
        for place in self._places():
            place.observers = (*place.observers, self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for place in self._places():
            place.observers = tuple(other for other in place.observers if other is not self)

    def _places(self) -> list[Any]:
        """Where it is listed: in this thread, or also in the class, for threads without a list."""
        return [mode, type(mode)] if self.in_new_threads else [mode]
