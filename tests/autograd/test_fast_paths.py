"""What is written once more for speed does what the textbook way does, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch import _tensor_methods, nn
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


def of_views(x: Any, w: Any) -> Any:
    rows = x[1:3].reshape(2, 3)[0] * w[1] + x[0].sin() * w.view(2, 6)[1, 3:]
    kept = w.detach().clone()
    with mt.no_grad():
        frozen = w[2]
    part = (x * 2)[1]
    part *= frozen.detach()
    kept[0] += kept[3]
    kept[1:].sub_(kept[0])
    return (rows + kept[2].exp() + frozen).sum() + part.unsqueeze(0).t().expand(3, 2).sum()


def of_a_stale_view(x: Any, w: Any) -> Any:
    base = x * 1
    first, second = base[0], base.view(-1)[3:6]
    base *= w
    return (first * second).sum() + first.tanh().sum()


PROGRAMS = [
    arithmetic,
    broadcast_and_shared,
    several_outputs,
    changed_in_place,
    a_node_that_is_hooked,
    a_network,
    in_another_order,
    of_views,
    of_a_stale_view,
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

    def apply_view(cls: Any, x: Any, **params: Any) -> Any:
        calls.append(cls)
        return cls.apply(x, **params)

    monkeypatch.setattr(fast, "walk", walk)
    monkeypatch.setattr(Function, "apply_plain", classmethod(apply_plain))
    monkeypatch.setattr(Function, "apply_view", classmethod(apply_view))
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


# ---- arithmetic in place ----------------------------------------------------------------------


def _in_place(target: Any, name: str, other: Any) -> Any:
    before = target._version
    done = getattr(target, name)(other)
    return done is target, target, target._version - before


def _under_no_grad() -> Any:
    w = _numbers(3, requires_grad=True)
    with mt.no_grad():
        w -= 0.5 * _numbers(3)
        w[1:] *= 2
    return w


def _of_what_was_saved() -> Any:
    w, x = _numbers(3, requires_grad=True), _numbers(3)
    y = (w * x).sum()
    x *= 2
    y.backward()


def _in_inference(change_outside: bool) -> Any:
    with mt.inference_mode():
        x = _numbers(3)
        if not change_outside:
            x += 1
    if change_outside:
        x += 1
    return x.tolist(), x._version if not x.is_inference() else None


def _seen_through(make: Callable[[Any], Any], other: Any) -> Any:
    base = _numbers(2, 3)
    view = make(base)
    view += other
    return base, view, base._version, view._version


def _one_of_several() -> Any:
    x = _numbers(4, requires_grad=True)
    first, _ = x.split(2)
    first *= 2


IN_PLACE: list[Any] = [
    _under_no_grad,
    _of_what_was_saved,
    _one_of_several,
    lambda: _in_inference(True),
    lambda: _in_inference(False),
    lambda: _seen_through(lambda x: x[1], 2.0),
    lambda: _seen_through(lambda x: x[1, 2], 2),
    lambda: _seen_through(lambda x: x.t(), _numbers(3, 2)),
    lambda: _seen_through(lambda x: x[:, :1].expand(2, 3), 1.0),
    lambda: _seen_through(lambda x: x[0].detach(), _numbers(3)),
    lambda: _seen_through(lambda x: x.view(-1)[1:], _numbers(5)),
    lambda: _seen_through(lambda x: x, _numbers(2, 3, requires_grad=True).detach()),
    *(
        lambda name=name, dtype=dtype, other=other: _in_place(
            _numbers(3, dtype=dtype) + 1, name, other
        )
        for name in ("add_", "sub_", "mul_", "div_", "__iadd__", "__itruediv__")
        for dtype in (mt.float32, mt.float64, mt.float16, mt.int32, mt.int64, mt.uint8, mt.bool)
        for other in (2, -1, 0.5, 0, True, 1e6, 10**12, float("nan"), "1", None)
    ),
    *(
        lambda name=name, shape=shape, dtype=dtype: _in_place(
            _numbers(2, 3), name, _numbers(*shape, dtype=dtype)
        )
        for name in ("add_", "div_")
        for shape in ((), (1,), (3,), (2, 1), (1, 2, 3), (4,), (2, 2, 3), (0,))
        for dtype in (mt.float32, mt.float64, mt.int64)
    ),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", range(len(IN_PLACE)))
def test_arithmetic_in_place_at_once_is_an_assignment(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> str:
        try:
            return repr(IN_PLACE[number]())
        except Exception as error:
            return repr(error)

    quick = outcome()
    monkeypatch.setattr(_tensor_methods, "write_at_once", lambda *_: False)
    assert outcome() == quick
