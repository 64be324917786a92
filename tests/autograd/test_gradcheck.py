"""The gradient checker itself: it must refuse what is wrong and pass what is right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import (
    Function,
    GradcheckError,
    check_gradient,
    gradcheck,
    gradcheck_module,
    gradcheck_report,
    gradgradcheck,
)
from minitorch.autograd.gradcheck.patterns import likely_cause
from minitorch.autograd.gradcheck.verdict import Verdict
from minitorch.autograd.walk import BackwardWalk


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


@pytest.mark.parametrize(
    ("function", "walks"),
    [
        (mt.exp, 6 + 18),  # one for each output element, and those for the contracts
        (lambda x: mt.tanh(x @ x.t()), 4 + 18),
        (lambda x: (x**3).sum(), 1 + 10),  # a number's gradient can be laid out in one way only
    ],
)
def test_a_right_function_is_run_and_walked_through_seldom(
    function: Callable[..., Any], walks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"runs": 0, "walks": 0}
    run = BackwardWalk.run

    def walk(self: BackwardWalk, *args: Any) -> None:
        counts["walks"] += 1
        run(self, *args)

    def counted(x: mt.Tensor) -> mt.Tensor:
        counts["runs"] += 1
        return function(x)

    monkeypatch.setattr(BackwardWalk, "run", walk)
    assert gradcheck(counted, leaf([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]]))
    assert counts == {"runs": 2 * 6 + 3, "walks": walks}


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


# ---- four verdicts ----------------------------------------------------------------------------

F = mt.nn.functional
F64, F32 = mt.float64, mt.float32


def leaf(values: Any, dtype: Any = F64) -> mt.Tensor:
    return mt.tensor(values, dtype=dtype, requires_grad=True)


RIGHT: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "relu at 0": (mt.relu, [leaf([0.0, 1e-7, -1e-7, 2.0])]),
    "abs at 0": (mt.abs, [leaf([0.0, 1e-9, -2.0])]),
    "clamp at its edges": (lambda x: x.clamp(-1, 1), [leaf([-1.0, 0.0, 1.0, 1 + 1e-9])]),
    "a tie in max": (lambda x: x.max(), [leaf([1.0, 1.0, 0.5])]),
    "a tie in maximum": (mt.maximum, [leaf([1.0, 2.0]), leaf([1.0, 2.5])]),
    "ties in max_pool2d": (lambda x: F.max_pool2d(x, 2), [leaf([[[[0.0, 0.0], [0.0, 0.0]]]])]),
    "norm at 0": (lambda x: x.norm(), [leaf([0.0, 0.0])]),
    "sqrt at 0": (mt.sqrt, [leaf([0.0, 1e-10, 4.0])]),
    "log at 1e-8": (mt.log, [leaf([1e-8, 1.0, 1e8])]),
    "floor at a jump": (mt.floor, [leaf([1.0, 0.5, -1.0])]),
    "sign at 0": (mt.sign, [leaf([0.0, 1.0])]),
    "of size 1e-12": (lambda x: 1e-12 * x**2, [leaf([1.0, 3.0])]),
    "of size 1e12": (lambda x: 1e12 * x**3, [leaf([1.0, 3.0])]),
    "tanh(1000 x)": (lambda x: (1000 * x).tanh(), [leaf([0.0, 1e-3, 0.1, -2e-3])]),
    "sin(200 x)": (lambda x: (200 * x).sin(), [leaf([1.0, 3.0, 0.0])]),
    "1 / x near 0": (lambda x: 1 / x, [leaf([1e-3, 3.0, -1e-5])]),
    "x ** 1.5 at 0": (lambda x: x**1.5, [leaf([0.0, 1.0])]),
    "exp(300)": (mt.exp, [leaf([30.0, -30.0, 300.0])]),
    "logsumexp at 1000": (lambda x: x.logsumexp(0), [leaf([1000.0, 1001.0, 999.0])]),
    "sigmoid(-745)": (mt.sigmoid, [leaf([100.0, -745.0, 15.0])]),
    "digits cancel": (lambda x: (1 - x.cos()) / x**2, [leaf([1e-4, 1.0])]),
    "next to 1e8": (lambda x: (1e8 + x) - 1e8, [leaf([1.0, 2.0])]),
    "constant": (lambda x: x * 0 + 5, [leaf([1.0, 2.0])]),
    "dead": (mt.relu, [leaf([-1.0, -2.0])]),
    "0-d": (mt.exp, [leaf(2.0)]),
    "empty": (lambda x: x * 2, [leaf([])]),
    "float32": (
        lambda a, b: (a @ b).softmax(-1),
        [leaf([[1.0, 2.0]], F32), leaf([[3.0], [1]], F32)],
    ),
    "float32 relu at 0": (mt.relu, [leaf([0.0, 1.0, -1.0], F32)]),
    "float32 with float64": (mt.mul, [leaf([1.0, 2.0], F32), leaf([3.0, 4.0])]),
    "float16": (lambda x: x * x, [leaf([1.0, 2.0], mt.float16)]),
    "float32 inside float64": (lambda x: (x.float() * 3).sin().double(), [leaf([0.3, 1.0])]),
    "float32 weights": (lambda x: F.linear(x, mt.ones(2, 3)), [leaf([[1.0, 2.0, 0.5]], F32)]),
    "non-contiguous": (mt.exp, [mt.ones(3, 2, dtype=F64).t().requires_grad_()]),
    "in place": (lambda x: (x * 1).mul_(2).add_(x), [leaf([1.0, 2.0])]),
    "with integers": (lambda x, i: x[i], [leaf([1.0, 2.0]), mt.tensor([0, 0, 1])]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_is_no_false_alarm(name: str) -> None:
    function, inputs = RIGHT[name]
    report = gradcheck_report(function, inputs)
    assert report, str(report)


def test_what_is_not_differentiable_is_told_and_held_between_the_slopes() -> None:
    report = gradcheck_report(mt.abs, leaf([0.0, 1.0]), orders=(1,))
    assert report.count(Verdict.KINK) == 1

    def abs_with(slope: float) -> Callable[[Any], Any]:
        class Abs(Function):
            def forward(self, x: Any) -> Any:
                self.save(x)
                return np.abs(x)

            def backward(self, grad: Any) -> Any:
                (x,) = self.saved
                return mt.where(x == 0, slope * grad, grad * x.sign())

        return Abs.apply

    for slope in (-1.0, 0.3, 1.0):
        assert gradcheck(abs_with(slope), leaf([0.0, 1.0]))
    for slope in (-1.1, 1.01, 5.0):
        with pytest.raises(GradcheckError, match=r"input 0 \[0\]"):
            gradcheck(abs_with(slope), leaf([0.0, 1.0]))


def test_an_inconclusive_check_is_not_passed_in_silence() -> None:
    def noisy(x: mt.Tensor) -> mt.Tensor:  # as a function of x alone, without a derivative
        scatter = np.sin(1e9 * x.detach().numpy()) * 1e-3
        return x * 1e-3 + mt.tensor(scatter)

    with pytest.raises(GradcheckError, match=r"Inconclusive|Jacobian mismatch"):
        gradcheck(noisy, leaf([1.0, 2.0]))


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("error", [1e-5, 1e-3, -1.0])
def test_scale_does_not_matter(size: float, error: float) -> None:
    class Scaled(Function):
        def forward(self, x: Any) -> Any:
            self.save(x)
            return size * x**2

        def backward(self, grad: Any) -> Any:
            (x,) = self.saved
            return grad * x * (2 * size * (1 + error))

    assert not gradcheck(Scaled.apply, leaf([1.5, -0.5]), raise_exception=False)


def test_nan_is_not_excused_by_a_neighbour_that_nobody_can_judge() -> None:
    class Lost(Function):
        def forward(self, x: Any) -> Any:
            return np.stack([np.log(-np.abs(x)), 2 * x])  # NaN, and a line

        def backward(self, grad: Any) -> Any:
            return grad[1] * float("nan")

    assert not gradcheck(Lost.apply, leaf([1.0, 2.0]), raise_exception=False)


def test_tolerances_that_are_asked_for_are_kept() -> None:
    slightly = wrong(lambda g: g * 1.001)
    assert not gradcheck(slightly, X, raise_exception=False)
    assert gradcheck(slightly, X, rtol=2e-3)
    assert gradcheck(slightly, X, atol=0.1)
    assert gradcheck(wrong(lambda g: g), X, eps=1e-6, atol=1e-5, rtol=1e-3)  # PyTorch's own


# ---- contracts --------------------------------------------------------------------------------


def changes_grad(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
    (x,) = ctx.saved_tensors
    made = grad * 2 * x
    with mt.no_grad():
        grad.mul_(3)
    return made


def changes_saved(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
    ctx.note.data.mul_(1.5)
    return grad * 2 * ctx.saved_tensors[0] * (ctx.note / ctx.note)


def changes_input(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
    (x,) = ctx.saved_tensors
    made = grad * 2 * x
    x.data.add_(1e-9)
    return made


BREACHES: dict[str, tuple[Callable[..., Any], str]] = {
    "clipped": (lambda ctx, g: (g * 2 * ctx.saved_tensors[0]).clamp(-9, 9), "linear"),
    "squared": (lambda ctx, g: g * g * 2 * ctx.saved_tensors[0], "linear"),
    "offset": (lambda ctx, g: g * 2 * ctx.saved_tensors[0] + 1e-3, "linear|mismatch"),
    "changes grad_output": (changes_grad, "leaves the incoming gradient alone"),
    "changes an input": (changes_input, "leaves the inputs alone"),
    "another dtype": (lambda ctx, g: (g * 2 * ctx.saved_tensors[0]).float(), "dtype"),
    "another shape": (lambda ctx, g: (g * 2 * ctx.saved_tensors[0])[0], "invalid gradient"),
    "two gradients": (lambda ctx, g: (g * 2 * ctx.saved_tensors[0],) * 2, "incorrect number"),
    "contiguous only": (
        lambda ctx, g: g * 2 * ctx.saved_tensors[0] * (1.0 if g.is_contiguous() else 1.5),
        "takes any strides",
    ),
    "expanded wrongly": (
        lambda ctx, g: g * 2 * ctx.saved_tensors[0] * (1.5 if g.stride(0) == 0 else 1.0),
        "takes any strides",
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_broken_contract_is_named(name: str) -> None:
    backward, words = BREACHES[name]

    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x * x

    Square.backward = staticmethod(backward)  # type: ignore[method-assign]
    with pytest.raises(GradcheckError, match=words):
        gradcheck(Square.apply, leaf([[1.0, 2.0], [3.0, -4.0]]))


@pytest.mark.parametrize("pick", ["amax", "amin"])
def test_what_holds_for_one_element_at_a_time_alone_is_found_at_any_seed(pick: str) -> None:
    """The largest element of an incoming gradient alone is kept, or the smallest is dropped."""

    def change(g: mt.Tensor) -> mt.Tensor:
        size = g.abs()
        chosen = size == getattr(size[size > 0], pick)() if size.any() else size > 0
        single = (size > 0).sum() < 2
        return g * (chosen | single if pick == "amax" else ~chosen | single)

    x = leaf([0.3, -1.2, 0.7, 2.0])
    for seed in range(8):
        report = gradcheck_report(wrong(change), x, orders=(1,), seed=seed)
        assert "linear" in str(report), seed


def test_a_function_that_is_not_deterministic_is_refused() -> None:
    draws = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="not deterministic: of output 0, element"):
        gradcheck(lambda x: x * float(draws.standard_normal()), X)


def test_a_graph_that_is_cut_is_told() -> None:
    with pytest.raises(GradcheckError, match="does not require grad: the graph is cut"):
        gradcheck(lambda x: x.detach() * 2, X)
    with pytest.raises(GradcheckError, match="Part of the function is outside the graph"):
        gradcheck(lambda x: x * x.detach(), X)


# ---- likely causes ----------------------------------------------------------------------------

N = np.random.default_rng(5).standard_normal((9, 4)) + 2  # of an input (3, 3) and 4 outputs
ROWS = N.reshape(3, 3, 4)
CAUSES = {
    "the gradient is zero, or None": N * 0,
    "the sign is wrong": -N,
    "a constant factor of 2": N * 2,
    "1/3 (a mean where a sum is due?)": N / 3,
    "the incoming gradient is ignored": np.repeat(N.sum(1, keepdims=True), 4, 1),
    "transposed": ROWS.swapaxes(0, 1).reshape(9, 4),
    "reversed along dim 1": ROWS[:, ::-1].reshape(9, 4),
    "shifted by 1 along dim 0": np.roll(ROWS, 1, 0).reshape(9, 4),
    "zero at element [1, 1]": np.where(np.arange(9)[:, None] == 4, 0, N),
    "zero along dim 0 at index 2": np.where(np.arange(9)[:, None] >= 6, 0, N),
    "overwritten instead of accumulated": np.where(np.arange(4) == 3, N, 0),
    "only part of the outputs contribute": np.where(np.arange(4) >= 2, N, 0),
    "0.5 is added to every element": N + 0.5,
    "an extra factor of x": N * np.arange(1, 10)[:, None],
    "the sign is wrong along dim 1 at index 0": np.where(np.arange(9)[:, None] % 3 == 0, -N, N),
    "wrong at element [0, 1], and right": np.where(np.arange(9)[:, None] == 1, N * 1.7, N),
    "NaN in 1 of 36": np.where(np.arange(36).reshape(9, 4) == 7, np.nan, N),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_likely_cause_is_recognised(cause: str) -> None:
    found = likely_cause(CAUSES[cause], N, np.arange(1.0, 10.0).reshape(3, 3))
    assert found is not None
    assert cause in found


def test_swapped_inputs_are_recognised() -> None:
    class Swapped(Function):
        def forward(self, x: Any, y: Any) -> Any:
            self.save(x, y)
            return x * y

        def backward(self, grad: Any) -> Any:
            x, y = self.saved
            return grad * x, grad * y

    with pytest.raises(GradcheckError, match="gradients of inputs 0 and 1 are swapped"):
        gradcheck(Swapped.apply, (leaf([1.0, 2.0]), leaf([3.0, 4.0])))


# ---- finding the place ------------------------------------------------------------------------


class BadSigmoid(Function):
    """Its gradient lacks the factor 1 - y."""

    def forward(self, x: Any) -> Any:
        y = 1 / (1 + np.exp(-x))
        self.save(y)
        return y

    def backward(self, grad: Any) -> Any:
        (y,) = self.saved
        return grad * y


def composite(x: mt.Tensor) -> mt.Tensor:
    hidden = x.sin() * 3
    gated = BadSigmoid.apply(hidden)  # the faulty line
    return (gated @ gated.t()).exp().sum()


def test_the_first_faulty_operation_is_named_with_its_line() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(composite, leaf([[0.1, 0.2], [0.3, -0.4]]))
    text = str(caught.value)
    assert "First faulty operation: BadSigmoid" in text
    assert "gated = BadSigmoid.apply(hidden)  # the faulty line" in text
    assert "test_gradcheck.py:" in text
    assert "in composite" in text
    assert "To see it again:\n    x0 = minitorch.tensor([[0.1, 0.2], [0.3, -0.4]]" in text
    report = caught.value.report
    assert report is not None
    assert [n.name for n in report.nodes if n.problem] == ["BadSigmoid"]


class Net(mt.nn.Module):
    def __init__(self, wide: int = 6) -> None:
        super().__init__()
        self.conv = mt.nn.Conv2d(1, 2, 3, padding=1)
        self.fc = mt.nn.Linear(2 * 3 * 3, wide)

    def forward(self, x: mt.Tensor) -> mt.Tensor:
        return self.fc(F.max_pool2d(self.conv(x).relu(), 2).flatten(1))


def plant(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """Change the gradient of conv2d in its weight."""
    right, quick = mt.kernels.conv.conv_weight, mt.kernels.conv.conv_parameters

    def conv_weight(*args: Any, **kwargs: Any) -> Any:
        return change(right(*args, **kwargs).copy())

    def conv_parameters(*args: Any, **kwargs: Any) -> Any:
        weight, bias = quick(*args, **kwargs)
        return change(weight.copy()), bias

    monkeypatch.setattr(mt.kernels.conv, "conv_weight", conv_weight)
    monkeypatch.setattr(mt.kernels.conv, "conv_parameters", conv_parameters)


def test_a_whole_model_is_checked() -> None:
    mt.manual_seed(0)
    model, images = Net(), mt.rand(2, 1, 6, 6)
    labels = mt.tensor([1, 5])
    report = gradcheck_module(model, images, lambda out: F.cross_entropy(out, labels))
    assert {j.input_name for j in report.jacobians} == {
        "parameter conv.weight", "parameter conv.bias", "parameter fc.weight",
        "parameter fc.bias", "input 0",
    }  # fmt: skip
    assert [node.name for node in report.nodes] == [
        "Conv2d", "ReLU", "MaxPool2d", "Reshape", "Linear", "CrossEntropy",
    ]  # fmt: skip
    assert model.conv.weight.dtype is F32
    assert model.conv.weight.grad is None
    assert "fc.weight" in report.table()


def test_a_model_that_changes_its_input_in_place() -> None:
    model = mt.nn.Sequential(mt.nn.ReLU(inplace=True), mt.nn.Linear(3, 2))
    report = gradcheck_module(model, mt.rand(4, 3))
    assert [node.name for node in report.nodes] == ["ReLU", "Linear"]


def test_a_bug_planted_in_conv2d_is_found_as_conv2d(monkeypatch: pytest.MonkeyPatch) -> None:
    def zero_one(g: Any) -> Any:
        g[1, 0, 2, 0] = 0
        return g

    plant(monkeypatch, zero_one)
    mt.manual_seed(0)
    report = gradcheck_module(Net(), mt.rand(2, 1, 6, 6), raise_exception=False)
    culprit = report.culprit
    assert culprit is not None
    assert culprit.name == "Conv2d"
    assert "[1, 0, 2, 0]" in culprit.problem
    assert "the gradient is zero at element [1, 0, 2, 0]" in culprit.problem
    assert "in forward" in culprit.place


@pytest.mark.parametrize("budget", [10**6, 30])
def test_a_large_tensor_is_searched_by_halves(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = mt.ops.math.linalg.Linear.backward

    def backward(self: Any, grad: Any) -> Any:
        x, w, b = right(self, grad)
        if w is not None and w.shape == (40, 18):
            bump = mt.zeros_like(w)
            bump[33, 7] = 0.01
            w = w + bump * grad.sum()
        return x, w, b

    monkeypatch.setattr(mt.ops.math.linalg.Linear, "backward", backward)
    # The one above is written in tensors.
    monkeypatch.setattr(mt.ops.math.linalg.Linear, "array_backward", None)
    mt.manual_seed(0)
    model = Net(40)
    report = gradcheck_module(
        model, mt.rand(2, 1, 6, 6), budget=budget, nodes=False, raise_exception=False
    )
    bad = next(j for j in report.jacobians if not j.ok)
    worst = bad.worst()
    assert worst is not None
    assert (bad.input_name, worst.input) == ("parameter fc.weight", (33, 7))


def test_fast_mode_finds_one_zeroed_element_of_400() -> None:
    class Elementwise(Function):
        def forward(self, x: Any) -> Any:
            self.save(x)
            return np.sin(x)

        def backward(self, grad: Any) -> Any:
            (x,) = self.saved
            mask = mt.ones_like(x)
            mask[13, 4] = 0
            return grad * x.cos() * mask

    x = leaf(np.random.default_rng(0).standard_normal((20, 20)))
    assert gradcheck(mt.sin, x, fast_mode=True)
    with pytest.raises(GradcheckError, match=r"input 0 \[13, 4\]"):
        gradcheck(Elementwise.apply, x, fast_mode=True)


# ---- reports ----------------------------------------------------------------------------------


def test_the_report_as_json_and_as_a_page(tmp_path: Any) -> None:
    report = gradcheck_report(composite, leaf([[0.1, 0.2], [0.3, -0.4]]))
    told = json.loads(report.to_json(tmp_path / "report.json"))
    assert told["ok"] is False
    assert told["jacobians"][0]["counts"]["fail"] == 4
    assert json.loads((tmp_path / "report.json").read_text()) == told
    report.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<rect") == sum(j.verdicts.size for j in report.jacobians)
    assert "BadSigmoid" in page
    assert "http" not in page


def test_a_large_jacobian_is_drawn_in_blocks(tmp_path: Any) -> None:
    report = gradcheck_report(mt.sin, leaf(np.arange(150.0)), orders=(1,))
    report.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text().count("<rect") == 50 * 50


def test_a_plain_numpy_gradient() -> None:
    x = np.array([1.0, -2.0, 0.5])
    assert check_gradient(lambda x: (x**3).sum(), lambda x: 3 * x**2, x)
    assert check_gradient(np.outer, lambda a, b: (
        np.einsum("ik,j->ijk", np.eye(2), b), np.einsum("i,jk->ijk", a, np.eye(3))
    ), (x[:2], x))  # fmt: skip
    with pytest.raises(GradcheckError, match="the sign is wrong"):
        check_gradient(lambda x: (x**3).sum(), lambda x: -3 * x**2, x)
    with pytest.raises(ValueError, match=r"should have shape \[3\]"):
        check_gradient(lambda x: (x**3).sum(), lambda x: 3.0, x)
    assert not check_gradient(np.sum, lambda x: 2 * np.ones_like(x), x, raise_exception=False)


PROGRAM = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
x, y = torch.randn(5, 3), torch.randint(0, 2, (5,))
for step in range(3):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
print("not reached")
"""


