"""What broadcasting is made of, and undone by, is what NumPy's functions come to."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minitorch.kernels.layout import stretched
from minitorch.kernels.sums import add_up, broadcasts, sum_to

SHAPES = [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (4, 1, 3), (4, 2, 1), (4, 2, 3), (0, 3), (1, 0)]


@pytest.mark.parametrize("pair", list(itertools.product(SHAPES, SHAPES)), ids=str)
def test_to_be_broadcast_and_back(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    less, shape = pair
    small = np.arange(np.prod(less), dtype=np.float32).reshape(less)
    try:
        expected = np.broadcast_to(small, shape)
    except ValueError:
        assert not broadcasts(less, shape)
        return
    assert broadcasts(less, shape)
    for x in (small, small.copy(order="F"), small[::-1] if less else small):
        made = stretched(x, shape)
        np.testing.assert_array_equal(made, np.broadcast_to(x, shape))
        assert np.may_share_memory(made, x) or not made.size
        assert made.flags.writeable
    small.flags.writeable = False
    assert not stretched(small, shape).flags.writeable
    total = sum_to(expected.copy(), less)
    np.testing.assert_array_equal(total, small * (np.prod(shape) // max(np.prod(less), 1)))
    assert total.shape == less


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_sums_in_any_order_of_memory_and_of_dims(order: tuple[int, ...], keepdim: bool) -> None:
    x = np.random.default_rng(0).normal(size=(9, 10, 11)).transpose(order)
    for count in range(1, 4):
        for dims in itertools.permutations(range(3), count):
            found = add_up(x, dims, keepdim)
            np.testing.assert_allclose(found, x.sum(dims, keepdims=keepdim), rtol=1e-12, atol=1e-12)
