"""The compiled kernels of random streams, bit for bit as those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import trial, twin

from minitorch.kernels import random as kernels

pytest.importorskip("numba")


@trial
@given(st.integers(0, 2**32), st.sampled_from((0, 1, 2, 999)), st.sampled_from(("f4", "f8")))
def test_normals(seed: int, blocks: int, dtype: str) -> None:
    uniforms = kernels.Stream(seed).uniform(16 * blocks, dtype=dtype)
    made, expected = twin(kernels.box_muller, uniforms)
    assert made.dtype == expected.dtype
    assert made.tobytes() == expected.tobytes()


def test_normals_of_extreme_uniforms() -> None:
    edges = [*range(9), *range(2**24 - 9, 2**24)]
    edges += [round(2**24 * k / 8) + d for k in range(1, 8) for d in (-1, 0, 1)]
    u, v = np.meshgrid(np.array(edges), np.array(edges))
    u, v = (np.resize(a, (-(-a.size // 8), 8)) for a in (u, v))
    uniforms = (np.stack([u, v], 1).reshape(-1) * 2.0**-24).astype("f4")
    made, expected = twin(kernels.box_muller, uniforms)
    assert made.tobytes() == expected.tobytes()


@trial
@given(st.integers(0, 2**32), st.sampled_from((0, 1, 2, 3, 100, 5000)))
def test_shuffles(seed: int, count: int) -> None:
    made, expected = twin(kernels.shuffle, kernels.Stream(seed).raw32(count))
    assert made.dtype == expected.dtype
    assert np.array_equal(made, expected)
