"""Convolution by shifts, in NumPy and compiled, beside columns, for any geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from kernels.twins import Array, apart, filled, trial

from minitorch.kernels import conv as kernels
from minitorch.kernels.choice import compiled_version

PRODUCTS = kernels.conv, kernels.conv_weight, kernels.conv_input


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Array, Array, Array, dict[str, Any]]:
    """x, weight and bias, and the geometry."""
    dims, groups = draw(st.integers(1, 3)), draw(st.sampled_from((1, 1, 2, 4)))

    def each(*choices: int) -> tuple[int, ...]:
        return tuple(draw(st.sampled_from(choices)) for _ in range(dims))

    kernel, spatial, stride, pad, dilation = (
        each(1, 2, 3), each(3, 4, 5, 7, 9), each(1, 1, 2, 3), each(0, 1, 2), each(1, 1, 2),
    )  # fmt: skip
    geometry = {
        "stride": stride,
        "padding": tuple((p, p) for p in pad),
        "dilation": dilation,
        "groups": groups,
    }
    for size, p, k, d in zip(spatial, pad, kernel, dilation, strict=True):
        assume(size + 2 * p > d * (k - 1))
    N, C, outs = (draw(st.sampled_from(sizes)) for sizes in ((1, 2, 17, 33), (1, 2, 5), (1, 3, 9)))
    dtype = draw(st.sampled_from(("f4", "f8")))
    x = filled(draw, (N, groups * C, *spatial), dtype, scale=1)
    return (
        x,
        filled(draw, (groups * outs, C, *kernel), dtype, scale=1),
        filled(draw, (groups * outs,), dtype),
        geometry,
    )


def products(versions: Any, x: Array, w: Array, b: Array | None, geometry: Any) -> list[Array]:
    """A convolution, and its two adjoints; the NumPy ones where a compiled one declines."""

    def call(number: int, *args: Any) -> Any:
        found = versions[number](*args, **geometry)
        return PRODUCTS[number].in_numpy(*args, **geometry) if found is NotImplemented else found

    with np.errstate(all="ignore"):
        y = call(0, x, w, b)[0]
        g = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
        return [y, call(1, g, x, w.shape), call(2, g, w, x.shape)]


@trial
@given(convolutions(), st.booleans())
def test_every_way_of_convolving(case: Any, with_bias: bool) -> None:
    x, w, b, geometry = case
    given = x, w, b if with_bias else None, geometry
    in_numpy = [product.in_numpy for product in PRODUCTS]
    expected = products(in_numpy, *given)
    tolerance = 4096 * np.finfo(x.dtype).eps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "SMALL", 64)
        patch.setattr(kernels, "FEW", 0)
        for found, exact in zip(products(in_numpy, *given), expected, strict=True):
            assert apart(found, exact) <= tolerance
    compiled = [compiled_version(product) for product in in_numpy]
    if None not in compiled:
        for found, exact in zip(products(compiled, *given), expected, strict=True):
            assert apart(found, exact) <= tolerance


def test_an_infinite_weight_reaches_what_it_touches() -> None:
    pytest.importorskip("numba")
    w, g = np.ones((8, 8, 3, 3), "f4"), np.ones((32, 8, 4, 4), "f4")
    w[0, 0, 0, 0] = np.inf
    geometry = {"stride": (1, 1), "padding": ((0, 0),) * 2, "dilation": (1, 1), "groups": 1}
    dx = kernels.conv_input(g, w, (32, 8, 6, 6), **geometry)
    assert np.isinf(dx[:, 0, :4, :4]).all() and np.isfinite(dx[:, 0, 4:]).all()
    assert np.isfinite(dx[:, 1:]).all()
