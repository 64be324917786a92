"""For tests of compiled kernels: arrays to try them on, and each beside its twin in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import settings, strategies as st

from minitorch.kernels.choice import compiled_version

Array = np.ndarray[Any, np.dtype[Any]]

trial = settings(max_examples=60, deadline=None, derandomize=True)  # the first call compiles
"""Decorator of each test."""

SIZES = (0, 1, 2, 3, 7, 16, 17, 64, 100)
ODD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 1e-40, 88.5, -100.0)


@st.composite
def arrays(
    draw: st.DrawFn,
    dims: tuple[int, int] = (1, 4),
    dtypes: tuple[str, ...] = ("f4", "f8"),
    odd: bool = True,
    scale: float = 4.0,
) -> Array:
    """Arrays of any order of memory, some strided, some empty; with NaN and the like if `odd`."""
    ndim = draw(st.integers(*dims))
    shape = tuple(draw(st.sampled_from(SIZES if ndim < 3 else SIZES[:6])) for _ in range(ndim))
    return filled(draw, shape, draw(st.sampled_from(dtypes)), odd, scale)


def filled(
    draw: st.DrawFn, shape: tuple[int, ...], dtype: str, odd: bool = False, scale: float = 4.0
) -> Array:
    """An array of that shape, as `arrays` makes them."""
    seeds = np.random.default_rng(draw(st.integers(0, 99)))
    order = draw(st.permutations(range(len(shape))))
    every = draw(st.sampled_from((1, 1, 1, 2, -1)))  # how far apart along one dimension
    made = [shape[axis] for axis in order]
    if made:
        made[-1] *= abs(every)
    x = (seeds.standard_normal(made) * scale).astype(dtype)
    if odd and x.size and draw(st.booleans()):
        places = seeds.integers(0, x.size, 1 + x.size // 8)
        x.reshape(-1)[places] = seeds.choice(ODD, len(places)).astype(dtype)
    return (x[..., ::every] if made else x).transpose(np.argsort(order))


def twin(kernel: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What the compiled kernel gives, or NumPy's where that declines; and what NumPy's gives."""
    compiled = compiled_version(kernel.in_numpy) or pytest.skip("compiled kernels are turned off")
    with np.errstate(all="ignore"):
        copies = [x.copy(order="K") if isinstance(x, np.ndarray) else x for x in args]
        expected = kernel.in_numpy(*copies, **kwargs)  # which may overwrite what it is given
        found = compiled(*args, **kwargs)
    return (expected if found is NotImplemented else found), expected


def apart(found: Array, expected: Array) -> float:
    """The largest difference, relative where the expected is above 1; inf if shapes, dtypes, NaN or
    infinities are not the same.
    """
    same = found.shape == expected.shape and found.dtype == expected.dtype
    if not same or not np.array_equal(np.isnan(found), np.isnan(expected)):
        return np.inf
    fine = np.isfinite(expected)
    if not np.array_equal(found[~fine & ~np.isnan(found)], expected[~fine & ~np.isnan(found)]):
        return np.inf
    a, b = found[fine].astype(np.longdouble), expected[fine].astype(np.longdouble)
    return float((np.abs(a - b) / np.maximum(np.abs(b), 1)).max(initial=0))