def run_check(tmp_path: Any, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "prog.py").write_text(source)
    command = [sys.executable, "-m", "minitorch", "check", *options, str(tmp_path / "prog.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_program_is_checked_at_its_first_backward(tmp_path: Any) -> None:
    done = run_check(tmp_path, PROGRAM, "--json", str(tmp_path / "r.json"))
    assert (done.returncode, done.stderr) == (0, f"Wrote {tmp_path / 'r.json'}\n")
    assert "0.weight" in done.stdout
    assert "CrossEntropy" in done.stdout
    assert ": right (26 pass)" in done.stdout
    assert "not reached" not in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["ok"] is True


def test_a_program_with_a_wrong_function_fails_the_check(tmp_path: Any) -> None:
    bad = """
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]
"""
    source = PROGRAM.replace("torch.manual_seed", bad + "torch.manual_seed")
    done = run_check(tmp_path, source.replace("(model(x), y)", "(Bad.apply(model(x)), y)"))
    assert done.returncode == 1
    assert "First faulty operation: Bad" in done.stdout
    assert "a constant factor of 1/2" in done.stdout
    done = run_check(tmp_path, PROGRAM, "--step", "7")
    assert done.returncode == 2
    assert "called backward() 3 times, and not 7" in done.stderr


def test_a_tape_runs_again_what_depends_on_a_changed_leaf() -> None:
    from minitorch.autograd.gradcheck.trace import Tape, record_calls

    x, w, v = leaf([[1.0, 2.0]]), leaf([[3.0, -1.0], [0.5, 2.0]]), leaf([0.5, -2.0])
    with record_calls():
        first = (x @ w.t()).tanh()
        tape = Tape([(first * v).sum(), first.t()])
    ran: list[str] = []
    for node in tape.nodes:
        node.call.again = lambda *given, call=node.call: (
            ran.append(call.name), type(call).again(call, *given)
        )[1]  # fmt: skip
    twins = [leaf(t.tolist()) for t in tape.leaves]
    numbers = {id(t): n for n, t in enumerate(tape.leaves)}
    names = {name: twins[numbers[id(t)]] for name, t in (("x", x), ("w", w), ("v", v))}
    for changed, expected in (
        (None, 6),
        ("v", 2),
        ("v", 2),
        ("x", 5),
        (None, 0),
        ("w", 6),
        ("v", 2),
    ):
        if changed is not None:
            names[changed]._array[...] *= 1.5
        ran.clear()
        again = tape.rerun(*twins)
        assert len(ran) == expected, (changed, ran)
        anew = Tape.run(tape, *twins)
        for one, two in zip(again, anew, strict=True):
            assert one.tolist() == two.tolist()
            assert not one.requires_grad


@pytest.mark.parametrize("seed", range(6))
def test_what_computes_in_float32_inside_is_no_false_alarm(seed: int) -> None:
    mt.manual_seed(seed)
    x = mt.randn(4, dtype=mt.float64, requires_grad=True)
    for function in (
        lambda x: x.float().sin().double(),
        lambda x: (x.float() ** 3).double() * x,
        lambda x: x.float().exp().sum().double(),
    ):
        report = gradcheck_report(function, x)
        assert report.ok, report


@pytest.mark.parametrize("wrong", [0.0, 1.0, 1.9, 2.1])
def test_a_gradient_that_is_wrong_at_one_number_is_no_noise(wrong: float) -> None:
    class Square(mt.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
            (x,) = ctx.saved_tensors
            return grad * mt.where(x == 1, wrong, 2 * x)

    for values in ([1.0], [1.0, 2.0]):
        x = mt.tensor(values, dtype=mt.float64, requires_grad=True)
        assert not gradcheck(Square.apply, x, raise_exception=False)
