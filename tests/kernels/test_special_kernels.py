"""The kernels of special functions against the standard library, and working by blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minitorch.kernels import blocks, special

Array = np.ndarray[Any, np.dtype[Any]]


def probability(x: Array) -> Array:
    """P(Z <= x) for a standard normal Z, in float64."""
    return np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()])


def gelu(x: Array) -> list[Array]:
    return blocks.by_blocks(special.gelu, [x], 2)


@pytest.mark.parametrize(
    ("low", "high", "roundings"), [(-13, -6, 200), (-6, -3, 32), (-3, 0, 12), (0, 8, 8)]
)
def test_gelu_in_float32_keeps_its_digits_on_both_sides(
    low: float, high: float, roundings: float
) -> None:
    x = np.linspace(low, high, 20_001, dtype=np.float32)
    wide = x.astype(np.float64)
    below, density = probability(wide), np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
    y, slope = gelu(x)
    step = roundings * 2.0**-24
    assert (np.abs(y - wide * below) <= step * np.abs(wide * below)).all()
    # The slope is a difference left of 0, and no more precise than the larger part of it.
    assert (np.abs(slope - below - wide * density) <= step * (below + np.abs(wide) * density)).all()


def test_gelu_far_out() -> None:
    x = np.array([0.0, -0.0, 40.0, -40.0, 2e30, -2e30, np.inf, np.nan], np.float32)
    with np.errstate(all="ignore"):
        y, slope = gelu(x)
    np.testing.assert_array_equal(y[:7], np.maximum(x[:7], 0))
    np.testing.assert_array_equal(slope[:6], [0.5, 0.5, 1, 0, 1, 0])
    assert np.isnan(y[7])
    assert np.isnan(slope[7])


def test_gelu_in_float64() -> None:
    x = np.linspace(-9, 9, 1001)
    y, _ = gelu(x)
    np.testing.assert_allclose(y, x * probability(x), rtol=1e-13)


def combined(x: Array, y: Array, total: Array, product: Array) -> None:
    np.add(x, y, out=total)
    np.multiply(x, y, out=product)


@pytest.mark.parametrize("size", [0, 1, 5, 12, 13, 36])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_by_blocks(size: int, order: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 12)
    x = np.arange(3.0 * size).reshape(3, size).transpose(order)
    y = np.ascontiguousarray(x[::-1])
    total, product = blocks.by_blocks(combined, [x, y], 2)
    np.testing.assert_array_equal(total, x + y)
    np.testing.assert_array_equal(product, x * y)
    assert total.flags.c_contiguous == x.flags.c_contiguous
    assert total.flags.f_contiguous == x.flags.f_contiguous


def test_by_blocks_of_a_number() -> None:
    total, product = blocks.by_blocks(combined, [np.array(3.0), np.array(4.0)], 2)
    assert total.shape == product.shape == ()
    assert (total, product) == (7, 12)
