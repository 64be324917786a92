"""The compiled kernels of softmax beside those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import SIZES, Array, apart, arrays, filled, trial, twin

from minitorch.kernels import softmax as kernels

pytest.importorskip("numba")


@trial
@given(arrays(dims=(1, 3)), st.integers(0, 2))
def test_softmax(x: Array, axis: int) -> None:
    axis = min(axis, x.ndim - 1)
    step = np.finfo(x.dtype).eps
    grad = np.cos(np.arange(x.size, dtype=x.dtype)).reshape(x.shape)
    y, expected = twin(kernels.softmax, x, axis)
    assert apart(y, expected) <= 16 * step
    assert apart(*twin(kernels.softmax_back, grad, expected, axis)) <= 64 * step
    y, expected = twin(kernels.log_softmax, x, axis)
    assert apart(y, expected) <= 64 * step
    assert apart(*twin(kernels.log_softmax_back, grad, expected, axis)) <= 64 * step


@trial
@given(st.data(), st.sampled_from(["f4", "f8"]), st.booleans())
def test_cross_entropy(data: st.DataObject, dtype: str, odd: bool) -> None:
    N, C = (data.draw(st.sampled_from(sizes)) for sizes in (SIZES, SIZES[1:]))
    x = filled(data.draw, (N, C), dtype, odd)
    step = np.finfo(x.dtype).eps
    target = np.arange(N) * 5 % C
    found, expected = twin(kernels.cross_entropy, x, target)
    for ours, theirs in zip(found[:2], expected, strict=False):
        assert apart(ours, theirs) <= 64 * step
    np.testing.assert_array_equal(found[2], expected[2])


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_far_below_the_largest(dtype: str) -> None:
    x = np.linspace(-80, 0, 5000, dtype=dtype)[None]
    y, _ = twin(kernels.softmax, x, 1)
    longer = np.exp(x.astype(np.longdouble))
    step = np.finfo(x.dtype).eps
    np.testing.assert_allclose(y * (longer.sum() / longer), 1, rtol=4 * step, atol=0)
