"""Pointwise operations on random shapes, layouts, dtypes and special values, against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from oracle import same

import minitorch

UNARY = [
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg2rad",
    "erf", "erfc", "exp", "exp2", "expm1", "floor", "frac", "isfinite", "isinf", "isnan",
    "isneginf", "isposinf", "log", "log10", "log1p", "log2", "logical_not", "nan_to_num", "neg",
    "rad2deg", "reciprocal", "round", "rsqrt", "sgn", "sigmoid", "sign", "signbit", "sin",
    "sinh", "sqrt", "square", "tan", "tanh", "trunc",
]  # fmt: skip
BINARY = [
    "add", "sub", "mul", "div", "true_divide", "atan2", "fmod", "fmax", "fmin", "maximum",
    "minimum", "logaddexp", "logaddexp2", "xlogy", "eq", "ne", "lt", "le", "gt", "ge",
    "logical_and", "logical_or", "logical_xor", "hypot", "pow", "remainder",
]  # fmt: skip
INTEGER = [
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift",
    "gcd", "lcm",
]  # fmt: skip
NUMBERED = ["add", "sub", "mul", "div", "pow", "eq", "lt", "clamp_min", "clamp_max"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 3.0, -7.0, 1e-30, 60.0, math.inf, math.nan]
DTYPES = ["float64", "float32", "int64", "int32", "int8", "uint8", "bool"]
RANDOM = settings(derandomize=True, deadline=None, max_examples=150)
QUIET = pytest.mark.filterwarnings("ignore::UserWarning")
SHAPES = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 4)), ((0, 3), (3,)), ((2, 3), (4,))]


@st.composite
def arrays(draw: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """An array with special values, laid out in one of four ways."""
    count = math.prod(shape)
    values = draw(st.lists(st.sampled_from(SPECIAL), min_size=count, max_size=count))
    if not dtype.startswith("float"):
        values = [int(v) if math.isfinite(v) else 5 for v in values]
    if dtype in ("uint8", "bool"):
        values = [abs(v) for v in values]
    x = np.array(values, dtype).reshape(shape)
    layout = draw(st.sampled_from(["plain", "transposed", "strided", "reversed"]))
    if not shape or layout == "plain":
        return x
    if layout == "transposed":
        return np.ascontiguousarray(x.T).T
    if layout == "strided":
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return np.ascontiguousarray(x[..., ::-1])[..., ::-1]


@QUIET
@RANDOM
@given(st.data())
def test_functions_of_one(data: Any) -> None:
    name, dtype = data.draw(st.sampled_from(UNARY)), data.draw(st.sampled_from(DTYPES))
    x = data.draw(arrays(data.draw(st.sampled_from([(), (5,), (2, 3), (0, 2)])), dtype))
    # Gradients at infinities are compared in the rows below, where they are meant to be finite.
    same(lambda m, x: getattr(m, name)(x), x, gradients=bool(np.isfinite(x).all()))


@QUIET
@pytest.mark.parametrize("name", BINARY)
@settings(RANDOM, max_examples=20)
@given(st.data())
def test_functions_of_two(name: str, data: Any) -> None:
    first, second = data.draw(st.sampled_from(SHAPES))
    x = data.draw(arrays(first, data.draw(st.sampled_from(DTYPES))))
    y = data.draw(arrays(second, data.draw(st.sampled_from(DTYPES))))
    same(lambda m, x, y: getattr(m, name)(x, y), x, y, gradients=False)


@QUIET
@RANDOM
@given(st.data())
def test_integer_functions_of_two(data: Any) -> None:
    name = data.draw(st.sampled_from(INTEGER))
    kinds = st.sampled_from(["int64", "int32", "int8", "uint8"])
    first, second = data.draw(st.sampled_from(SHAPES))
    x, y = data.draw(arrays(first, data.draw(kinds))), data.draw(arrays(second, data.draw(kinds)))
    same(lambda m, x, y: getattr(m, name)(x, y), x, y)


@QUIET
@RANDOM
@given(st.data())
def test_numbers_beside_tensors(data: Any) -> None:
    x = data.draw(arrays((3,), data.draw(st.sampled_from(DTYPES))))
    number = data.draw(st.sampled_from([True, 0, 1, -1, 300, 2**40, 0.5, -2.5, math.inf]))
    name = data.draw(st.sampled_from(NUMBERED))
    same(lambda m, x: getattr(m, name)(x, number), x, gradients=False)


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv", "lgamma", "digamma", "sinc"])
def test_special_functions_are_accurate(name: str) -> None:
    spread = 0.999 if name == "erfinv" else 20.0
    x = np.random.default_rng(0).uniform(-spread, spread, 2000)
    same(lambda m, x: getattr(m, name)(x), x, gradients=False, tolerance=2e-13)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_polygamma_of_every_order(order: int) -> None:
    x = np.random.default_rng(order).uniform(0.1, 15, 300)
    same(lambda m, x: m.polygamma(order, x), x, gradients=False, tolerance=1e-9)


def test_erfc_keeps_its_digits_in_the_tail() -> None:
    x = np.linspace(1, 26, 400)
    ours = minitorch.erfc(minitorch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, [math.erfc(v) for v in x], rtol=3e-15)


def test_sincs_second_derivative_at_zero() -> None:
    x = minitorch.zeros(1, dtype=minitorch.float64, requires_grad=True)
    (first,) = minitorch.autograd.grad(minitorch.sinc(x).sum(), x, create_graph=True)
    (second,) = minitorch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), -(math.pi**2) / 3)


WITH_OUT = [
    lambda m, x: m.add(x, 1, out=m.empty(0, dtype=x.dtype)),
    lambda m, x: m.exp(x, out=m.zeros(3, dtype=m.float64)),
    lambda m, x: m.maximum(x, x, out=m.zeros(3, dtype=m.int64)),
    lambda m, x: m.eq(x, x, out=m.zeros(3)),
    lambda m, x: m.clamp(x, 0, 1, out=x),
    lambda m, x: m.div(x, 2, out=m.zeros(1).expand(3)),
    lambda m, x: m.sqrt(x, out=m.zeros(3, requires_grad=True)),
    lambda m, x: m.frexp(x, out=(m.empty(0), m.empty(0, dtype=m.int32))),
]


@pytest.mark.parametrize("number", range(len(WITH_OUT)))
def test_out(number: int) -> None:
    x = np.array([0.25, 1.5, -3.0], np.float32)
    same(WITH_OUT[number], x, gradients=False, tolerance=1e-6)


def test_out_refuses_to_be_differentiated_and_warns_when_it_resizes() -> None:
    x = minitorch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        minitorch.mul(x, 2, out=minitorch.empty(3))
    out = minitorch.ones(2)
    with pytest.warns(UserWarning, match="resized"), minitorch.no_grad():
        assert minitorch.mul(x, 2, out=out) is out
    assert out.tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(TypeError, match="out"):
        minitorch.mul(x.detach(), 2, out=3)


BAD = [
    lambda m: m.ones(2).add(1, alpha=True),
    lambda m: m.ones(2).long().add(1, alpha=0.5),
    lambda m: m.logical_and(m.ones(2), 1),
    lambda m: m.maximum(m.ones(2), 1),
    lambda m: m.gcd(m.ones(2), m.ones(2)),
    lambda m: m.ones(2) << 1,
    lambda m: ~m.ones(2),
    lambda m: m.heaviside(m.ones(2), m.ones(2).long()),
    lambda m: m.lerp(m.ones(2), m.ones(2).double(), 0.5),
    lambda m: m.addcdiv(m.ones(2), m.ones(2).long(), m.ones(2).long()),
    lambda m: m.polygamma(-1, m.ones(2)),
    lambda m: m.frexp(m.ones(2).long()),
    lambda m: m.frac(m.ones(2).long()),
    lambda m: m.ones(2).long() ** -1,
    lambda m: m.isclose(m.ones(2), m.ones(2), rtol=-1),
    lambda m: m.eq(3, m.ones(2)),
    lambda m: (m.ones(2, requires_grad=True) // 2).sum().backward(),
    lambda m: m.ones(2).byte().clamp(0, 300),
]


@QUIET
@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input_raises_what_pytorch_raises(number: int) -> None:
    same(lambda m: BAD[number](m))
