"""`viz.replay`: the engine's own walk, step by step, and nothing changed by watching it."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from html import escape
from typing import Any

import numpy as np
import pytest
from test_viz_graph import chain, make_net, net_loss

import minitorch
from minitorch import viz


def two_leaves() -> tuple[Any, Any, Any]:
    x = minitorch.tensor([2.0, -1.0], requires_grad=True)
    w = minitorch.tensor(3.0, requires_grad=True)
    y = (x * w).sigmoid()
    return x, w, (y * y + x).sum()


def test_each_step_tells_what_came_and_what_went() -> None:
    x, w, loss = two_leaves()
    replay = viz.replay(loss, params={"x": x, "w": w})
    assert [step.node.name for step in replay] == [
        *("SumBackward0", "AddBackward0", "MulBackward0", "SigmoidBackward0", "MulBackward0"),
        *("x", "w"),
    ]
    total, add, square, sigmoid, product, at_x, at_w = replay
    assert total.arrived[0].array == 1 and total.parts == []
    assert [(s.target, s.values.shape) for s in add.sent] == [(square.node.number, (2,)), (1, (2,))]
    # Both operands of y * y are y: two parts arrive at the sigmoid, and are added up.
    assert [part[0] for part in sigmoid.parts] == [square.node.number] * 2
    np.testing.assert_array_equal(
        sigmoid.parts[0][2].array + sigmoid.parts[1][2].array, sigmoid.arrived[0].array
    )
    assert [part[0] for part in at_x.parts] == [add.node.number, product.node.number]
    np.testing.assert_array_equal(at_x.after.array, x.grad.numpy())
    np.testing.assert_array_equal(at_w.after.array, w.grad.numpy())
    assert at_x.before is None
    assert [s.what for s in product.freed] == ["operand x", "operand y"]
    assert total.held == replay.held > 0 == product.held
    held = [step.held for step in replay]
    assert held == sorted(held, reverse=True)


def test_the_text_has_it_all() -> None:
    x, w, loss = two_leaves()
    text = str(viz.replay(loss))
    assert "step 1: #7 SumBackward0 runs\n    arrived  1  to start from" in text
    assert "    +  " in text and "    sum  " in text
    assert f"w.grad   was None, is now {viz.values.elements(w.grad.numpy())}" in text
    assert text.endswith("before, 0 B after")
    assert x.grad is not None


@pytest.mark.parametrize("retain", [False, True])
def test_it_is_a_backward(retain: bool) -> None:
    def run(watched: bool) -> list[Any]:
        net = make_net()
        loss = net_loss(net)
        for _ in range(2 if retain else 1):  # the second adds to .grad
            if watched:
                viz.replay(loss, retain_graph=retain)
            else:
                loss.backward(retain_graph=retain)
        assert all((n._saved is None) == (not retain) for n in [loss.grad_fn])
        return [p.grad.numpy() for p in net.parameters()]

    for one, other in zip(run(False), run(True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_is_freed_where_the_graph_is_retained() -> None:
    x, _, loss = two_leaves()
    first = viz.replay(loss, retain_graph=True)
    assert all(not step.freed and step.held == first.held for step in first)
    second = viz.replay(loss)
    assert sum(len(step.freed) for step in second) == 5
    leaf = next(step for step in second if step.node.name == "x")
    np.testing.assert_array_equal(leaf.before.array * 2, leaf.after.array)
    np.testing.assert_array_equal(leaf.after.array, x.grad.numpy())
    with pytest.raises(RuntimeError, match="second time"):
        viz.replay(loss)


def test_errors_are_backwards_own() -> None:
    x = minitorch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        viz.replay(x * 2)
    with pytest.raises(RuntimeError, match="does not require grad"):
        viz.replay(minitorch.ones(1))
    y = x * x
    with minitorch.no_grad():
        x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        viz.replay(y.sum())
    assert y.grad_fn.pre_hooks is None and not y.grad_fn.hooked  # taken off after an error, too
    assert x._hooks is None and x._post_accumulate_hooks is None


def test_a_gradient_to_start_from_and_several_results() -> None:
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    given = minitorch.tensor([1.0, 10.0])
    replay = viz.replay(x * 3, given)
    np.testing.assert_array_equal(x.grad.numpy(), [3, 30])
    np.testing.assert_array_equal(replay[0].arrived[0].array, [1, 10])
    x.grad = None
    viz.replay([x.sum(), x * 2], [None, given])
    np.testing.assert_array_equal(x.grad.numpy(), [3, 21])
    alone = minitorch.tensor(1.0, requires_grad=True)
    assert [step.title for step in viz.replay(alone)] == ["#1 alone: AccumulateGrad"]
    assert alone.grad.item() == 1


def test_several_outputs_of_one_node() -> None:
    x = minitorch.arange(6.0).requires_grad_()
    values, _ = x.sort(descending=True)
    parts = (x * 1).split(2)
    replay = viz.replay(values[0] + parts[0].sum())
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1, 0, 0, 0, 1])
    several = [step for step in replay if len(step.node.outputs) > 1]
    assert several
    assert any(label == "arrived at output 1" for step in several for label, _ in step.rows())


def test_hooks_of_the_users_are_left_alone() -> None:
    x, _, loss = two_leaves()
    calls: Counter[str] = Counter()
    x.register_hook(lambda grad: (calls.update(["leaf"]), grad * 10)[1])
    loss.grad_fn.register_prehook(lambda grads: (calls.update(["node"]), (grads[0] * 2,))[1])
    replay = viz.replay(loss, params={"x": x})
    assert calls == {"leaf": 1, "node": 1}
    assert replay[0].arrived[0].array == 2
    np.testing.assert_array_equal(replay.graph[1].outputs[0].gradient.array, x.grad.numpy())
    assert len(x._hooks) == 1 and len(loss.grad_fn.pre_hooks) == 1 and loss.grad_fn.hooked


def test_a_users_function_and_a_double_backward() -> None:
    class Double(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    x = minitorch.tensor(3.0, requires_grad=True)
    (slope,) = minitorch.autograd.grad(Double.apply(x) ** 3, x, create_graph=True)
    names = [step.node.name for step in viz.replay(slope)]
    assert "DoubleBackward" in names
    assert x.grad.item() == pytest.approx(8 * 6 * 3)


def test_a_long_chain() -> None:
    replay = viz.replay(chain(3_000))
    assert len(replay) == 3_001 and replay.held > 0 and replay[-1].held == 0


def test_nothing_is_kept_alive() -> None:
    gc.collect()
    gc.disable()
    try:
        net = make_net()
        with viz.record(net):
            loss = net_loss(net)
        replay = viz.replay(loss, retain_graph=True)
        watched = [weakref.ref(loss.grad_fn), weakref.ref(net)]
        assert str(replay) and replay.data()
        del loss, net
        assert [thing() for thing in watched] == [None, None]
    finally:
        gc.enable()


def test_what_the_page_is_given(tmp_path: Any) -> None:
    net = make_net()
    with viz.record(net):
        loss = net_loss(net)
    replay = viz.replay(loss)
    path = replay.html(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "http-equiv" in text
    shown = replay._repr_html_()
    assert f'srcdoc="{escape(text)}"' in shown and "<pre>step 1" in shown
