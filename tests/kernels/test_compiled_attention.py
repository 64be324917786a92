"""The compiled kernels of attention beside those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import SIZES, apart, filled, trial, twin

from minitorch.kernels import attention

pytest.importorskip("numba")


@trial
@given(st.data(), st.sampled_from(["f4", "f8"]), st.booleans())
def test_shares_and_their_gradient(data: st.DataObject, dtype: str, odd: bool) -> None:
    shape = (
        *(data.draw(st.integers(0, 2)) for _ in range(2)),
        *data.draw(st.tuples(st.sampled_from(SIZES), st.sampled_from(SIZES[1:]))),
    )
    scores = filled(data.draw, shape, dtype, odd)
    if data.draw(st.booleans()):
        scores = scores.copy()
    # The mask has some of the dimensions, and 1 for others.
    sizes = [data.draw(st.sampled_from((size, 1))) for size in shape]
    seen = filled(data.draw, tuple(sizes[data.draw(st.integers(0, 3)) :]), dtype)
    kind = data.draw(st.sampled_from(("none", "bool", "numbers", "blocked", "causal")))
    mask = {
        "none": None,
        "bool": seen > 0,
        "numbers": seen,
        "blocked": np.where(seen > 2, -np.inf, seen).astype(dtype),
        "causal": attention.causal(*shape[2:]),
    }[kind]
    step = np.finfo(dtype).eps
    found, expected = twin(attention.shares, scores, mask, 0.5)
    assert apart(found, expected) <= 256 * step
    grad = np.cos(np.arange(expected.size, dtype=dtype)).reshape(shape)
    assert apart(*twin(attention.weigh_back, grad, expected)) <= 64 * step
