"""Gradients that rounding takes away: next to 1, in float32, and in float32 within float64."""

import pytest

import minitorch
from minitorch.autograd import Function, gradcheck_report
from minitorch.nn import functional as F

LOGITS = [[1.5, -0.3, -2.2, 0.6]]


def leaf(values, factor=1.0, dtype=minitorch.float64):
    return (minitorch.tensor(values, dtype=dtype) * factor).detach().requires_grad_()


@pytest.mark.parametrize(
    "function, x",
    [
        (lambda x: x.softmax(-1), leaf(LOGITS, 30)),
        (lambda x: F.cross_entropy(x, minitorch.tensor([0])), leaf(LOGITS, 30)),
        (lambda x: F.cross_entropy(x, minitorch.tensor([0])), leaf(LOGITS, 200)),
        (lambda x: x.softmax(-1), leaf([[0.0, 0.0]], dtype=minitorch.float32)),
        (minitorch.sigmoid, leaf([15.0, -30.0, 4.0, 0.0156], dtype=minitorch.float32)),
    ],
    ids=["softmax", "cross entropy", "all lost", "second order 0", "float32"],
)
def test_what_saturates_is_right_at_both_orders(function, x):
    report = gradcheck_report(function, x)
    assert report.ok, report


def test_a_note_tells_of_what_rounding_took_away():
    x = leaf(LOGITS, 200)
    report = gradcheck_report(lambda x: F.cross_entropy(x, minitorch.tensor([0])), x)
    assert any("rounding takes them away" in note for note in report.notes)
    report = gradcheck_report(lambda x: x.softmax(-1), leaf(LOGITS))
    assert not report.notes


class WrongSoftmax(Function):
    """A softmax whose backward lacks what its outputs have in common."""

    @staticmethod
    def forward(ctx, x):
        y = x.softmax(-1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad * y


@pytest.mark.parametrize("factor", [1, 8, 30, 200])
def test_a_backward_that_is_wrong_everywhere_is_wrong_where_it_saturates(factor):
    assert not gradcheck_report(WrongSoftmax.apply, leaf(LOGITS, factor))


class WrongTail(Function):
    """A sigmoid whose gradient is twice too large from 4 on."""

    @staticmethod
    def forward(ctx, x):
        y = x.sigmoid()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y * (1 - y) * (1 + (x > 4).double())


@pytest.mark.parametrize("x", [5.0, 10.0, 20.0])
def test_what_rounding_leaves_is_still_told_from_a_mistake(x):
    assert not gradcheck_report(WrongTail.apply, leaf([x, 1.0]))


def test_float32_within_a_function_of_float64_has_rounding_of_its_own():
    for seed in range(30, 40):
        minitorch.manual_seed(seed)
        x = minitorch.randn(4, dtype=minitorch.float64, requires_grad=True)
        report = gradcheck_report(lambda x: (x.float() ** 3).double() * x, x)
        assert report.ok, report
