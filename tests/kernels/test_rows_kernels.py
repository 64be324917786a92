"""Adding together by index against NumPy's own way, which takes longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minitorch.kernels import rows

Array = np.ndarray[Any, np.dtype[Any]]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
@pytest.mark.parametrize(
    ("M", "V", "D"), [(0, 3, 2), (9, 4, 5), (30, 40, 1), (50, 7, 0), (7, 1, 3)]
)
def test_add_rows(M: int, V: int, D: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BLOCK", 16)  # so that there are several
    draws = np.random.default_rng(M)
    values, index = draws.integers(-9, 9, (M, D)).astype(dtype), draws.integers(0, V, M)
    expected = np.zeros((V, D), dtype)
    for row, value in zip(index, values, strict=True):
        expected[row] += value
    made = rows.add_rows(values, index, V)
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(made, expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_add_at(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    draws = np.random.default_rng(data.draw(st.integers(0, 9)))
    count = data.draw(st.integers(0, 20))
    key: list[Any] = []
    for size in shape:
        kind = data.draw(st.sampled_from(("all", "index", "mask")))
        if kind == "index":  # negative ones too
            key.append(draws.integers(-size, size, count))
        elif kind == "mask" and not any(isinstance(k, np.ndarray) for k in key):
            key.append(draws.integers(0, 2, size) == 1)
            count = int(key[-1].sum())
        else:
            key.append(slice(None))
    at = tuple(key)
    y = draws.integers(-9, 9, shape).astype(np.float32)
    values = draws.integers(-9, 9, y[at].shape).astype(np.float32)
    if data.draw(st.booleans()):
        values = values[:1]  # broadcast
    expected = y.copy()
    np.add.at(expected, at, values)
    rows.add_at(y, at, values)
    np.testing.assert_array_equal(y, expected)
