"""The compiled steps of recurrent layers beside those in NumPy: a whole run, there and back."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import Array, apart, trial

from minitorch.kernels import recurrent
from minitorch.kernels.choice import compiled_version

pytest.importorskip("numba")

SOME = 1, 2, 5, 17  # steps, sequences, features
MARKED = ["lstm_steps", "lstm_slopes", "gru_steps", "gru_slopes"]


def there_and_back(
    kind: Any, gates: int, sizes: tuple[int, ...], dtype: str, cell: bool
) -> list[Array | None]:
    """Outputs, last states, and all gradients."""
    T, N, features, H, P = sizes
    draws = np.random.default_rng(0)

    def some(*shape: int) -> Array:
        return draws.standard_normal(shape).astype(dtype)

    w_hr = some(P, H) if P else None
    P = P or H
    weights = some(gates * H, features), some(gates * H, P), some(gates * H), None
    x, h, c, y = some(T, N, features), some(N, P), some(N, H), some(T, N, P)
    alone = [h.copy(), c.copy(), y.copy()]
    run = kind(*weights, w_hr)
    run.run(x, alone[0], alone[1] if cell else None, alone[2], keep=False)
    run.run(x, h, c if cell else None, y)
    dh, dc = some(N, P), some(N, H)
    wanted = [True] * 5 + [w_hr is not None]
    gradients = run.back(some(T, N, P), dh, dc if cell else None, wanted)
    return [*alone, h, c, y, dh, dc, *gradients]


@trial
@given(st.data(), st.sampled_from(["f4", "f8"]), st.sampled_from(["LSTM", "GRU"]))
def test_there_and_back(data: st.DataObject, dtype: str, name: str) -> None:
    kind, gates, cell = {
        "LSTM": (recurrent.LSTM, 4, True),
        "GRU": (recurrent.GRU, 3, False),
    }[name]
    T, N, features, H = (
        data.draw(st.sampled_from(sizes)) for sizes in (SOME, (0, 16, 32, *SOME), SOME, (*SOME, 16))
    )
    sizes = T, N, features, H, data.draw(st.sampled_from((0, 0, 3))) if cell else 0
    for marked in MARKED:
        in_numpy = getattr(recurrent, marked).in_numpy
        compiled_version(in_numpy) or pytest.skip("compiled kernels are turned off")
    found = there_and_back(kind, gates, sizes, dtype, cell)
    with patch.multiple(recurrent, **{n: getattr(recurrent, n).in_numpy for n in MARKED}):
        expected = there_and_back(kind, gates, sizes, dtype, cell)
    step = np.finfo(dtype).eps
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            size = max(1.0, float(np.abs(theirs).max(initial=0)))
            assert apart(ours / size, theirs / size) <= 1000 * step
