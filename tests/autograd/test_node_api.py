"""What a node shows of itself: its class's name, what it saved, and that it can be called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt


def leaf(m: Any, *values: float) -> Any:
    return m.tensor(list(values or (2.0, 3.0)), requires_grad=True)


# Of a leaf: a result; and what its node must have saved under PyTorch's names.
RESULTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "add": (lambda m, x: x + 1, ()),
    "mul": (lambda m, x: x * leaf(m, 1.0, 2.0), ("self", "other")),
    "mul by itself": (lambda m, x: x * x, ("self", "other")),
    "mul by a constant": (lambda m, x: x * m.ones(2), ("self", "other")),
    "constant by": (lambda m, x: m.ones(2) * x, ("self", "other")),
    "div": (lambda m, x: x / leaf(m, 1.0, 2.0), ("self", "other")),
    "square": (lambda m, x: x**2, ("self",)),
    "exp": (lambda m, x: x.exp(), ("result",)),
    "log": (lambda m, x: x.log(), ("self",)),
    "sin": (lambda m, x: x.sin(), ("self",)),
    "tanh": (lambda m, x: x.tanh(), ("result",)),
    "sigmoid": (lambda m, x: x.sigmoid(), ("result",)),
    "softmax": (lambda m, x: x.softmax(0), ("result",)),
    "log_softmax": (lambda m, x: x.log_softmax(0), ("result",)),
    "mm": (lambda m, x: x.view(1, 2) @ x.view(2, 1), ("self", "mat2")),
    "sum": (lambda m, x: x.sum(), ()),
    "mean": (lambda m, x: x.mean(), ()),
    "view": (lambda m, x: x.view(2, 1), ()),
    "slice": (lambda m, x: x[:1], ()),
    "cat": (lambda m, x: m.cat([x, x]), ()),
    "relu": (lambda m, x: x.relu(), ()),
    "mse_loss": (lambda m, x: m.nn.functional.mse_loss(x, m.ones(2)), ("self", "target")),
}


def value(m: Any, node: Any, name: str) -> Any:
    saved = getattr(node, f"_saved_{name}")
    return saved.tolist() if isinstance(saved, m.Tensor) else saved


@pytest.mark.parametrize("name", RESULTS)
def test_a_node_shows_what_pytorchs_does(torch: Any, name: str) -> None:
    make, must = RESULTS[name]
    ours, theirs = (make(m, leaf(m)).grad_fn for m in (mt, torch))
    assert type(ours).__name__ == type(theirs).__name__ == ours.name()
    if name != "square":  # (whose exponent is an operand here)
        assert [type(n).__name__ for n, _ in ours.next_functions] == [
            type(n).__name__ for n, _ in theirs.next_functions
        ]
    for attribute in dir(theirs):
        if attribute.startswith("_saved_"):
            saved = attribute.removeprefix("_saved_")
            if saved in must or hasattr(ours, attribute):
                mine, right = value(mt, ours, saved), value(torch, theirs, saved)
                assert (mine is None) == (right is None), attribute
                if mine is not None:
                    np.testing.assert_allclose(mine, right, rtol=1e-5)
    with pytest.raises(AttributeError, match="_saved_nothing"):
        _ = ours._saved_nothing


@pytest.mark.parametrize("name", RESULTS)
def test_a_node_can_be_called(torch: Any, name: str) -> None:
    made = []
    for m in (mt, torch):
        y = RESULTS[name][0](m, leaf(m))
        grads = y.grad_fn(m.ones(y.shape))
        made.append(grads if isinstance(grads, tuple) else (grads,))
    for ours, theirs in zip(*made, strict=name != "square"):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours.tolist(), theirs.tolist(), rtol=1e-5)


def test_calling_a_node() -> None:
    x = leaf(mt)
    y = x * x
    node = y.grad_fn
    assert isinstance(node, mt.autograd.Function)
    assert type(node).__name__ == "MulBackward0"
    assert [g.tolist() for g in node(mt.ones(2))] == [[2.0, 3.0]] * 2
    with mt.no_grad():
        assert not node(mt.ones(2))[0].requires_grad
    assert x.unbind()[0].grad_fn(mt.ones(()), None).tolist() == [1.0, 0.0]
    assert x.exp().grad_fn(None) is None
    with pytest.raises(TypeError, match="expected 1 arguments, got 0"):
        node()
    with pytest.raises(TypeError, match="argument 0 is not a Variable"):
        node(3.0)
    node.next_functions[0][0](mt.ones(2))
    assert x.grad.tolist() == [1.0, 1.0]
    y.sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    with pytest.raises(RuntimeError, match="second time"):
        node(mt.ones(2))
    with pytest.raises(RuntimeError, match="second time"):
        _ = node._saved_self


def test_looking_at_a_node_changes_no_gradient() -> None:
    x = leaf(mt)
    y = (x * 2).exp()
    assert type(y.grad_fn.next_functions[0][0]).__name__ == "MulBackward0"
    assert y.grad_fn._saved_result.requires_grad
    (g,) = mt.autograd.grad(y.sum(), x, create_graph=True)
    assert type(g.grad_fn).__name__.endswith("Backward0")
    assert mt.allclose(g, 2 * y)
    assert mt.allclose(mt.autograd.grad(g.sum(), x)[0], 4 * y)
