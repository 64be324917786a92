"""The compiled kernels of normalisation beside those in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import Array, apart, filled, trial, twin

from minitorch.kernels import norm as kernels

pytest.importorskip("numba")

# Axes that share a mean, those that share a weight, and the weights' shape, of (N, C, H, W).
KINDS = (
    ((0, 2, 3), (0, 2, 3), (1, -1, 1, 1)),  # batch norm
    ((2, 3), (2, 3), (1, -1, 1, 1)),  # instance norm
    ((1, 2, 3), (2, 3), (1, -1, 1, 1)),  # one group
    ((2, 3), (3,), (1, -1, 1, 1)),  # groups, (N, groups, channels, space)
)


def image(draw: st.DrawFn, shape: tuple[int, ...], dtype: str, odd: bool) -> Array:
    """An array of that shape as `filled` makes it, or one of the orders that images have."""
    order = draw(st.sampled_from(((0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1), None)))
    if order is None:
        return filled(draw, shape, dtype, odd)
    x = np.ascontiguousarray(filled(draw, shape, dtype, odd).transpose(order))
    return x.transpose(np.argsort(order))


def lie_alike(found: Array, expected: Array, x: Array) -> bool:
    """Whether both have one order of memory; any will do where x has gaps, or is turned round."""
    steps = [
        [step for step, n in zip(a.strides, a.shape, strict=True) if n > 1]
        for a in (found, expected, x, x.copy(order="K"))
    ]
    return steps[0] == steps[1] or steps[2] != steps[3]


@trial
@given(st.data())
def test_cells(data: st.DataObject) -> None:
    draw, dtype = data.draw, data.draw(st.sampled_from(("f4", "f8")))
    axes, inner, spread = draw(st.sampled_from(KINDS))
    shape = (
        *(draw(st.sampled_from((1, 2, 9, 32))), draw(st.sampled_from((1, 3, 8, 20)))),
        *(draw(st.sampled_from((1, 2, 12))) for _ in "HW"),
    )
    odd, far = draw(st.booleans()), draw(st.sampled_from((0, 0, 1, 20)))
    x = image(draw, shape, dtype, odd) + np.dtype(dtype).type(far)
    grad = image(draw, shape, dtype, False)
    if draw(st.booleans()):
        grad[0, 0, 0, 0] = np.nan
    w, b = (filled(draw, (shape[1],), dtype).reshape(spread) for _ in "wb")
    if draw(st.booleans()):
        w = b = None
    step = 1000 * np.finfo(dtype).eps
    made, expected = twin(kernels.standardise_cells, x, w, b, axes, inner, 0.01)
    assert lie_alike(made.y, expected.y, x)
    assert apart(made.y, expected.y) <= step
    if not np.isfinite(expected.y).all():
        return
    for found, same in zip(made[1:], expected[1:], strict=True):
        assert apart(found, same) <= step
    statistics = expected.mean, expected.inverse
    made, expected = twin(kernels.cells_back, grad, x, w, statistics, axes, inner, True)
    assert lie_alike(made[0], expected[0], x)
    for found, same in zip(made, expected, strict=True):
        size = 1 + np.nanmax(np.abs(same), initial=0)
        assert apart(found / size, same / size) <= step
    alone, *params = twin(kernels.cells_back, grad, x, w, statistics, axes, inner, False)[0]
    assert alone is None
    assert all(np.array_equal(a, b, True) for a, b in zip(params, made[1:], strict=True))


@trial
@given(st.data())
def test_scaled_cells(data: st.DataObject) -> None:
    draw, dtype = data.draw, data.draw(st.sampled_from(("f4", "f8")))
    x = image(draw, (draw(st.sampled_from((0, 1, 5, 40))), 9, 2, 6), dtype, True)
    scale, shift = (filled(draw, (9,), dtype).reshape(1, 9, 1, 1) for _ in "ws")
    shift = draw(st.sampled_from((shift, None)))
    y, expected = twin(kernels.scale_cells, x, scale, shift, (0, 2, 3))
    assert apart(y, expected) <= 8 * np.finfo(x.dtype).eps
    assert lie_alike(y, expected, x)


@trial
@given(st.data())
def test_rows(data: st.DataObject) -> None:
    draw, dtype = data.draw, data.draw(st.sampled_from(("f4", "f8")))
    shape = (draw(st.sampled_from((0, 1, 3, 200))), draw(st.sampled_from((1, 2, 33, 130, 5000))))
    x = filled(draw, shape, dtype, draw(st.booleans()), draw(st.sampled_from((1e-3, 4))))
    x = x + np.dtype(dtype).type(draw(st.sampled_from((0, 0, 1, 20))))
    w, b = (draw(st.sampled_from((filled(draw, shape[1:], dtype), None))) for _ in "wb")
    centre, step = draw(st.booleans()), 2000 * np.finfo(dtype).eps
    made, expected = twin(kernels.standardise_rows, x, w, b, 0.01, centre)
    assert apart(made[0], expected[0]) <= step
    if not np.isfinite(expected[0]).all():
        return
    for found, same in zip(made[1:], expected[1:], strict=True):
        assert found is same is None or apart(found, same) <= step
    grad, statistics = filled(draw, shape, dtype), expected[1:]
    made, expected = twin(kernels.rows_back, grad, x, w, *statistics, True)
    for found, same in zip(made, expected, strict=True):
        size = 1 + np.abs(same).max(initial=0)
        assert apart(found / size, same / size) <= step
    assert twin(kernels.rows_back, grad, x, w, *statistics, False)[0][0] is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1)])
def test_a_large_mean_costs_no_precision(order: tuple[int, ...]) -> None:
    draws, axes = np.random.default_rng(0), (0, 2, 3)
    sizes = [(64, 16, 12, 12)[axis] for axis in order]
    x, grad = (draws.standard_normal((2, *sizes)) * 2).astype("f4")
    x, grad = (a.transpose(np.argsort(order)) for a in (x, grad))
    x[:, 1] += 3000
    exact = [a.astype("f8") for a in (grad, x)]
    wide = kernels.standardise_cells.in_numpy(exact[1], None, None, axes, axes, 1e-5)
    back = kernels.cells_back.in_numpy(*exact, None, wide[1:3], axes, axes, True)
    made, _ = twin(kernels.standardise_cells, x, None, None, axes, axes, 1e-5)
    np.testing.assert_allclose(made.y, wide.y, atol=2e-6)
    made, _ = twin(kernels.cells_back, grad, x, None, made[1:3], axes, axes, True)
    for found, expected in zip(made, back, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6 * np.abs(expected).max())
