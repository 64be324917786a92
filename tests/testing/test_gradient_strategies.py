"""Strategies for inputs near what breaks gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings, strategies as st

import minitorch as mt
from minitorch.testing import assert_gradients
from minitorch.testing.strategies import gradient_inputs, gradient_pairs, gradient_values

FAST = settings(max_examples=60, deadline=None, derandomize=True, database=None)
LONG = settings(FAST, max_examples=2000, phases=[Phase.generate])  # the simplest is not wanted
ARRAYS = gradient_inputs(library="numpy")


def slices_repeat(x: Any) -> bool:
    """Whether all slices along some dimension are one, which differs along another."""
    return x.ndim > 1 and any(
        side > 1 and (x == x.take([0], axis)).all() and np.unique(x).size > 1
        for axis, side in enumerate(x.shape)
    )


HURTS: dict[str, Callable[[Any], bool]] = {
    "zero beside another number": lambda x: 0 < (x == 0).sum() < x.size,
    "negative zero": lambda x: bool(((x == 0) & np.signbit(x)).any()),
    "one and minus one": lambda x: bool((x == 1).any() and (x == -1).any()),
    "next to a kink, beside an ordinary number": lambda x: bool(
        (np.abs(x) == 1e-8).any() and (np.abs(x) > 2).any()
    ),
    "next to one": lambda x: bool(((x > 1) & (x < 1 + 1e-15)).any()),
    "ties": lambda x: x.size > 3 and np.unique(x).size == 2,
    "a constant": lambda x: x.size > 3 and np.unique(x).size == 1 and bool((x != 0).all()),
    "repeated slices": slices_repeat,
    "a dimension of size 1": lambda x: 1 in x.shape and x.size > 1,
    "none": lambda x: x.size == 0 and x.ndim > 1,
    "a number": lambda x: x.ndim == 0,
    "transposed": lambda x: x.flags.f_contiguous and not x.flags.c_contiguous,
    "strided": lambda x: x.size > 1 and not (x.flags.f_contiguous or x.flags.c_contiguous),
    "reversed": lambda x: any(step < 0 for step in x.strides),
}


@pytest.mark.parametrize("what", HURTS)
def test_what_hurts_is_drawn(what: str) -> None:
    assert HURTS[what](find(ARRAYS, HURTS[what], settings=LONG))  # else find raises


@FAST
@given(ARRAYS)
def test_every_element_is_its_own_and_ordinary(x: Any) -> None:
    assert np.isfinite(x).all() and (np.abs(x) <= 4).all()
    assert ((x == 0) | (np.abs(x) >= 1e-8)).all()
    assert all(step for step, side in zip(x.strides, x.shape, strict=True) if side > 1 and x.size)
    x[...] = np.arange(x.size).reshape(x.shape)
    assert np.unique(x).size == x.size


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_extremes_are_drawn_where_they_are_asked_for(dtype: str) -> None:
    info = np.finfo(dtype)
    for size in (info.max, info.smallest_normal, np.sqrt(info.max)):
        found = find(gradient_values(dtype, extremes=True), lambda v, s=size: v == s, settings=LONG)
        assert found == size

    @FAST
    @given(gradient_values(dtype))
    def test_none(value: float) -> None:
        assert value == 0 or 0.99e-8 <= abs(value) <= 4
        assert np.dtype(dtype).type(value) == value

    test_none()


@pytest.mark.parametrize("library", ["minitorch", "torch"])
@settings(FAST, max_examples=30)
@given(data=st.data())
def test_a_leaf_of_the_library_is_drawn(data: Any, library: str) -> None:
    m = mt if library == "minitorch" else pytest.importorskip("torch")
    x = data.draw(gradient_inputs((2, 3), library=library))
    assert isinstance(x, m.Tensor) and x.is_leaf and x.requires_grad
    assert x.dtype is m.float64 and tuple(x.shape) == (2, 3)
    y = data.draw(
        gradient_inputs(
            st.just((3, 2)),
            m.float32,
            library=library,
            require_grad=False,
            elements=st.just(7.0),
            layouts=["transposed"],
        )
    )
    assert y.dtype is m.float32 and not y.requires_grad
    assert y.stride() == (1, 3) and y.tolist() == [[7.0] * 2] * 3
    m.testing.assert_close(x + 0, x)  # such as it is, the library takes it


def test_arrays_of_jax_are_drawn() -> None:
    jax = pytest.importorskip("jax")

    @settings(FAST, max_examples=5)
    @given(gradient_inputs((2, 2), library="jax"))
    def test_array(x: Any) -> None:
        assert isinstance(x, jax.Array) and x.shape == (2, 2)
        assert x.dtype == (np.float64 if jax.config.jax_enable_x64 else np.float32)

    test_array()


@FAST
@given(gradient_pairs())
def test_pairs_broadcast(pair: Any) -> None:
    one, other = pair
    assert one.requires_grad and other.requires_grad
    assert (one * other).shape == np.broadcast_shapes(one.shape, other.shape)


def test_what_is_refused() -> None:
    for strategy, error, said in (
        (gradient_inputs(library="tensorflow"), ValueError, "no library 'tensorflow'; choose from"),
        (gradient_inputs(layouts=["expanded"]), ValueError, "minitorch has no layout expanded"),
        (gradient_inputs(library="torch", layouts=["reversed"]), ValueError, "torch has no layout"),
        (gradient_inputs(dtype="int64"), TypeError, "floating, as float64; got int64"),
    ):
        with pytest.raises(error, match=said):
            find(strategy, lambda x: True, settings=FAST)


def square(gradient: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """x², with this gradient."""

    class Square(mt.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return gradient(x, grad)

    return Square.apply


@pytest.mark.parametrize(
    ("name", "gradient"),
    {
        "right": lambda x, grad: 2 * x * grad,
        "at one": lambda x, grad: 2 * x * grad * (x != 1),
        "at zero": lambda x, grad: 2 * x * grad + (x == 0) * grad,
        "near zero": lambda x, grad: 2 * x * grad * (x.abs() > 1e-7),
        "at ties": lambda x, grad: 2 * x * grad / (x == x.flatten()[:1]).sum().clamp(1, 2),
        "of a transposed tensor": lambda x, grad: 2 * x * grad * (1 if x.is_contiguous() else 2),
    }.items(),
)
def test_a_mistake_at_special_inputs_is_found(name: str, gradient: Any) -> None:
    @settings(LONG, max_examples=150)
    @given(gradient_inputs())
    def test_square(x: Any) -> None:
        assert_gradients(square(gradient), x, order=1)

    if name == "right":
        test_square()
    else:
        with pytest.raises(AssertionError, match="WRONG"):
            test_square()
