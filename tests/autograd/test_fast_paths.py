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
from minitorch.ops.shape import index as indexing


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


# ---- assignment -------------------------------------------------------------------------------


def _numbers(*shape: int, dtype: Any = None, requires_grad: bool = False) -> Any:
    count = int(np.prod(shape))
    values = mt.arange(count, dtype=mt.float32).reshape(shape).clone()
    return values.to(dtype or mt.float32).requires_grad_(requires_grad)


def _saved_and_overwritten() -> Any:
    w, x = _numbers(3, requires_grad=True), _numbers(3)
    y = (w * x).sum()
    x[1] = 5.0
    y.backward()


def _overlapping() -> Any:
    x = _numbers(5)
    x[1:] = x[:-1]
    return x


def _assigned(target: Any, index: Any, value: Any) -> Any:
    target[index] = value
    return target, target._version


def _through_a_leaf() -> Any:
    x = _numbers(3, requires_grad=True)
    with mt.no_grad():
        x[0] = 7.0
    x.sum().backward()
    return x.detach(), x.grad


def _of_what_requires_grad() -> Any:
    x, w = _numbers(3), _numbers(3, requires_grad=True)
    x[1] = w[2] * 3
    x.sum().backward()
    return x.detach(), w.grad


ASSIGNMENTS: list[Any] = [
    _saved_and_overwritten,
    _overlapping,
    _through_a_leaf,
    _of_what_requires_grad,
    lambda: _assigned(_numbers(3, requires_grad=True), 0, 1.0),
    lambda: _assigned(_numbers(3, 4), (1, 2), 9),
    lambda: _assigned(_numbers(3, 4), (1, 2), mt.tensor(9.0)),
    lambda: _assigned(_numbers(3, 4), 1, _numbers(4)),
    lambda: _assigned(_numbers(3, 4), 1, _numbers(1, 1, 4)),
    lambda: _assigned(_numbers(3, 4), 1, _numbers(3)),
    lambda: _assigned(_numbers(3, 4), (slice(None), 1), _numbers(3, dtype=mt.int64)),
    lambda: _assigned(_numbers(3, 4).t(), (1, 2), 9.5),
    lambda: _assigned(_numbers(3, 1).expand(3, 2), 0, 1.0),
    lambda: _assigned(_numbers(3), slice(1, 1), 2.0),
    lambda: _assigned(_numbers(0), slice(None), _numbers(0)),
    lambda: _assigned(mt.tensor(1.0), (), 2.0),
    lambda: _assigned(mt.tensor(1.0), True, 2.0),
    lambda: _assigned(_numbers(3), None, 2.0),
    lambda: _assigned(_numbers(3), 3, 2.0),
    lambda: _assigned(_numbers(3, dtype=mt.uint8), 0, -1),
    lambda: _assigned(_numbers(3, dtype=mt.uint8), 0, 300),
    lambda: _assigned(_numbers(3, dtype=mt.bool), 0, 0.5),
    lambda: _assigned(_numbers(3, dtype=mt.int64), 0, 2.7),
    lambda: _assigned(_numbers(3, dtype=mt.float16), 0, 65519.0),
    lambda: _assigned(_numbers(3, dtype=mt.float16), 0, -1e6),
    lambda: _assigned(_numbers(3), 0, float("nan")),
    lambda: _assigned(_numbers(3), 0, 1e300),
    lambda: _assigned(_numbers(3), 0, "1"),
]


@pytest.mark.parametrize("number", range(len(ASSIGNMENTS)))
def test_an_assignment_at_once_is_the_one_through_a_view(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> str:
        try:
            return repr(ASSIGNMENTS[number]())
        except Exception as error:
            return repr(error)

    quick = outcome()
    monkeypatch.setattr(indexing, "_write_at_once", lambda *_: False)
    assert outcome() == quick
