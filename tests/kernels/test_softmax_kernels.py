"""The kernels of softmax and of sums, for any size, range of numbers and memory order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minitorch
from minitorch.kernels import softmax as kernels
from minitorch.kernels.sums import add_up

Array = np.ndarray[Any, np.dtype[Any]]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_softmax_and_its_logarithm(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.sampled_from((1, 2, 7, 40)), min_size=1, max_size=3)))
    axis = data.draw(st.integers(0, len(shape) - 1))
    dtype = data.draw(st.sampled_from((np.float32, np.float64)))
    draws = np.random.default_rng(data.draw(st.integers(0, 9)))
    scale = data.draw(st.sampled_from((0.1, 1.0, 9.0, 1000.0)))  # on both sides of the bound
    x = (draws.standard_normal(shape) * scale).astype(dtype)
    if data.draw(st.booleans()):
        x = np.ascontiguousarray(x.T).T
    wide = x.astype(np.longdouble)
    wide = wide - wide.max(axis, keepdims=True)
    expected = wide - np.log(np.exp(wide).sum(axis, keepdims=True))
    step = np.finfo(dtype).eps
    with np.errstate(all="ignore"):
        y, log_y = kernels.softmax(x, axis), kernels.log_softmax(x, axis)
        grad = draws.standard_normal(shape).astype(dtype)
        back, log_back = (
            f(grad, a, axis)
            for f, a in ((kernels.softmax_back, y), (kernels.log_softmax_back, log_y))
        )
    share = np.exp(expected)
    allowed = 32 * step * share * np.maximum(1, -expected) + np.finfo(dtype).tiny
    assert (np.abs(y - share) <= allowed).all()
    assert (np.abs(log_y - expected) <= 16 * step * np.maximum(1, -expected)).all()
    weighted = (grad * share).sum(axis, keepdims=True)
    np.testing.assert_allclose(back, (grad - weighted) * share, atol=200 * step)
    expected_back = grad - share * grad.sum(axis, keepdims=True)
    np.testing.assert_allclose(log_back, expected_back, atol=2000 * step)


@pytest.mark.parametrize("size", [3, 2000])
def test_softmax_of_what_is_masked(size: int) -> None:
    x = np.zeros((size, 3), np.float32)
    x[:, 1], x[0, 2] = -np.inf, np.nan
    with np.errstate(all="ignore"):
        y = kernels.softmax(x, 1)
    np.testing.assert_array_equal(y[1:], np.tile(np.float32([0.5, 0, 0.5]), (size - 1, 1)))
    assert np.isnan(y[0]).all()


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_a_sure_prediction_costs_little(scale: float) -> None:
    # The loss is exp(-scale / 3) or so, and not the rounding of a difference of large numbers.
    x = np.full((300, 10), -scale / 6, np.float32)
    x[:, 4] = scale / 6
    logits, target = minitorch.tensor(x), minitorch.full((300,), 4)
    loss = minitorch.nn.functional.cross_entropy(logits, target).item()
    assert loss == pytest.approx(np.log1p(9 * np.exp(-scale / 3)), rel=1e-6, abs=1.2e-7)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_sums(data: st.DataObject) -> None:
    sizes = st.sampled_from((1, 2, 9, 30))
    shape = tuple(data.draw(st.lists(sizes, min_size=1, max_size=4)))
    dims = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    x = np.random.default_rng(len(shape)).standard_normal(shape)
    x = np.ascontiguousarray(x.transpose(data.draw(st.permutations(range(len(shape))))))
    back = data.draw(st.permutations(range(len(shape))))
    x, keepdim = x.transpose(back), data.draw(st.booleans())
    y = add_up(x, dims, keepdim)
    np.testing.assert_allclose(y, x.sum(dims, keepdims=keepdim), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("low", [-20.0, -100.0, -np.inf])
def test_softmax_where_a_row_is_far_below(low: float) -> None:
    x = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    x[5], x[7, 1:] = low + x[5] if np.isfinite(low) else low, low
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        expected = np.exp(wide - wide.max(1, keepdims=True))
        expected /= expected.sum(1, keepdims=True)
        np.testing.assert_allclose(kernels.softmax(x, 1), expected, rtol=2e-6, atol=1e-37)
        log_y = kernels.log_softmax(x, 1)
        np.testing.assert_allclose(log_y, np.log(expected), rtol=2e-5, atol=1e-5)
