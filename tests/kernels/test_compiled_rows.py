"""The compiled sums, and rows added by index, beside those in NumPy; sums of any dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import Array, apart, arrays, filled, trial, twin

from minitorch.kernels import rows, sums

pytest.importorskip("numba")


@trial
@given(st.data())
def test_row_sums(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.sampled_from(sizes)) for sizes in ((0, 1, 5), (0, 1, 4099, 70000)))
    x = filled(data.draw, shape, data.draw(st.sampled_from(("f4", "f8"))), data.draw(st.booleans()))
    if (np.abs(x) > 1e20).any():  # what is left of the others depends on the order
        x = np.where(np.abs(x) == 1e30, 1, x)
    made, expected = twin(rows.row_sums, np.ascontiguousarray(x))
    assert apart(made, expected) <= 1e4 * np.finfo(x.dtype).eps


@trial
@given(st.data())
def test_added_rows(data: st.DataObject) -> None:
    M, D, R = (data.draw(st.sampled_from(sizes)) for sizes in ((0, 1, 300), (0, 1, 70), (1, 9)))
    values = filled(data.draw, (M, D), data.draw(st.sampled_from(("f4", "f8"))))
    index = np.random.default_rng(0).integers(0, R, M)
    made, expected = twin(rows.add_rows, values, index, R)
    assert apart(made, expected) <= 1e3 * np.finfo(values.dtype).eps


@trial
@given(arrays(dims=(1, 4), odd=False), st.data())
def test_sums_over_any_dimensions(x: Array, data: st.DataObject) -> None:
    x = np.resize(x, [n * 3 for n in x.shape]) if x.size else x
    dims = tuple(d for d in range(x.ndim) if data.draw(st.booleans())) or (0,)
    keepdim = data.draw(st.booleans())
    made = sums.add_up(x, dims, keepdim)
    exact = x.sum(dims, np.longdouble, keepdims=keepdim)
    assert made.shape == exact.shape
    assert made.dtype == x.dtype
    size = np.abs(x).sum(dims, keepdims=keepdim).max(initial=1)
    assert np.abs(made - exact).max(initial=0) <= 8 * np.finfo(x.dtype).eps * size
