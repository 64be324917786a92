"""Attention's kernels against the formula, for every kind of mask and memory order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minitorch
from minitorch.kernels import attention

Array = np.ndarray[Any, np.dtype[Any]]


def shares(q: Array, k: Array, added: Array | float, scale: float) -> Array:
    """The weights by the formula, in more digits; 0 where all is masked."""
    scores = q.astype(np.longdouble) @ k.astype(np.longdouble).swapaxes(-2, -1) * scale + added
    best = np.maximum(scores.max(-1, keepdims=True), -1e30)
    weights = np.exp(scores - best)
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.data())
def test_weights(data: st.DataObject) -> None:
    N, H, L, S, E = (data.draw(st.integers(1, 5)) for _ in range(5))
    draws = np.random.default_rng(data.draw(st.integers(0, 9)))
    dtype = data.draw(st.sampled_from((np.float32, np.float64)))
    size = data.draw(st.sampled_from((1.0, 300.0)))  # on both sides of the bound
    q, k = (
        (draws.standard_normal((N, n, H, E)) * size).astype(dtype).transpose(0, 2, 1, 3)
        for n in (L, S)
    )
    seen = draws.integers(0, 2, (N, 1, L, S)[data.draw(st.integers(0, 3)) :]) == 1
    numbers = draws.standard_normal(seen.shape).astype(dtype)
    blocked = np.where(seen, 0, -np.inf).astype(dtype)
    kind = data.draw(st.sampled_from(("none", "bool", "numbers", "blocked", "both", "causal")))
    mask, added = {
        "none": (None, 0.0),
        "bool": (seen, blocked),
        "numbers": (numbers, numbers),
        "blocked": (blocked, blocked),
        "both": (numbers + blocked, numbers + blocked),
        "causal": (attention.causal(L, S), np.where(np.tri(L, S, dtype=bool), 0, -np.inf)),
    }[kind]
    with np.errstate(all="ignore"):
        made = attention.weigh(q, k, mask, 0.5)
        expected = shares(q, k, added, 0.5)
    assert made.dtype == dtype
    # An exponential magnifies the rounding of what it is taken of.
    step = np.finfo(dtype).eps * max(1.0, float(np.abs(q @ k.swapaxes(-2, -1)).max()))
    np.testing.assert_allclose(made, expected.astype(np.float64), atol=16 * step)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_a_query_that_sees_nothing_gets_nothing(scale: float) -> None:
    q = np.full((3, 4), scale, np.float32)
    mask = np.array([[True, True, False]] * 2 + [[False] * 3])
    weights = attention.weigh(q, q, mask, 1.0)
    np.testing.assert_array_equal(weights, np.float32([[0.5, 0.5, 0]] * 2 + [[0] * 3]))


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4)])
def test_an_empty_batch_and_no_query(shape: tuple[int, ...]) -> None:
    N, L, E = shape
    xs = [minitorch.ones(N, n, E, requires_grad=True) for n in (L, 5, 5)]
    y = minitorch.nn.functional.scaled_dot_product_attention(*xs)
    y.sum().backward()
    assert y.shape == (N, L, E)
    for x in xs:
        np.testing.assert_array_equal(x.grad.numpy(), np.zeros(x.shape))


def test_gradient_in_the_scores() -> None:
    draws = np.random.default_rng(0)
    grad, q, k = draws.standard_normal((3, 2, 5, 5))
    weights = attention.weigh(q, k, None, 1.0)
    expected = weights * (grad - (grad * weights).sum(-1, keepdims=True))
    np.testing.assert_allclose(attention.weigh_back(grad.copy(), weights), expected, rtol=1e-12)


@pytest.mark.parametrize("turned", [False, True])
def test_products_lie_as_their_model_does(turned: bool) -> None:
    draws = np.random.default_rng(0)
    x, y = draws.standard_normal((2, 4, 5, 5)), draws.standard_normal((1, 4, 5, 6))
    model = np.empty((2, 4, 5, 6))
    if turned:
        model = np.empty((2, 5, 4, 6)).transpose(0, 2, 1, 3)
    made = attention.product(x, y, like=model)
    np.testing.assert_allclose(made, x @ y)
    assert made.strides == model.strides
