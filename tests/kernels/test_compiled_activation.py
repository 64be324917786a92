"""The compiled activations, and their gradients, beside those in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from kernels.twins import Array, apart, arrays, trial, twin

from minitorch.kernels import activation, blocks, mask, special
from minitorch.kernels.choice import compiled_version

pytest.importorskip("numba")

OF_ONE: list[Any] = [
    activation.silu,
    activation.hardsigmoid,
    activation.hardswish,
    special.sigmoid,
    special.erf,
]
OF_TWO: list[Any] = [
    activation.tanh_back,
    activation.sigmoid_back,
    activation.silu_back,
    activation.hardswish_back,
]


def gradient(x: Array, odd: bool) -> Array:
    grad: Array = np.cos(np.arange(x.size, dtype=x.dtype)).reshape(x.shape)
    if odd and x.size:
        grad.reshape(-1)[:: 1 + x.size // 3] = np.inf
    return grad


def check(kernel: Any, *args: Any) -> None:
    found, expected = twin(kernel, *args)
    results = zip(found, expected, strict=True) if type(found) is tuple else [(found, expected)]
    for ours, theirs in results:
        assert ours.dtype == theirs.dtype
        if ours.dtype.kind != "f":
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert apart(ours, theirs) <= 32 * np.finfo(ours.dtype).eps, kernel.__name__


@trial
@given(arrays(), st.booleans())
def test_without_parameters(x: Array, odd: bool) -> None:
    for kernel in OF_ONE:
        check(kernel, x)
    for kernel in OF_TWO:
        check(kernel, gradient(x, odd), x)


SLOPES = st.sampled_from([0.0, 0.01, 1.0, 2.5, -0.5])


@trial
@given(arrays(), st.booleans(), SLOPES)
def test_leaky_relu(x: Array, odd: bool, slope: float) -> None:
    check(activation.leaky_relu, x, slope)
    check(activation.leaky_relu_back, gradient(x, odd), x > 0, slope)


SHAPES_OF_SOFTPLUS = st.sampled_from([(1.0, 20.0), (2.0, 1.1), (0.3, np.inf)])


@trial
@given(arrays(), st.booleans(), SHAPES_OF_SOFTPLUS)
def test_softplus(x: Array, odd: bool, shape: tuple[float, float]) -> None:
    check(activation.softplus, x, *shape)
    check(activation.softplus_back, gradient(x, odd), x, *shape)


@trial
@given(arrays(dims=(1, 3)), st.sampled_from([special.gelu, special.gelu_tanh]))
def test_gelu(x: Array, kernel: Any) -> None:
    compiled = compiled_version(kernel.in_numpy) or pytest.skip("they are turned off")
    with np.errstate(all="ignore"):
        results = [blocks.by_blocks(way, [x], 2) for way in (compiled, kernel.in_numpy)]
    for ours, theirs in zip(*results, strict=True):
        assert apart(ours, theirs) <= 32 * np.finfo(x.dtype).eps


@trial
@given(arrays(dims=(1, 2)))
def test_relu(x: Array) -> None:
    large = np.resize(x, (3, 5000)) if x.size else x
    for some in (x, large, large.T):
        check(mask.positive, some)
        if some.dtype.kind == "f":
            check(mask.keep_whole, some, some > 0.5)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_shared_out(order: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-8, 8, blocks.MANY * blocks.BLOCK + 4, dtype=np.float32).reshape(2, -1)
    x = x.transpose(order)
    check(activation.silu, x)
    check(activation.silu_back, np.cos(x), x)
    check(activation.silu_back, np.broadcast_to(np.float32(2), x.shape), x)
