"""The gradient checker where operations stand at kinks: no false alarm, and no bug that hides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import (
    Function,
    GradcheckError,
    gradcheck,
    gradcheck_module,
    gradcheck_report,
    gradgradcheck,
)
from minitorch.autograd.gradcheck.jacobian import Subject
from minitorch.autograd.gradcheck.kinks import kinked_outputs, nearby
from minitorch.autograd.gradcheck.verdict import Verdict

F = mt.nn.functional
nn = mt.nn


def leaf(values: Any, dtype: Any = mt.float64) -> mt.Tensor:
    return mt.tensor(values, dtype=dtype, requires_grad=True)


def zeros(*shape: int) -> mt.Tensor:
    return mt.zeros(shape, dtype=mt.float64, requires_grad=True)


# ---- right functions --------------------------------------------------------------------------


def test_kinks_that_meet_are_told_apart_and_blame_nothing() -> None:
    report = gradcheck_report(lambda x: x.relu() - (-x).relu(), zeros(1), orders=(1,))
    assert report
    assert report.count(Verdict.MEET) == 1
    assert report.count(Verdict.FAIL) == report.count(Verdict.UNSURE) == 0
    assert "right (1 where kinks of ReLU meet)" in report.summary()
    assert "kinks of ReLU meet here" in str(report)
    assert "detach" not in str(report)
    assert "WRONG" not in str(report)
    assert gradcheck(lambda x: x.relu() - (-x).relu(), zeros(1))


MEETING: dict[str, tuple[Callable[..., Any], Callable[[], list[mt.Tensor]]]] = {
    "relu": (lambda x: x.relu() - (-x).relu(), lambda: [zeros(3)]),
    "abs and relu": (lambda x: x.abs() * 2 - (-x).relu(), lambda: [zeros(3)]),
    "a chain of relus": (
        lambda x: (x.relu() - (-x).relu()).relu() - ((-x).relu() - x.relu()).relu().relu(),
        lambda: [zeros(2)],
    ),
    "clamp": (lambda x: x.clamp(0, 1) + (x - 1).clamp(min=0), lambda: [leaf([0.0, 1.0, 0.5])]),
    "hardtanh": (
        lambda x: F.hardtanh(x) + F.relu(x - 1) - F.relu(-x - 1),
        lambda: [leaf([1.0, -1.0, 0.0])],
    ),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.1) - F.leaky_relu(-x, 0.1), lambda: [zeros(2)]),
    "prelu": (lambda x, w: F.prelu(x, w) - F.prelu(-x, w), lambda: [zeros(1, 2, 2), leaf([0.25])]),
    "elu": (lambda x: F.elu(x, 2.0) - F.elu(-x, 2.0), lambda: [zeros(2)]),
    "max and min": (lambda x: x.max() + x.min(), lambda: [leaf([1.0, 1.0, 1.0])]),
    "max of a dim": (lambda x: x.max(1).values - (-x).max(1).values, lambda: [zeros(2, 3)]),
    "amax": (lambda x: x.amax(1) + x.amin(1), lambda: [zeros(2, 3)]),
    "sort": (lambda x: x.sort().values, lambda: [leaf([1.0, 1.0, 1.0, 2.0])]),
    "topk": (
        lambda x: x.topk(3).values @ mt.tensor([1.0, -2.0, 3.0], dtype=x.dtype),
        lambda: [leaf([1.0, 1.0, 1.0, 2.0])],
    ),
    "median": (lambda x: x.median(), lambda: [leaf([1.0, 1.0, 1.0])]),
    "median of a dim": (lambda x: x.median(1).values, lambda: [zeros(2, 5)]),
    "kthvalue": (lambda x: x.kthvalue(2).values, lambda: [leaf([1.0, 1.0, 1.0, 2.0])]),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2) + F.max_pool2d(-x, 2), lambda: [zeros(1, 1, 4, 4)]),
    "max_pool2d that overlaps": (lambda x: F.max_pool2d(x, 3, 1, 1), lambda: [zeros(1, 1, 3, 3)]),
    "losses": (
        lambda x, y: F.huber_loss(x, y) - F.l1_loss(x, y) + F.smooth_l1_loss(x, -y),
        lambda: [zeros(3), leaf([1.0, -1.0, 0.0])],
    ),
    "margins": (
        lambda x: (
            F.multi_margin_loss(x, mt.tensor([0, 1]))
            - F.hinge_embedding_loss(x, mt.ones(2, 3) * -1)
        ),
        lambda: [leaf([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])],
    ),
    "jumps": (lambda x: x * x.round() + x.sign() * x + x.ceil(), lambda: [leaf([0.5, 0.0, 1.0])]),
    "where": (
        lambda x: mt.where(x > 0, x, 0 * x) - mt.where(-x > 0, -x, 0 * x),
        lambda: [zeros(2)],
    ),
    "a mask as a factor": (lambda x: x * (x > 0) + x * (-x > 0), lambda: [zeros(2)]),
    "a mask as an index": (
        lambda x: x[x > 0].sum() + x[x < 0].sum(),
        lambda: [leaf([0.0, 1.0, -1.0, 0.0])],
    ),
    "norm": (
        lambda x: x.norm() - (-x).norm() + x.sum().relu() - (-x.sum()).relu(),
        lambda: [zeros(3)],
    ),
    "normalize": (lambda x: F.normalize(x, dim=1), lambda: [leaf([[0.0, 0.0], [1.0, 2.0]])]),
    "dropout": (
        lambda x: (
            mt.manual_seed(0),
            F.dropout(x.relu() - (-x).relu(), 0.5),
        )[1],
        lambda: [zeros(4)],
    ),
    "batch norm of constants": (
        lambda x, w, b: F.relu(F.batch_norm(x, None, None, w, b, True)),
        lambda: [leaf(np.ones((3, 2))), leaf([1.0, 1.0]), zeros(2)],
    ),
    "softmax of a mask": (
        lambda x: (
            (x.relu() - (-x).relu())
            .masked_fill(mt.tensor([[False, True, False]]), float("-inf"))
            .softmax(1)
        ),
        lambda: [zeros(2, 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEETING)
def test_where_kinks_meet_there_is_no_false_alarm(name: str) -> None:
    function, make = MEETING[name]
    report = gradcheck_report(function, make(), orders=(1,))
    assert report, str(report)
    assert not report.count(Verdict.FAIL)


@pytest.mark.slow
@pytest.mark.parametrize("name", MEETING)
def test_where_kinks_meet_there_is_no_false_alarm_in_float32_at_both_orders(name: str) -> None:
    function, make = MEETING[name]
    inputs = [x.detach().float().requires_grad_() for x in make()]
    report = gradcheck_report(function, inputs)
    assert report, str(report)
    assert not report.count(Verdict.FAIL)


def test_fast_mode_and_the_gradients_gradient_know_of_kinks_that_meet() -> None:
    def function(x: mt.Tensor) -> mt.Tensor:
        return (x.relu() - (-x).relu()) * x

    assert gradcheck(function, zeros(40), fast_mode=True)
    assert gradgradcheck(function, zeros(3))


# ---- digits through a convolutional network ---------------------------------------------------


def digit_images() -> mt.Tensor:
    """Two images most of whose pixels are exactly 0, in float64."""
    image = np.zeros((2, 1, 8, 8))
    image[0, 0, 1:7, 3:5] = np.random.default_rng(0).integers(1, 17, (6, 2)) / 16
    image[1, 0, 2:6, 2:6] = np.random.default_rng(1).integers(0, 17, (4, 4)) / 16
    return mt.tensor(image)


class Net(nn.Module):
    """Convolution, ReLU, MaxPool and Linear, each of which may be made wrong."""

    def __init__(self, middle: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        with mt.no_grad():
            self.conv.bias[:2] = 0.0  # so that ReLU stands at 0 over black
        self.fc = nn.Linear(3 * 4 * 4, 4)
        self.relu: Callable[[Any], Any] = F.relu
        self.pool: Callable[[Any], Any] = lambda x: F.max_pool2d(x, 2)
        self.middle = middle or (lambda x: x)

    def forward(self, x: mt.Tensor) -> mt.Tensor:
        return self.fc(self.middle(self.pool(self.relu(self.conv(x)))).flatten(1))


def report_of(model: Any, **options: Any) -> Any:
    labels = mt.tensor([1, 3])
    return gradcheck_module(
        model,
        digit_images(),
        lambda out: F.cross_entropy(out, labels),
        raise_exception=False,
        **options,
    )


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("no_bias", [False, True])
def test_a_network_on_digits_is_right(seed: int, no_bias: bool) -> None:
    mt.manual_seed(seed)
    model = Net()
    if no_bias:
        nn.init.zeros_(model.conv.bias)
    report = report_of(model)
    assert report, str(report)
    assert not report.count(Verdict.FAIL)
    assert report.count(Verdict.KINK) + report.count(Verdict.MEET) > 10
    if report.count(Verdict.MEET):
        assert "MaxPool2d" in report.kinks
        assert f"kinks of {' and '.join(report.kinks)} meet here" in str(report)


def test_a_network_on_the_digits_of_scikit_learn_is_right() -> None:
    data = pytest.importorskip("sklearn.datasets").load_digits()
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10)
    )
    images = mt.tensor(data.images[:2]).reshape(2, 1, 8, 8) / 16
    labels = mt.tensor(data.target[:2])
    report = gradcheck_module(model, images, lambda out: F.cross_entropy(out, labels))
    assert report.count(Verdict.MEET)
    assert "WRONG" not in str(report)
    assert "detach" not in str(report)


# ---- bugs in such networks --------------------------------------------------------------------


def relu_with(slope_at_0: float = 0.0, factor: float = 1.0, below: float = 0.0) -> Any:
    """A ReLU whose backward is changed."""

    class OwnReLU(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            (x,) = ctx.saved_tensors
            slope = mt.where(x > 0, factor, mt.where(x < 0, below, slope_at_0))
            return grad * slope.to(x.dtype)

    return OwnReLU.apply


class PoolToAll(Function):
    """A 2x2 max pool that hands the gradient to all elements of a tie."""

    @staticmethod
    def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
        out = F.max_pool2d(x, 2)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
        x, out = ctx.saved_tensors
        return F.interpolate(grad, scale_factor=2) * (x == F.interpolate(out, scale_factor=2))


def scaled(factor: float) -> Any:
    class Identity(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            return grad * factor

    return Identity.apply


def one_element_lost(x: mt.Tensor) -> mt.Tensor:
    """The identity, but no gradient reaches the last element of each image, which is at a kink."""

    class Lost(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            kept = mt.ones_like(grad)
            kept[:, :, -1, -1] = 0.0
            return grad * kept

    return Lost.apply(x)


def before(change: Callable[[Any], Any], following: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: following(change(x))


def with_relu(relu: Callable[[Any], Any]) -> Net:
    model = Net()
    model.relu = relu
    return model


def with_pool(pool: Callable[[Any], Any]) -> Net:
    model = Net()
    model.pool = pool
    return model


BUGS: dict[str, Callable[[], Any]] = {
    "the slope of ReLU at 0": lambda: with_relu(relu_with(slope_at_0=7.0)),
    "a negative slope of ReLU at 0": lambda: with_relu(relu_with(slope_at_0=-0.5)),
    "NaN from ReLU at 0": lambda: with_relu(relu_with(slope_at_0=float("nan"))),
    "ReLU off by 0.1%": lambda: with_relu(relu_with(factor=1.001)),
    "ReLU that leaks": lambda: with_relu(relu_with(below=0.01)),
    "a max pool that pays all": lambda: with_pool(PoolToAll.apply),
    "a factor upstream": lambda: with_relu(before(scaled(1.001), F.relu)),
    "a factor between": lambda: with_pool(before(scaled(0.999), lambda x: F.max_pool2d(x, 2))),
    "a factor downstream": lambda: Net(scaled(1 + 1e-4)),
    "an element lost upstream": lambda: with_relu(before(one_element_lost, F.relu)),
    "an element lost between": lambda: with_pool(
        before(one_element_lost, lambda x: F.max_pool2d(x, 2))
    ),
    "an element lost downstream": lambda: Net(one_element_lost),
    "detach() downstream": lambda: Net(lambda x: x + 0.1 * x.detach()),
    "detach() upstream": lambda: with_relu(lambda x: F.relu(x + 0.1 * x.detach())),
    "detach() of half": lambda: Net(lambda x: mt.cat([x[:, :1], x[:, 1:].detach()], 1)),
    "detach() at kinks": lambda: Net(lambda x: x + (x * (x < 0.2)).detach()),
    ".data as a factor": lambda: Net(lambda x: x * x.data),
    "NumPy on the way": lambda: Net(lambda x: x * mt.tensor(np.tanh(x.detach().numpy()))),
    "no_grad on the way": lambda: Net(lambda x: x + under_no_grad(x)),
}


def under_no_grad(x: mt.Tensor) -> mt.Tensor:
    with mt.no_grad():
        return x.sin()


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_in_a_network_at_kinks_is_found(name: str) -> None:
    mt.manual_seed(0)
    report = report_of(BUGS[name](), budget=0)
    assert not report, str(report)
    assert "WRONG" in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_in_a_network_at_kinks_is_found_element_by_element(name: str) -> None:
    mt.manual_seed(0)
    assert "WRONG" in str(report_of(BUGS[name]()))


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_at_kinks_is_found_by_gradcheck(name: str) -> None:
    mt.manual_seed(0)
    model = BUGS[name]().double()
    model.fc = nn.Linear(3, 2).double()
    images = digit_images()[:, :, :2, 2:4].clone().requires_grad_()
    assert (images == 0).sum() > 4
    with pytest.raises(GradcheckError, match="WRONG"):
        gradcheck(model, images)


def test_a_mistake_that_the_slopes_at_a_kink_leave_room_for_is_found_nearby() -> None:
    def cut(x: mt.Tensor) -> mt.Tensor:
        return x.detach().relu() + 0 * x

    with pytest.raises(GradcheckError, match="mismatch"):
        gradcheck(cut, zeros(3))
    with pytest.raises(GradcheckError, match="mismatch"):
        gradcheck(cut, zeros(3), fast_mode=True)


def test_nan_is_wrong_also_where_kinks_meet() -> None:
    with pytest.raises(GradcheckError, match="no finite number"):
        gradcheck(lambda x: (x * x).sqrt() + x.relu(), zeros(2))


# ---- points nearby, and kinks -----------------------------------------------------------------


def test_points_nearby_are_near_and_have_no_zeros() -> None:
    draws = np.random.default_rng(0)
    array = np.array([0.0, 1.0, -2.0, 1e-9, 0.0])
    for side in (0, 1, -1):
        moved = nearby(array, draws, side)
        assert (moved != 0).all()
        assert (moved != array).all()
        assert (np.abs(moved - array) <= 0.04 * np.where(array == 0, 2, np.abs(array))).all()
    assert (nearby(array, draws, -1)[[0, 1, 4]] > 0).all()
    assert nearby(array, draws, -1)[1] < 1 < nearby(array, draws, 1)[1]


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (mt.relu, [0.0, 1e-7, -1.0], [True, False, False]),
        (mt.floor, [0.0, 0.5, 2.0], [True, False, True]),
        (mt.exp, [0.0, 30.0, -30.0], [False, False, False]),
        (lambda x: x.median(), [1.0, 1.0, 1.0], [True]),
        (lambda x: x.max(), [1.0, 1.0, 0.0], [True]),
        (lambda x: x.max(), [1.0, 0.9, 0.0], [False]),
    ],
)
def test_what_stands_at_a_kink(function: Any, values: Any, expected: Any) -> None:
    x = leaf(values)
    assert kinked_outputs(Subject(lambda: function(x), [x], ["x"])).tolist() == expected
    assert x.tolist() == values
