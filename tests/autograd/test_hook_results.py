"""What hooks return: a tensor like the gradient, or None; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch

# What a hook returns, made of the module.
RESULTS: dict[str, Callable[[Any], Any]] = {
    "None": lambda m: None,
    "a tensor": lambda m: m.full((2,), 7.0),
    "a number": lambda m: 1.0,
    "an int": lambda m: 1,
    "False": lambda m: False,
    "a string": lambda m: "x",
    "a list": lambda m: [1.0, 2.0],
    "a list of a tensor": lambda m: [m.ones(2)],
    "a tuple": lambda m: (m.full((2,), 7.0),),
    "two": lambda m: (m.ones(2), m.ones(2)),
    "nothing": lambda m: (),
    "a tuple of None": lambda m: (None,),
    "a tuple of a number": lambda m: (1.0,),
    "an array": lambda m: np.ones(2),
    "another shape": lambda m: m.ones(3),
    "one element": lambda m: m.ones(1),
    "a 0-d tensor": lambda m: m.tensor(5.0),
    "another dtype": lambda m: m.ones(2, dtype=m.float64),
    "integers": lambda m: m.tensor([1, 2]),
    "a tuple of another shape": lambda m: (m.ones(3),),
    "a tuple of another dtype": lambda m: (m.ones(2, dtype=m.float64),),
}


def on_tensor(m: Any, x: Any, hook: Any) -> Any:
    y = x * 2
    y.register_hook(hook)
    return y


def on_leaf(m: Any, x: Any, hook: Any) -> Any:
    x.register_hook(hook)
    return x * 2


def after_accumulation(m: Any, x: Any, hook: Any) -> Any:
    x.register_post_accumulate_grad_hook(hook)
    return x * 2


def before_node(m: Any, x: Any, hook: Any) -> Any:
    y = x * 2
    y.grad_fn.register_prehook(hook)
    return y


def after_node(m: Any, x: Any, hook: Any) -> Any:
    y = x.exp()
    y.grad_fn.register_hook(hook)
    return y


def after_indexing(m: Any, x: Any, hook: Any) -> Any:
    y = x[m.tensor([0, 1])]
    y.grad_fn.register_hook(hook)
    return y


def after_module(m: Any, x: Any, hook: Any) -> Any:
    module = m.nn.Sigmoid()
    module.register_full_backward_hook(hook)
    return module(x)


def before_module(m: Any, x: Any, hook: Any) -> Any:
    module = m.nn.Sigmoid()
    module.register_full_backward_pre_hook(hook)
    return module(x)


PLACES = [
    on_tensor,
    on_leaf,
    after_accumulation,
    before_node,
    after_node,
    after_indexing,
    after_module,
    before_module,
]


def outcome(m: Any, place: Any, name: str, create_graph: bool) -> Any:
    x = m.tensor([2.0, 3.0], requires_grad=True)
    try:
        place(m, x, lambda *args: RESULTS[name](m)).sum().backward(create_graph=create_graph)
    except Exception as error:
        return type(error), str(error)
    return None if x.grad is None else x.grad.tolist()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.filterwarnings("ignore:Full backward hook")
def test_as_in_pytorch(place: Any, create_graph: bool, torch: Any) -> None:
    for name in RESULTS:
        ours, theirs = (outcome(m, place, name, create_graph) for m in (minitorch, torch))
        if isinstance(theirs, tuple):
            assert isinstance(ours, tuple), (name, ours, theirs)
            assert ours[0] is theirs[0], (name, ours, theirs)
            assert ours[1][:20] == theirs[1][:20], (name, ours, theirs)
        elif theirs is None:
            assert ours is None, name
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["a number", "False", "a string", "another shape", "integers"])
def test_refused_by_name(place: Any, name: str) -> None:
    kind, text = outcome(minitorch, place, name, False)
    assert kind in (TypeError, RuntimeError)
    assert "_array" not in text
    assert "_native_layout" not in text


def of_several(m: Any, kind: str) -> Any:
    """A module of two inputs and two outputs: what its hooks see, and what is left."""

    class Several(m.nn.Module):  # type: ignore[misc]
        def forward(self, a: Any, b: Any) -> Any:
            return a * 2 + b * 3, a * 5

    module, log = Several(), []
    a, b = (m.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
    if kind == "one input":
        b = b.detach()

    def note(*grads: Any) -> None:
        log.append([[None if g is None else g.tolist() for g in tensors] for tensors in grads])

    def scaled(grads: Any) -> Any:
        return tuple(None if g is None else g * 10 for g in grads)

    def after(module: Any, grad_input: Any, grad_output: Any) -> Any:
        note(grad_input, grad_output)
        if kind == "none of the first":
            return (None, grad_input[1])
        return scaled(grad_input) if kind in ("after", "one input", "one output") else None

    def before(module: Any, grad_output: Any) -> Any:
        note(grad_output)
        return scaled(grad_output) if kind == "before" else None

    module.register_full_backward_hook(after)
    module.register_full_backward_pre_hook(before)
    y, z = module(a, b)
    (y if kind == "one output" else y + z).sum().backward()
    return log, [None if t.grad is None else t.grad.tolist() for t in (a, b)]


@pytest.mark.parametrize(
    "kind", ["none", "after", "before", "none of the first", "one input", "one output"]
)
def test_a_module_of_several_inputs_and_outputs(kind: str, torch: Any) -> None:
    (ours, left), (theirs, expected) = of_several(minitorch, kind), of_several(torch, kind)
    assert left == expected
    if kind == "one input":  # of the other, PyTorch shows a gradient of zeros
        assert ours[1][0] == [theirs[1][0][0], None]
    else:
        assert ours == theirs


def captured(m: Any, place: Any, wanted: str) -> Any:
    """The gradients that `grad` gives of y, of x, or of both, of which one is changed by a hook."""
    x = m.tensor([2.0, 3.0], requires_grad=True)
    y = place(m, x, lambda *args: m.full((2,), 7.0) if place is on_tensor else (m.full((2,), 7.0),))
    found = m.autograd.grad(y.sum(), [{"x": x, "y": y}[name] for name in wanted])
    return [g.tolist() for g in found]


@pytest.mark.parametrize("place", [on_tensor, before_node])
@pytest.mark.parametrize("wanted", ["x", "y", "xy", "yx"])
def test_when_a_gradient_is_captured(place: Any, wanted: str, torch: Any) -> None:
    """Before the hooks where the walk goes on from there, and after a tensor's where it ends."""
    assert captured(minitorch, place, wanted) == captured(torch, place, wanted)
