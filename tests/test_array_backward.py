"""A Function's shortcut on arrays beside its textbook backward: which of them a walk calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function

calls: list[tuple[str, type, type]] = []


def note(rule: str, grad: Any, saved: Any) -> Any:
    calls.append((rule, type(grad), type(saved)))
    return grad * 3 * saved * saved


class Cube(Function):
    """y = x**3, with a kernel."""

    returns_fresh_gradients = True

    def forward(self, x: Any) -> Any:
        self.save(x)
        return x**3

    def backward_kernel(self, grad: Any) -> Any:
        return note("kernel", grad, self.saved[0])

    def backward(self, grad: Any) -> Any:
        return note("textbook", grad, self.saved_at(0))


class NewBackward(Cube):
    def backward(self, grad: Any) -> Any:
        return note("new", grad, self.saved[0])


class NewKernel(Cube):
    def backward_kernel(self, grad: Any) -> Any:
        return note("new kernel", grad, self.saved_at(0))


class Both(Cube):
    backward_takes_arrays = True

    def backward(self, grad: Any) -> Any:
        return note("both", grad, self.saved[0])


class Switched(Cube):
    def forward(self, x: Any) -> Any:
        self.array_backward = None
        return super().forward(x)


class Named(Both):
    """Nothing of its own."""


ON_ARRAYS, ON_TENSORS = (np.ndarray, np.ndarray), (mt.Tensor, mt.Tensor)


@pytest.mark.parametrize(
    ("function", "unrecorded", "recorded", "fresh"),
    [
        (Cube, ("kernel", *ON_ARRAYS), "textbook", True),
        (NewBackward, ("new", *ON_TENSORS), "new", False),
        (NewKernel, ("new kernel", *ON_ARRAYS), "textbook", False),
        (Both, ("both", *ON_ARRAYS), "both", False),
        (Named, ("both", *ON_ARRAYS), "both", False),
        (Switched, ("textbook", *ON_TENSORS), "textbook", True),
    ],
)
@pytest.mark.parametrize("hooked", [False, True])
def test_the_walk_picks_the_rule(
    function: type[Function], unrecorded: Any, recorded: str, fresh: bool, hooked: bool
) -> None:
    assert function.returns_fresh_gradients is fresh
    for create_graph, expected in ((False, unrecorded), (True, (recorded, *ON_TENSORS))):
        x = mt.tensor([1.0, 2.0], requires_grad=True)
        y = function.apply(x)
        if hooked:
            y.register_hook(lambda grad: None)
        calls.clear()
        y.backward(mt.ones(2), create_graph=create_graph)
        assert calls == [expected]
        np.testing.assert_array_equal(x.grad.detach().numpy(), [3.0, 12.0])


def test_a_call_of_the_node_is_in_tensors() -> None:
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x)
    calls.clear()
    y.grad_fn(mt.ones(2))
    assert calls == [("textbook", *ON_TENSORS)]
