"""Differentiating a gradient again where it is flat: zeros, as in PyTorch, and no error."""

from __future__ import annotations

import pytest

import minitorch as mt
from minitorch.nn import functional as F

FLAT = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "threshold": lambda x: F.threshold(x, 0.1, 2.0),
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "hardsigmoid": F.hardsigmoid,
    "leaky_relu": F.leaky_relu,
    "rrelu": F.rrelu,
    "max_pool1d": lambda x: F.max_pool1d(x, 2),
    "avg_pool1d": lambda x: F.avg_pool1d(x, 2),
    "max_pool2d": lambda x: F.max_pool2d(x[None], 1),
    "avg_pool2d": lambda x: F.avg_pool2d(x[None], 1),
    "nll_loss": lambda x: F.nll_loss(x, mt.tensor([0, 1])),
    "relu, in place": lambda x: (x * 1).relu_(),
}


@pytest.mark.parametrize("name", FLAT)
def test_the_second_derivative_is_zero(name: str) -> None:
    for make in (lambda x: x, lambda x: x * 1.0):  # of a leaf, and of a result
        x = mt.randn(2, 4, dtype=mt.float64, requires_grad=True)
        y = FLAT[name](make(x))
        (slope,) = mt.autograd.grad(y.sum(), x, create_graph=True)
        assert slope.requires_grad
        (curvature,) = mt.autograd.grad(slope.sum(), x)
        assert curvature.tolist() == mt.zeros(2, 4).tolist()


def test_a_gradient_penalty_of_a_network_of_kinks() -> None:
    layer = mt.nn.Linear(3, 4)
    x = mt.randn(2, 3, requires_grad=True)
    (slope,) = mt.autograd.grad(layer(x).relu().sum(), x, create_graph=True)
    (slope**2).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert layer.bias.grad.tolist() == [0.0] * 4  # PyTorch gives zeros, not None
    assert x.grad.tolist() == mt.zeros(2, 3).tolist()
