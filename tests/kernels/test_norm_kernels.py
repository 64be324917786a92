"""The kernels of normalisation against their formulas, for any memory order, size and mean."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minitorch
from minitorch.kernels import norm

Array = np.ndarray[Any, np.dtype[Any]]

ORDERS = list(permutations(range(4)))
# Shape (N, C, H, W), and what share a weight and a mean: batch, instance and group norm.
KINDS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    "batch": ((0, 2, 3), (0, 2, 3), (1, -1, 1, 1)),
    "instance": ((2, 3), (2, 3), (1, -1, 1, 1)),
    "group": ((1, 2, 3), (2, 3), (1, -1, 1, 1)),
}


def reordered(x: Array, order: tuple[int, ...]) -> Array:
    """`x`, its memory in the order of the axes that is given."""
    back = np.argsort(order)
    return np.ascontiguousarray(x.transpose(order)).transpose(back)


def reference(
    x: Array, w: Array, b: Array, grad: Array, axes: tuple[int, ...], eps: float
) -> dict[str, Array]:
    """y and the gradients in x, w and b by the formulas, in float64."""
    x, w, b, grad = (a.astype(np.float64) for a in (x, w, b, grad))
    apart = x - x.mean(axes, keepdims=True)
    inverse = 1 / np.sqrt((apart**2).mean(axes, keepdims=True) + eps)
    z, g = apart * inverse, grad * w
    pull = g.mean(axes, keepdims=True) + z * (g * z).mean(axes, keepdims=True)
    over = tuple(axis for axis in range(x.ndim) if w.shape[axis] == 1)
    return {
        "y": z * w + b,
        "x": (g - pull) * inverse,
        "w": (grad * z).sum(over, keepdims=True),
        "b": grad.sum(over, keepdims=True),
    }


def close(made: Array | None, expected: Array, loosely: float = 1.0) -> None:
    """Assert that they agree to so many roundings of the largest number."""
    assert made is not None
    assert made.shape == expected.shape
    step = np.finfo(made.dtype).eps * 64 * loosely
    size = max(float(np.abs(expected).max(initial=0)), 1.0)
    assert np.abs(made - expected).max(initial=0) <= step * size


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_cells(data: st.DataObject) -> None:
    axes, inner, spread = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    shape = tuple(data.draw(st.sampled_from(sizes)) for sizes in ((1, 3, 16, 64), (1, 2, 5)))
    shape += tuple(data.draw(st.sampled_from((1, 2, 7, 33))) for _ in "HW")
    dtype = data.draw(st.sampled_from((np.float32, np.float64)))
    draws = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = draws.standard_normal(shape) + data.draw(st.sampled_from((0.0, 0.5, 30.0)))
    x[:, 0] += data.draw(st.sampled_from((0.0, 5.0)))
    x, grad = (a.astype(dtype) for a in (x, draws.standard_normal(shape)))
    w, b = draws.standard_normal((2, shape[1])).astype(dtype).reshape(2, *spread)
    x = reordered(x, data.draw(st.sampled_from(ORDERS)))
    grad = reordered(grad, data.draw(st.sampled_from(ORDERS)))

    expected = reference(x, w, b, grad, axes, 0.01)
    made = norm.standardise_cells(x, w, b, axes, inner, 0.01)
    kept = made.mean, made.inverse
    grad_x, *cells = norm.cells_back(grad, x, w, kept, axes, inner, True)
    close(made.y, expected["y"], 30)  # the mean's own rounding, where it is 30
    close(grad_x, expected["x"], 30)
    for name, each in zip("wb", cells, strict=True):
        close(each.sum(0, keepdims=True) if inner == (2, 3) else each, expected[name], 60)
    assert norm.cells_back(grad, x, w, kept, axes, inner, False)[0] is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 3, 0), (0, 2, 3, 1)])
def test_scaled_channels(order: tuple[int, ...]) -> None:
    draws = np.random.default_rng(0)
    x, grad = (reordered(draws.standard_normal((40, 5, 3, 3)), order) for _ in "xg")
    w, b = draws.standard_normal((2, 1, 5, 1, 1))
    y = norm.scale_cells(x, w, b, (0, 2, 3))
    np.testing.assert_allclose(y, x * w + b)
    assert y.strides == x.strides
    slopes, sums = norm.cell_sums(grad, x, (0, 2, 3))
    np.testing.assert_allclose(slopes, (grad * x).sum((0, 2, 3), keepdims=True), rtol=1e-11)
    np.testing.assert_allclose(sums, grad.sum((0, 2, 3), keepdims=True), rtol=1e-11)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_rows(data: st.DataObject) -> None:
    M, E = data.draw(st.sampled_from((1, 7, 300))), data.draw(st.sampled_from((1, 2, 64, 600)))
    dtype = data.draw(st.sampled_from((np.float32, np.float64)))
    draws = np.random.default_rng(data.draw(st.integers(0, 9)))
    x, grad = draws.standard_normal((2, M, E)).astype(dtype)
    x += dtype(data.draw(st.sampled_from((0.0, 0.5, 30.0))))
    weighted = data.draw(st.booleans())
    w, b = draws.standard_normal((2, 1, E)).astype(dtype)
    if not weighted:
        w, b = np.ones_like(w), np.zeros_like(b)
    expected = reference(x, w, b, grad, (1,), 0.01)
    given_w, given_b = (w[0], b[0]) if weighted else (None, None)
    y, mean, inverse = norm.standardise_rows(x, given_w, given_b, 0.01, True)
    grad_x, grad_w, grad_b = norm.rows_back(grad, x, given_w, mean, inverse, True)
    close(y, expected["y"], 30)
    close(grad_x, expected["x"], 30)
    close(grad_w[None], expected["w"], 60)
    close(grad_b[None], expected["b"], 60)
    assert norm.rows_back(grad, x, given_w, mean, inverse, False)[0] is None


def test_a_constant_far_from_zero_has_no_variance() -> None:
    x = np.full((64, 3, 9, 9), 1e6 + 1 / 3, np.float32)
    made = norm.standardise_cells(x, None, None, (0, 2, 3), (0, 2, 3), 1e-5)
    assert not made.y.any()
    y, _, _ = norm.standardise_rows(x.reshape(64, -1), None, None, 1e-5, True)
    assert not y.any()


@pytest.mark.parametrize("shape", [(40, 3, 6, 6), (40, 3, 1, 1), (2, 3, 40, 40)])
def test_a_large_mean_costs_no_precision(shape: tuple[int, ...]) -> None:
    draws, axes, w = np.random.default_rng(0), (0, 2, 3), np.ones((1, 3, 1, 1), np.float32)
    x, grad = (draws.standard_normal((2, *shape)) * 2).astype(np.float32)
    x[:, 1] += 3000
    inner = tuple(axis for axis in axes if shape[axis] != 1)
    expected = reference(x, w, w, grad, axes, 1e-5)
    made = norm.standardise_cells(x, w, w, axes, inner, 1e-5)
    np.testing.assert_allclose(made.y, expected["y"], rtol=2e-6, atol=2e-6)
    back = norm.cells_back(grad, x, w, (made.mean, made.inverse), axes, inner, True)
    np.testing.assert_allclose(back[0], expected["x"], atol=1e-5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 3, 0), (0, 2, 3, 1)])
def test_what_batch_norm_makes_lies_as_its_input(order: tuple[int, ...]) -> None:
    x = reordered(np.random.default_rng(0).standard_normal((8, 4, 6, 6)), order)
    made = norm.standardise_cells(x, None, None, (0, 2, 3), (0, 2, 3), 1e-5)
    assert made.y.strides == x.strides
    assert (
        norm.cells_back(x, x, None, made[1:3], (0, 2, 3), (0, 2, 3), True)[0].strides == x.strides
    )


@pytest.mark.parametrize("name", ["batch_norm", "eval", "layer_norm", "group_norm", "rms_norm"])
def test_first_order_agrees_with_higher(name: str) -> None:
    F, shape = minitorch.nn.functional, (16, 4, 6, 10)
    draws = np.random.default_rng(0)
    x = minitorch.tensor(draws.standard_normal(shape).swapaxes(2, 3).copy()).transpose(2, 3)
    x.requires_grad_()
    w, b = (minitorch.randn(4, dtype=x.dtype, requires_grad=True) for _ in "wb")
    wide = minitorch.randn(shape[1:], dtype=x.dtype, requires_grad=True)
    calls = {
        "batch_norm": lambda: F.batch_norm(x, None, None, w, b, True),
        "eval": lambda: F.batch_norm(x, w.detach(), b.detach() ** 2, w, b),
        "layer_norm": lambda: F.layer_norm(x, shape[1:], wide),
        "group_norm": lambda: F.group_norm(x, 2, w, b),
        "rms_norm": lambda: F.rms_norm(x, shape[1:], wide),
    }
    y = calls[name]()
    assert y.is_contiguous()  # as PyTorch's, though x is not
    leaves = [x, wide] if name in ("layer_norm", "rms_norm") else [x, w, b]
    grad = minitorch.randn(shape, dtype=x.dtype)
    first = minitorch.autograd.grad(y, leaves, grad, retain_graph=True)
    higher = minitorch.autograd.grad(y, leaves, grad, create_graph=True)
    for a, c in zip(first, higher, strict=True):
        minitorch.testing.assert_close(a, c.detach())
