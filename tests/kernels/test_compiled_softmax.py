"""The compiled kernels of softmax beside those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import Array, apart, arrays, trial, twin

from minitorch.kernels import softmax as kernels

pytest.importorskip("numba")


@trial
@given(arrays(dims=(1, 3)), st.integers(0, 2))
def test_softmax(x: Array, axis: int) -> None:
    axis = min(axis, x.ndim - 1)
    step = np.finfo(x.dtype).eps
    y, expected = twin(kernels.softmax, x, axis)
    assert apart(y, expected) <= 16 * step
    grad = np.cos(np.arange(x.size, dtype=x.dtype)).reshape(x.shape)
    assert apart(*twin(kernels.softmax_back, grad, expected, axis)) <= 64 * step
