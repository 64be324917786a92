"""Copies between orders of memory, compiled, beside NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import trial

from minitorch.kernels import layout as kernels
from minitorch.kernels.choice import compiled_version, unused

pytest.importorskip("numba")
pytestmark = pytest.mark.skipif(unused() is not None, reason="compiled kernels are turned off")


@trial
@given(st.data())
def test_copies_tile_by_tile(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 5))
    dtype = data.draw(st.sampled_from(("f4", "f8", "i4", "i8", "c8", "f2")))
    shape = tuple(data.draw(st.sampled_from((1, 4, 8, 16, 24, 5))) for _ in range(ndim))
    orders = [data.draw(st.permutations(range(ndim))) for _ in range(2)]
    seeds = np.random.default_rng(0)
    x = (seeds.standard_normal([shape[axis] for axis in orders[0]]) * 9).astype(dtype)
    x = x.transpose(np.argsort(orders[0]))
    if data.draw(st.booleans()):
        x = x[::-1]
    # Memory around it that must not be touched.
    gap = data.draw(st.integers(0, 2))
    around = np.zeros([shape[axis] + 2 * gap for axis in orders[1]], dtype)
    inside = around[(slice(gap, -gap or None),) * ndim].transpose(np.argsort(orders[1]))
    compiled = compiled_version(kernels.copy.in_numpy)
    assert compiled is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minitorch.kernels.compiled.layout.LEAST", 0)
        if compiled(inside, x) is NotImplemented:
            kernels.copy.in_numpy(inside, x)
    np.testing.assert_array_equal(inside, x)
    assert np.count_nonzero(around) == np.count_nonzero(x)


def test_images_are_copied_by_tiles() -> None:
    x = np.arange(64 * 4 * 16 * 16, dtype="f4").reshape(64, 4, 16, 16)
    y = np.zeros((4, 18, 18, 64), "f4")
    compiled = compiled_version(kernels.copy.in_numpy)
    assert compiled is not None
    assert compiled(y[:, 1:-1, 1:-1], x.transpose(1, 2, 3, 0)) is not NotImplemented
    np.testing.assert_array_equal(y[:, 1:-1, 1:-1], x.transpose(1, 2, 3, 0))
    assert np.count_nonzero(y) == x.size - 1
