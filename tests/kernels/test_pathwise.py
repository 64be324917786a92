"""Gamma, Dirichlet and binomial draws and their gradients, and the gamma distribution function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch
from minitorch.kernels import pathwise

RNG = np.random.default_rng(0)
SHAPES = np.concatenate([10 ** RNG.uniform(-3, 4, 600), [1e-30, 1e-8, 0.5, 1.0, 8.0, 1e8]])
COUNTS = np.floor(10 ** RNG.uniform(0, 5, 600))
PROBS = np.concatenate([RNG.uniform(0, 1, 590), [0, 1, 0.5, 1e-9, 1 - 1e-7, 1e-3, -1, 2, 0.1, 0.9]])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def on_both(make: Any) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for m in (minitorch, the_torch()):
        m.manual_seed(5)
        values = make(m)
        assert m.rand(1).item() > 0  # and the streams go on alike:
        found.append([values.detach().numpy(), m.rand(3).numpy()])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert found[0][0].dtype == found[1][0].dtype
    return found[0][0], found[1][0]


@DTYPES
def test_gamma_draws(dtype: str) -> None:
    np.testing.assert_array_equal(
        *on_both(lambda m: m._standard_gamma(m.tensor(SHAPES.astype(dtype))))
    )
    for shape in ((0,), (), (0, 3), (1, 1)):
        np.testing.assert_array_equal(*on_both(lambda m: m._standard_gamma(m.ones(shape))))
    wrong = [-1.0, 0.0, math.nan]
    np.testing.assert_array_equal(*on_both(lambda m: m._standard_gamma(m.tensor(wrong))))


def test_gamma_draws_in_the_order_of_the_elements() -> None:
    """Whatever the order of memory is."""
    np.testing.assert_array_equal(
        *on_both(lambda m: m._standard_gamma(m.arange(1.0, 7).reshape(2, 3).t()))
    )
    np.testing.assert_array_equal(
        *on_both(lambda m: m._standard_gamma(m.tensor([0.5, 2.0]).expand(3, 2)))
    )


@DTYPES
def test_dirichlet_draws(dtype: str) -> None:
    concentrations = SHAPES[:600].reshape(-1, 4).astype(dtype)
    ours, theirs = on_both(lambda m: m._sample_dirichlet(m.tensor(concentrations)))
    np.testing.assert_allclose(ours, theirs, 1e-15 if dtype == "float64" else 1e-7)


@DTYPES
def test_binomial_draws(dtype: str) -> None:
    np.testing.assert_array_equal(
        *on_both(
            lambda m: m.binomial(m.tensor(COUNTS.astype(dtype)), m.tensor(PROBS.astype(dtype)))
        )
    )
    of_nothing = minitorch.binomial(
        minitorch.tensor([math.nan, 2]), minitorch.tensor([0.5, math.nan])
    )
    assert of_nothing.isnan().all()  # (there PyTorch draws for ever)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m._standard_gamma(m.tensor([1, 2])),
        lambda m: m._sample_dirichlet(m.tensor([1, 2])),
        lambda m: m.binomial(m.tensor([1, 2]), m.tensor([1, 2])),
        lambda m: m.binomial(m.tensor([1.0]), m.tensor([1.0], dtype=m.float64)),
        lambda m: m.special.gammainc(m.tensor([1, 2]), m.tensor([1, 2])),
    ],
)
def test_refusals(call: Any) -> None:
    with pytest.raises(Exception) as theirs:
        call(the_torch())
    with pytest.raises(type(theirs.value)):
        call(minitorch)


@DTYPES
def test_gradients_of_gamma_draws(dtype: str) -> None:
    torch = the_torch()
    alpha = np.tile(SHAPES[:600], 2).astype(dtype)
    x = torch._standard_gamma(torch.tensor(alpha)).numpy()
    x[600:] *= 10 ** RNG.uniform(-0.3, 0.3, 600).astype(dtype)  # and where few are drawn
    theirs = torch._standard_gamma_grad(torch.tensor(alpha), torch.tensor(x)).numpy()
    ours = pathwise.standard_gamma_grad(alpha, x)
    np.testing.assert_allclose(ours, theirs, 1e-5 if dtype == "float32" else 1e-9)


@DTYPES
def test_gradients_of_dirichlet_draws(dtype: str) -> None:
    torch = the_torch()
    for low, high in ((-2, 3), (-0.3, 1.5), (1, 1.3)):
        alpha = torch.tensor((10 ** RNG.uniform(low, high, (300, 4))).astype(dtype))
        x, total = torch._sample_dirichlet(alpha), alpha.sum(-1, True).expand(300, 4).contiguous()
        theirs = torch._dirichlet_grad(x, alpha, total).numpy()
        ours = pathwise.dirichlet_grad(x.numpy(), alpha.numpy(), total.numpy())
        tolerance = 1e-2 if dtype == "float32" else 1e-8  # (theirs is summed in float32)
        np.testing.assert_allclose(ours, theirs, tolerance)


def test_gradients_are_those_of_the_distribution_function() -> None:
    """By finite differences of it: to three digits, which is what the approximations give."""
    a, step = np.repeat(10 ** np.linspace(-1, 2, 13), 9), 1e-5
    scale = np.tile(np.linspace(-1.5, 1.5, 9), 13)
    x = np.maximum(a + scale * np.sqrt(a), 0.3 * a)
    up, down = pathwise.gammainc(a * (1 + step), x), pathwise.gammainc(a * (1 - step), x)
    log_density = (a - 1) * np.log(x) - x - minitorch.tensor(a).lgamma().numpy()
    slope = -(up - down) / (2 * a * step) / np.exp(log_density)
    np.testing.assert_allclose(pathwise.standard_gamma_grad(a, x), slope, 2e-3)


@pytest.mark.parametrize("index", [0, 1])
def test_binomial_draws_have_no_gradient(index: int) -> None:
    for m in (minitorch, the_torch()):
        inputs = [m.tensor([4.0]), m.tensor([0.5])]
        drawn = m.binomial(*(x.requires_grad_(i == index) for i, x in enumerate(inputs)))
        with pytest.raises(RuntimeError, match="derivative for aten::binomial is not"):
            drawn.sum().backward()


def test_gradients_are_not_differentiated_again() -> None:
    m = minitorch
    a = m.tensor([0.5, 3.0], requires_grad=True)
    for draw in (m._standard_gamma, m._sample_dirichlet):
        (first,) = m.autograd.grad((draw(a) * m.tensor([1.0, 2.0])).sum(), a, create_graph=True)
        with pytest.raises(NotImplementedError, match="is not implemented"):
            m.autograd.grad(first.sum(), a)
    with pytest.raises(NotImplementedError, match="'igamma: input' is not implemented"):
        m.igamma(a, m.ones(2)).sum().backward()


def test_the_gamma_distribution_function() -> None:
    torch = the_torch()
    a = 10 ** RNG.uniform(-3, 4, 2000)
    x = a * 10 ** RNG.uniform(-1, 0.8, 2000)
    for ours, theirs in (
        (minitorch.special.gammainc, torch.special.gammainc),
        (minitorch.special.gammaincc, torch.special.gammaincc),
    ):
        mine = ours(minitorch.tensor(a), minitorch.tensor(x)).numpy()
        # (theirs is right to 4e-10)
        np.testing.assert_allclose(mine, theirs(torch.tensor(a), torch.tensor(x)), 1e-9, 1e-9)
        inf, nan = math.inf, math.nan
        ends = [(0, 0), (0, 1), (1, 0), (inf, 1), (1, inf), (inf, inf), (-1, 1), (1, -1), (nan, 1)]
        for end in ends:
            mine, their = (
                f(*(m.tensor(float(v)) for v in end)).item()
                for f, m in ((ours, minitorch), (theirs, torch))
            )
            np.testing.assert_equal(mine, their, err_msg=str(end))
    exponential = minitorch.igammac(
        minitorch.ones(3, dtype=minitorch.float64),
        minitorch.tensor([1e-9, 30, 600.0], dtype=minitorch.float64),
    )
    np.testing.assert_allclose(exponential.numpy(), np.exp([-1e-9, -30, -600]), 1e-12)
