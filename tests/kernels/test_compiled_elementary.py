"""exp and its kin as polynomials, beside longer numbers and the C library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from kernels.twins import Array, arrays, trial

pytest.importorskip("numba")

import numba

from minitorch.kernels.compiled import elementary

erf = np.vectorize(math.erf, otypes=[np.longdouble])  # (NumPy has none)

# The function, its error in units in the last place, and below which x it gives 0 without digits.
FUNCTIONS: dict[str, tuple[Any, float, dict[str, float]]] = {
    "exp": (np.exp, 2, {}),
    "log": (np.log, 1, {}),
    "tanh": (np.tanh, 2, {}),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 3, {"f": -87, "d": -708}),
    "erf": (erf, 2, {}),
}


def applied(name: str) -> Any:
    formula = getattr(elementary, name)

    @numba.njit(error_model="numpy", fastmath={"contract"})
    def over(x: Any, y: Any) -> None:
        for i in range(x.size):
            y[i] = formula(x[i])

    return over


LOOPS = {name: applied(name) for name in FUNCTIONS}


def check(name: str, x: Array) -> None:
    exact, bound, least = FUNCTIONS[name]
    x = x[~(x < least.get(x.dtype.char, -np.inf))]
    y = np.empty_like(x)
    LOOPS[name](x, y)
    with np.errstate(all="ignore"):
        longer = np.asarray(exact(x.astype(np.longdouble)), np.longdouble)
        expected = longer.astype(x.dtype)
    fine = np.isfinite(expected)
    np.testing.assert_array_equal(y[~fine], expected[~fine])
    assert np.isfinite(y[fine]).all()
    apart = np.abs(y[fine] - longer[fine]) / np.spacing(np.abs(expected[fine]))
    assert (apart <= bound).all(), (name, x[fine][np.argmax(apart)], apart.max())
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(y[zero]), np.signbit(expected[zero]))


@trial
@given(arrays(dims=(1, 2), scale=8.0))
def test_odd_and_even_numbers(x: Array) -> None:
    for name in FUNCTIONS:
        check(name, x.reshape(-1))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_few_units_in_the_last_place(name: str, dtype: str) -> None:
    draws = np.random.default_rng(0)
    powers = np.exp(draws.uniform(-90, 80, 4000))
    parts = draws.uniform(-2, 2, 8000), draws.normal(size=4000) * 30, powers, -powers
    check(name, np.concatenate(parts).astype(dtype))
