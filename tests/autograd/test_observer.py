"""Observers are told of forwards, walks and backwards, and change nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch.autograd.mode import mode
from minitorch.autograd.observer import Observer


class Listener(Observer):
    """Notes all that it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def before_forward(self, node: Any, inputs: Any, arrays: Any, params: Any) -> None:
        assert len(node.edges) == len(inputs) == len(arrays)
        self.heard.append(f"forward {node.name()}")

    def before_walk(self, outputs: Any, gradients: Any, accumulates: bool) -> None:
        self.heard.append(f"walk {accumulates}")

    def before_backward(self, node: Any, grads: Sequence[Any]) -> None:
        self.heard.append(f"visit {node.name()} {[shape_of(grad) for grad in grads]}")

    def after_backward(self, node: Any, grads: Sequence[Any], made: Sequence[Any]) -> None:
        self.heard.append(f"leave {node.name()} {[shape_of(grad) for grad in made]}")

    def backward_failed(self, node: Any, error: Exception) -> None:
        self.heard.append(f"failed {node.name()}: {error}")


def shape_of(grad: Any) -> Any:
    return None if grad is None else tuple(grad.shape)


def program() -> tuple[Any, Any]:
    x = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    b = minitorch.tensor([1.0, 2.0], requires_grad=True)
    return (x, b), (x * b).relu().sum()


WALK = [
    "visit SumBackward0 [()]",
    "leave SumBackward0 [(2, 2)]",
    "visit ReluBackward0 [(2, 2)]",
    "leave ReluBackward0 [(2, 2)]",
    "visit MulBackward0 [(2, 2)]",
    "leave MulBackward0 [(2, 2), (2,)]",  # as it is sent: summed where an operand was broadcast
]


@pytest.mark.parametrize("create_graph", [False, True])
def test_an_observer_hears_of_all_in_order(create_graph: bool) -> None:
    with Listener() as listener:
        leaves, loss = program()
        forwards = [f"forward {name}Backward0" for name in ("Mul", "Relu", "Sum")]
        assert listener.heard == forwards
        listener.heard.clear()
        minitorch.autograd.backward(loss, create_graph=create_graph)
    heard = [line for line in listener.heard if not line.startswith("forward")]
    ends = [
        *["visit AccumulateGrad [(2, 2)]", "leave AccumulateGrad []"],
        *["visit AccumulateGrad [(2,)]", "leave AccumulateGrad []"],
    ]
    assert heard == ["walk True", *WALK, *ends]
    assert any(line.startswith("forward") for line in listener.heard) == create_graph
    assert mode.observers == ()
    listener.heard.clear()
    program()[1].backward()
    assert listener.heard == [] and all(leaf.grad is not None for leaf in leaves)


def test_grad_says_that_it_adds_to_no_grad_and_visits_no_leaf() -> None:
    with Listener() as listener:
        leaves, loss = program()
        listener.heard.clear()
        minitorch.autograd.grad(loss, leaves)
    assert listener.heard == ["walk False", *WALK]


def test_gradients_are_the_same_with_an_observer() -> None:
    plain_leaves, plain = program()
    plain.backward()
    with Observer():
        leaves, loss = program()
        loss.backward()
    for one, other in zip(plain_leaves, leaves, strict=True):
        np.testing.assert_array_equal(one.grad.numpy(), other.grad.numpy())


def test_a_leaf_is_told_of_between_its_hooks_with_what_they_made_of_its_gradient() -> None:
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    log: list[str] = []

    class Leaves(Observer):
        def before_backward(self, node: Any, grads: Sequence[Any]) -> None:
            if node.name() == "AccumulateGrad":
                log.append(f"before {node.variable.grad} {np.asarray(grads[0]).tolist()}")

        def after_backward(self, node: Any, grads: Sequence[Any], made: Sequence[Any]) -> None:
            if node.name() == "AccumulateGrad":
                log.append(f"after {node.variable.grad.tolist()}")

    x.register_hook(lambda grad: log.append("hook") or grad * 2)
    x.register_post_accumulate_grad_hook(lambda leaf: log.append("post"))
    with Leaves():
        x.sum().backward()
    assert log == ["hook", "before None [2.0, 2.0]", "after [2.0, 2.0]", "post"]


def test_a_function_in_pytorchs_form_is_told_of_too() -> None:
    class Double(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            raise ValueError("no")

    with Listener() as listener:
        y = Double.apply(minitorch.ones(1, requires_grad=True))
        with pytest.raises(ValueError, match="no"):
            y.backward()
    assert listener.heard == [
        "forward DoubleBackward",
        "walk True",
        "visit DoubleBackward [(1,)]",
        "failed DoubleBackward: no",
    ]


def test_what_an_observer_raises_ends_the_walk_and_its_context_is_left() -> None:
    class Stop(Observer):
        def before_backward(self, node: Any, grads: Sequence[Any]) -> None:
            raise KeyboardInterrupt

    (x, _), loss = program()
    with pytest.raises(KeyboardInterrupt), Stop():
        loss.backward()
    assert mode.observers == () and x.grad is None
    assert mode.grad  # and the walk's own modes


def test_each_thread_has_its_own_observers() -> None:
    with Listener() as listener:
        thread = threading.Thread(target=lambda: program()[1].backward())
        thread.start()
        thread.join()
    assert listener.heard == []


def test_several_hear_in_the_order_in_which_they_came_and_leave_alone() -> None:
    with Listener() as outer, Listener() as inner:
        with pytest.raises(RuntimeError), Listener():
            raise RuntimeError
        assert mode.observers == (outer, inner)
        program()
    assert outer.heard == inner.heard != []


def test_it_may_be_told_of_new_threads_as_well() -> None:
    listener = Listener()
    listener.in_new_threads = True
    with listener:
        thread = threading.Thread(target=lambda: program()[1].backward())
        thread.start()
        thread.join()
    assert "walk True" in listener.heard and listener.heard[-1] == "leave AccumulateGrad []"
    assert type(mode).observers == () == mode.observers
    count = len(listener.heard)
    thread = threading.Thread(target=program)
    thread.start()
    thread.join()
    assert len(listener.heard) == count


def test_anomaly_mode_sees_a_gradient_that_nobody_wants() -> None:
    class Half(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad, grad * float("nan")

    x = minitorch.ones(2, requires_grad=True)
    with minitorch.autograd.detect_anomaly(), pytest.raises(RuntimeError) as caught:
        Half.apply(x, minitorch.ones(2)).sum().backward()
    assert "'HalfBackward' returned nan values in its 1th output" in str(caught.value)
    (note,) = caught.value.__notes__
    assert note.rstrip().splitlines()[-1].strip().startswith("Half.apply(x")  # ends with our line
