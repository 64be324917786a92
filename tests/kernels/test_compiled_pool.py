"""The compiled kernels of pooling beside those in NumPy: a whole pooling, there and back."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import apart, filled, trial

from minitorch.kernels import pool as kernels
from minitorch.kernels.choice import compiled_version

pytest.importorskip("numba")


@trial
@given(st.data())
def test_max_pool_there_and_back(data: st.DataObject) -> None:
    dims = data.draw(st.integers(1, 3))

    def each(*choices: int) -> tuple[int, ...]:
        return tuple(data.draw(st.sampled_from(choices)) for _ in range(dims))

    window: dict[str, Any] = {
        "kernel": each(1, 2, 3),
        "stride": each(1, 2, 3),
        "padding": data.draw(st.sampled_from([(0,) * dims, (0,) * dims, each(0, 1)])),
        "dilation": each(1, 1, 2),
        "ceil_mode": data.draw(st.booleans()),
    }
    window["padding"] = tuple(
        min(p, k // 2) for p, k in zip(window["padding"], window["kernel"], strict=True)
    )
    N, C = data.draw(st.sampled_from((1, 2, 17))), data.draw(st.integers(1, 3))
    spatial = each(5, 6, 9)
    x = filled(data.draw, (N, C, *spatial), data.draw(st.sampled_from(("f4", "f8"))), odd=True)
    x = np.round(x)  # so that there are ties
    compiled = [
        compiled_version(kernel.in_numpy) or pytest.skip("compiled kernels are turned off")
        for kernel in (kernels.largest, kernels.spread)
    ]
    assert compiled

    def there_and_back() -> list[Any]:
        with np.errstate(all="ignore"):
            y, winners = kernels.max_pool(x, True, **window)
            grad = np.cos(np.arange(y.size)).reshape(y.shape).astype(x.dtype)
            return [y, *winners, kernels.put(grad, *winners, spatial=spatial, **window)]

    with patch("minitorch.kernels.compiled.pool.LEAST", -1):
        found = there_and_back()
    with (
        patch.object(kernels, "largest", kernels.largest.in_numpy),
        patch.object(kernels, "spread", kernels.spread.in_numpy),
    ):
        expected = there_and_back()
    for a, b in zip(found, expected, strict=True):
        assert apart(a, b) <= 64 * np.finfo(x.dtype).eps  # sums in another order
