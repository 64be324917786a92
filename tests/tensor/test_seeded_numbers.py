"""The same seed gives PyTorch's numbers: through tensors, factories, dropout and generators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.nn import functional as F

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

DRAWS = {
    "rand": lambda m: m.rand(3, 4),
    "rand, float64": lambda m: m.rand(5, dtype=m.float64),
    "rand, float16": lambda m: m.rand(5, dtype=m.float16),
    "rand, empty": lambda m: m.rand(0, 3),
    "randn": lambda m: m.randn(3),
    "randn, block": lambda m: m.randn(4, 7),
    "randn, float64": lambda m: m.randn(40, dtype=m.float64),
    "rand_like": lambda m: m.rand_like(m.zeros(3, 5).t()),
    "randn_like, transposed": lambda m: m.randn_like(m.zeros(5, 6).t()),
    "randint": lambda m: m.randint(0, 10, (7,)),
    "randint, high": lambda m: m.randint(3, (2, 2)),
    "randint, wide": lambda m: m.randint(-(2**40), 2**40, (3,)),
    "randint, float": lambda m: m.randint(0, 9, (3,), dtype=m.float32),
    "randperm": lambda m: m.randperm(20),
    "randperm, one": lambda m: m.randperm(1),
    "uniform_": lambda m: m.empty(9).uniform_(-1 / 3, 1 / 3),
    "normal_": lambda m: m.empty(20).normal_(0.3, 1.7),
    "normal_, strided": lambda m: m.empty(4, 6)[:, ::2].normal_(),
    "normal_, transposed": lambda m: m.empty(4, 5).t().normal_(),
    "bernoulli_": lambda m: m.empty(20).bernoulli_(0.3),
    "bernoulli_, int": lambda m: m.empty(20, dtype=m.int64).bernoulli_(0.3),
    "bernoulli": lambda m: m.bernoulli(m.full((20,), 0.3)),
    "bernoulli, p": lambda m: m.bernoulli(m.zeros(5), 0.5),
    "random_": lambda m: m.empty(5, dtype=m.int64).random_(),
    "random_, to": lambda m: m.empty(5, dtype=m.int32).random_(7),
    "random_, between": lambda m: m.empty(5).random_(-3, 7),
    "normal, tensors": lambda m: m.normal(m.zeros(20), m.full((20,), 2.0)),
    "normal, mean": lambda m: m.normal(m.full((3,), 5.0), 0.5),
    "normal, size": lambda m: m.normal(1.0, 2.0, (4,)),
    "dropout": lambda m: m.nn.functional.dropout(m.ones(4, 8), 0.3),
    "dropout, transposed": lambda m: m.nn.functional.dropout(m.ones(4, 8).t(), 0.3),
    "dropout, float64": lambda m: m.nn.functional.dropout(m.ones(9, dtype=m.float64), 0.5),
    "dropout, all": lambda m: m.nn.functional.dropout(m.ones(4), 1.0),
    "dropout, eval": lambda m: m.nn.functional.dropout(m.ones(4), 0.5, training=False),
    "dropout, in place": lambda m: m.nn.functional.dropout(m.ones(9), 0.5, inplace=True),
}


@pytest.mark.parametrize("seed", [0, 42, 2**32 + 5])
@pytest.mark.parametrize("name", DRAWS)
def test_draws(name: str, seed: int) -> None:
    made = []
    for m in (mt, torch):
        m.manual_seed(seed)
        x = DRAWS[name](m)
        made.append((str(x.dtype), x.tolist(), m.rand(2).tolist(), m.get_rng_state().tolist()))
    assert made[0] == made[1]


def test_seeds() -> None:
    for seed in (0, -1, 2**63, 3.7, -(2**63), 2**64 - 1):
        mt.manual_seed(seed)
        torch.manual_seed(seed)
        assert mt.initial_seed() == torch.initial_seed()
        assert mt.rand(3).tolist() == torch.rand(3).tolist()
    with pytest.raises((RuntimeError, ValueError), match="Overflow") as theirs:
        torch.manual_seed(2**64)
    with pytest.raises(theirs.type, match="Overflow"):
        mt.manual_seed(2**64)
    assert mt.seed() == mt.initial_seed()


def test_generators_are_streams_of_their_own() -> None:
    made = []
    for m in (mt, torch):
        m.manual_seed(1)
        g = m.Generator()
        first = m.rand(2, generator=g).tolist()
        g.manual_seed(5)
        values = [
            first,
            m.randn(3, generator=g).tolist(),
            m.randperm(5, generator=g).tolist(),
            m.empty(3).uniform_(generator=g).tolist(),
            g.initial_seed(),
            m.rand(2).tolist(),
        ]
        made.append(values)
    assert made[0] == made[1]
    with pytest.raises(TypeError, match="Generator"):
        mt.rand(2, generator=3)


def test_states_cross_both_ways() -> None:
    torch.manual_seed(3)
    torch.randn(5)
    mt.set_rng_state(mt.tensor(torch.get_rng_state().numpy()))
    assert mt.randn(4).tolist() == torch.randn(4).tolist()
    torch.set_rng_state(torch.tensor(mt.get_rng_state().numpy()))
    assert mt.rand(4).tolist() == torch.rand(4).tolist()
    with pytest.raises(RuntimeError, match="size"):
        mt.set_rng_state(mt.zeros(3, dtype=mt.uint8))


def test_fork_rng_leaves_no_trace() -> None:
    mt.manual_seed(0)
    expected = mt.rand(2).tolist()
    mt.manual_seed(0)
    with mt.random.fork_rng():
        mt.rand(100)
    assert mt.rand(2).tolist() == expected


def test_dropout_gradient_uses_the_same_mask() -> None:
    x = mt.ones(1000, requires_grad=True)
    y = F.dropout(x, 0.25)
    y.sum().backward()
    assert mt.equal(x.grad, y.detach())
    assert 0.6 < (y != 0).float().mean().item() < 0.9
    assert set(np.unique(y.detach().numpy()).round(4)) == {0.0, np.float32(1.3333)}


BAD: dict[str, Any] = {
    "p": lambda m: m.nn.functional.dropout(m.ones(2), -0.1),
    "range": lambda m: m.randint(3, 3, (2,)),
    "std": lambda m: m.empty(2).normal_(0, -1),
    "n": lambda m: m.randperm(-1),
    "probabilities": lambda m: m.bernoulli(m.full((2,), 1.5)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name: str) -> None:
    with pytest.raises((RuntimeError, ValueError)) as theirs:
        BAD[name](torch)
    state = mt.get_rng_state()
    with pytest.raises(theirs.type):
        BAD[name](mt)
    assert mt.equal(mt.get_rng_state(), state)
