"""What is written once more for speed does what the textbook way does, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd import Function, fast
from minitorch.autograd.walk import BackwardWalk


class Twice(Function):
    """Two outputs, of which one may get no gradient."""

    def forward(self, x: Any) -> Any:
        return x * 2, x * 3

    def backward(self, first: Any, second: Any) -> Any:
        return first * 2 + second * 3


def arithmetic(x: Any, w: Any) -> Any:
    y = (x * w).tanh() / (x.exp() + 1) - w
    return (y * y + x).sum()


def broadcast_and_shared(x: Any, w: Any) -> Any:
    return (x + w[:, :1] * x.relu() + x.sum(0)).square().mean() + (w * w).sum()


def several_outputs(x: Any, w: Any) -> Any:
    first, _ = Twice.apply(x * w)
    return first.sum() + (x.split(2)[0] * 3).sum()


def changed_in_place(x: Any, w: Any) -> Any:
    y = x * 2
    y[0] *= w[0]
    y.mul_(w)
    return y.sum()


def a_node_that_is_hooked(x: Any, w: Any) -> Any:
    y = x * w
    y.register_hook(lambda grad: grad * 2)
    return y.sigmoid().sum()


def a_network(x: Any, w: Any) -> Any:
    mt.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2))
    return nn.functional.cross_entropy(net(x * w), mt.tensor([0, 1, 1, 0]))


def in_another_order(x: Any, w: Any) -> Any:
    return (x.T * w.T).softmax(0).log().sum()


PROGRAMS = [
    arithmetic,
    broadcast_and_shared,
    several_outputs,
    changed_in_place,
    a_node_that_is_hooked,
    a_network,
    in_another_order,
]


def gradients(program: Callable[..., Any]) -> Iterator[np.ndarray[Any, Any]]:
    """The result and the leaves' gradients after two walks."""
    draws = np.random.default_rng(0)
    x, w = (mt.tensor(draws.normal(size=(4, 3)).astype("f"), requires_grad=True) for _ in range(2))
    result = program(x, w)
    result.backward(retain_graph=True)
    result.backward()
    with pytest.raises(RuntimeError, match="second time"):
        result.backward()
    for tensor in (result.detach(), x.grad, w.grad):
        yield tensor.numpy().copy()


@pytest.mark.parametrize("program", PROGRAMS)
def test_short_cuts_change_no_bit(
    program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = list(gradients(program))
    calls = []

    def walk(walk: BackwardWalk) -> None:
        calls.append(walk)
        walk.walk()

    def apply_plain(cls: Any, x: Any, y: Any = None) -> Any:
        calls.append(cls)
        return cls.apply(x) if y is None else cls.apply(x, y)

    monkeypatch.setattr(fast, "walk", walk)
    monkeypatch.setattr(Function, "apply_plain", classmethod(apply_plain))
    plain = list(gradients(program))
    assert len(calls) >= 3
    for ours, theirs in zip(quick, plain, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype and ours.strides == theirs.strides
