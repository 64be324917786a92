"""repr, character for character as PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

DRAWS = np.random.default_rng(0)
ARRAYS: list[Any] = [
    1.5,
    2,
    True,
    [],
    [[]],
    [1.0, 2.0, 3.0],
    [1, 20, -3],
    [True, False],
    [0.0, 0.0],
    [0.1, 1000.0],
    [0.1, 1e6],
    [1e-5, 1.0],
    [1e-5, 1e-6],
    [1e9, 1.0],
    [float("nan"), 1.0, float("inf")],
    [float("nan"), 1.5, -float("inf")],
    [float("nan")],
    [float("inf"), -float("inf")],
    [-0.0, 1.0],
    DRAWS.standard_normal((3, 4)),
    DRAWS.standard_normal((2, 3, 2)),
    DRAWS.standard_normal((2, 2, 2, 2)),
    DRAWS.standard_normal(30),
    DRAWS.standard_normal(2000),
    DRAWS.standard_normal((40, 50)),
    DRAWS.standard_normal((5, 300)) * 100,
    DRAWS.standard_normal((2, 30, 30)),
    DRAWS.integers(-5, 1000, (40, 50)),
    DRAWS.standard_normal((3, 2)).astype(np.float32) * 1e5,
    np.arange(4, dtype=np.int8),
    np.arange(4, dtype=np.uint8).reshape(2, 2),
    np.arange(3, dtype=np.float16),
    np.zeros((0, 3)),
    np.zeros((2, 0), np.int64),
    np.zeros((), np.float32),
    np.zeros((1, 1, 1)),
]


def same(make: Any) -> None:
    assert repr(make(mt)) == repr(make(torch))
    assert str(make(mt)) == str(make(torch))


@pytest.mark.parametrize("number", range(len(ARRAYS)))
def test_repr(number: int) -> None:
    value = ARRAYS[number]
    same(lambda m: m.tensor(value))
    if m_is_float(value):
        same(lambda m: m.tensor(value).float())
        same(lambda m: m.tensor(value).double())
        same(lambda m: m.tensor(value, dtype=m.float32, requires_grad=True))
        same(lambda m: m.tensor(value, dtype=m.float32, requires_grad=True) * 2)


def m_is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


NODES = [
    lambda m, x: x + 1,
    lambda m, x: x.exp(),
    lambda m, x: x.relu(),
    lambda m, x: x @ x,
    lambda m, x: x.t(),
    lambda m, x: x.reshape(4),
    lambda m, x: x.sum(),
    lambda m, x: x.mean(),
    lambda m, x: x[0],
    lambda m, x: x[[0, 1]],
    lambda m, x: x.softmax(0),
    lambda m, x: x.log_softmax(0),
    lambda m, x: x.tanh(),
    lambda m, x: m.cat([x, x]),
    lambda m, x: m.where(x > 0, x, x),
    lambda m, x: x.expand(2, 2, 2),
    lambda m, x: x.unsqueeze(0),
    lambda m, x: x[None],
    lambda m, x: x.squeeze(),
    lambda m, x: x.squeeze(0),
    lambda m, x: x.squeeze((0, 1)),
    lambda m, x: m.stack([x, x]),
    lambda m, x: x.masked_select(x > 1),
    lambda m, x: x.gather(0, m.tensor([[0, 1]])),
    lambda m, x: x.index_select(0, m.tensor([0])),
    lambda m, x: x.flatten(),
    lambda m, x: x.mul(2).sub(1).div(x),
    lambda m, x: x.sqrt(),
    lambda m, x: x.T,
    lambda m, x: x.unbind()[0],
    lambda m, x: x.split(1)[0],
    lambda m, x: x.abs().log(),
    lambda m, x: x.masked_fill(x > 1, 0.0),
    lambda m, x: x.clone(),
    lambda m, x: x.permute(1, 0),
    lambda m, x: x**2,
    lambda m, x: m.nn.functional.linear(x, x, x[0]),
    lambda m, x: m.nn.functional.conv2d(x[None, None], x[None, None]),
    lambda m, x: m.nn.functional.max_pool2d(x[None, None], 2),
    lambda m, x: m.nn.functional.cross_entropy(x, m.tensor([0, 1])),
]


@pytest.mark.parametrize("number", range(len(NODES)))
def test_grad_fn(number: int) -> None:
    def make(m: Any) -> Any:
        return NODES[number](m, m.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True))

    same(make)


def test_print_options() -> None:
    value = DRAWS.standard_normal((20, 60)) * 1000
    for options in (
        {"precision": 2},
        {"threshold": 10, "edgeitems": 2},
        {"linewidth": 40},
        {"sci_mode": True},
        {"sci_mode": False},
        {"profile": "short"},
        {"profile": "full"},
    ):
        try:
            mt.set_printoptions(**options)
            torch.set_printoptions(**options)
            same(lambda m: m.tensor(value))
            same(lambda m: m.tensor([1.0, 2.0, 1e10]))
        finally:
            mt.set_printoptions(profile="default")
            torch.set_printoptions(profile="default")


def test_small_things() -> None:
    same(lambda m: m.zeros(2, 3).shape)
    same(lambda m: m.float32)
    same(lambda m: m.device("cpu"))
    same(lambda m: m.tensor([[1.0, 3.0], [5.0, 2.0]]).max(1))
    same(lambda m: m.nn.Parameter(m.zeros(2)))
    assert f"{mt.tensor(1.23456):.2f} {mt.tensor(3)}" == "1.23 3"
