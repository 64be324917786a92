"""The gradient checker itself: it must refuse what is wrong and pass what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function, GradcheckError, gradcheck, gradgradcheck


def wrong(change: Callable[[Any], Any]) -> Callable[[mt.Tensor], mt.Tensor]:
    """x ** 2 with its gradient changed."""

    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            (x,) = ctx.saved_tensors
            return change(grad * 2 * x)

    return Square.apply


def zero_one_element(g: mt.Tensor) -> mt.Tensor:
    mask = mt.ones_like(g)
    mask[0, 1] = 0.0
    return g * mask


X = mt.tensor([[1.0, 2.0], [3.0, -4.0]], dtype=mt.float64, requires_grad=True)
CHANGES: dict[str, Callable[[Any], Any]] = {
    "sign": lambda g: -g,
    "factor": lambda g: g * 2,
    "offset": lambda g: g + 1,
    "transposed": lambda g: g.t(),
    "one element zero": zero_one_element,
    "nan": lambda g: g * float("nan"),
    "missing": lambda g: None,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_gradient_is_refused(name: str) -> None:
    function = wrong(CHANGES[name])
    with pytest.raises(GradcheckError, match=r"output 0 with respect to input 0"):
        gradcheck(function, X)
    assert not gradcheck(function, X, raise_exception=False)


def test_the_right_gradient_passes() -> None:
    assert gradcheck(wrong(lambda g: g), X)
    assert gradgradcheck(wrong(lambda g: g), X)


def test_the_message_names_the_element_and_both_values() -> None:
    with pytest.raises(
        GradcheckError, match=r"d input 0 \[0, 1\]\n  expected  4 .*\n  got       0 "
    ):
        gradcheck(wrong(zero_one_element), X)


def test_a_constant_where_the_second_derivative_needs_the_graph_is_refused() -> None:
    class Detached(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            (x,) = ctx.saved_tensors
            return grad * 3 * x.detach() ** 2

    assert gradcheck(Detached.apply, X)
    with pytest.raises(GradcheckError):
        gradgradcheck(Detached.apply, X)


def test_a_backward_that_changes_between_runs_is_refused() -> None:
    draws = np.random.default_rng(0)
    noisy = wrong(lambda g: g * (1 + 1e-6 * draws.standard_normal()))
    with pytest.raises(GradcheckError, match="not reentrant"):
        gradcheck(noisy, X)
    assert gradcheck(noisy, X, nondet_tol=1e-3)


def test_inputs_are_put_back_and_no_stream_is_touched() -> None:
    before, state = X.tolist(), mt.get_rng_state()
    gradcheck(mt.exp, X)
    gradgradcheck(mt.exp, X)
    assert X.tolist() == before
    assert X.grad is None
    assert mt.equal(mt.get_rng_state(), state)


def test_several_inputs_and_outputs_of_which_some_do_not_matter() -> None:
    y = mt.ones(2, dtype=mt.float64)
    z = mt.ones(2, dtype=mt.float64, requires_grad=True)
    assert gradcheck(lambda x, y, z: (x * y, x.argmax(), z.sum()), (X, y, z))
    assert gradgradcheck(lambda x, y, z: (x * y * x, x.argmax(), z.exp().sum()), (X, y, z))


def test_bad_use_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(mt.exp, X.detach())
    with pytest.raises(ValueError, match=r"Integers have no gradient"):
        gradcheck(mt.exp, mt.tensor([1, 2]))
    with pytest.raises(ValueError, match="return a tensor or a tuple of tensors, got float"):
        gradcheck(lambda x: 1.0, X)
    with pytest.raises(RuntimeError, match="stride 0"):
        gradcheck(mt.exp, mt.ones(1, dtype=mt.float64).expand(3).requires_grad_())
    with pytest.raises(NotImplementedError, match="forward-mode"):
        gradcheck(mt.exp, X, check_forward_ad=True)
