"""The checker on pairs (function, vjp) of plain NumPy."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minitorch.autograd import (
    GradcheckError,
    check_gradient,
    gradcheck,
    gradcheck_report,
    gradgradcheck,
)
from minitorch.autograd.gradcheck.verdict import Verdict

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]])
SECOND = "second order not checked: a pair (function, vjp) has none"


def square(x: Any) -> Any:
    return x * x


def square_vjp(g: Any, x: Any) -> Any:
    return 2 * g * x


def gathered(x: Any, index: Any, scale: Any) -> Any:
    return x[index] * scale, x.sum(), index


def gathered_vjp(g: Any, x: Any, index: Any, scale: Any) -> Any:
    rows, total, _ = g
    made = np.full_like(x, total)
    np.add.at(made, index, rows * scale)
    return made, None, (rows * x[index]).sum()


def in_place(g: Any, x: Any) -> Any:
    g *= 2
    return g * x


def input_in_place(g: Any, x: Any) -> Any:
    x *= 2
    return g * x


class Buffered:
    """Hands out the same memory at every call."""

    def __init__(self) -> None:
        self.buffer = np.zeros(X.shape)

    def __call__(self, g: Any, x: Any) -> Any:
        self.buffer[...] = 2 * g * x
        return self.buffer


RIGHT: dict[str, tuple[Any, Any]] = {
    "one array": ((square, square_vjp), X),
    "transposed": ((lambda x: x.T, lambda g, x: g.T), X),
    "the input itself": ((lambda x: x, lambda g, x: g), X),
    "at a kink": ((np.abs, lambda g, x: g * np.sign(x)), np.array([0.0, 1.0])),
    "integers and several outputs": ((gathered, gathered_vjp), (X, np.array([0, 1, 1]), 2.0)),
    "Python floats": ((lambda x, n: math.exp(x) ** n, lambda g, x, n: (
        g * n * math.exp(x * n), g * x * math.exp(x * n))), (0.5, 3.0)),
    "float32": ((square, square_vjp), X.astype(np.float32)),
    "float16": ((square, square_vjp), X.astype(np.float16)),
    "no dependence": ((lambda x, y: x * 2, lambda g, x, y: (g * 2, None)), (X, X)),
    "strided": ((square, square_vjp), np.repeat(X, 2, 1)[:, ::2]),
    "empty": ((square, square_vjp), np.zeros((0, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_pair_passes(name: str) -> None:
    pair, inputs = RIGHT[name]
    report = gradcheck_report(pair, inputs)
    assert report, str(report)
    assert report.notes == ([SECOND] if report.count(Verdict.PASS) else [])
    assert gradcheck(pair, inputs)
    assert gradcheck(pair, inputs, fast_mode=True)


WRONG: dict[str, tuple[Any, str]] = {
    "factor": (lambda g, x: 3 * g * x, "likely cause: a constant factor of 1.5"),
    "zero": (lambda g, x: np.zeros_like(x), "the gradient is zero"),
    "None": (lambda g, x: None, "the gradient is zero, or None"),
    "incoming gradient ignored": (lambda g, x: 2 * x, "the incoming gradient is ignored"),
    "not linear": (lambda g, x: 2 * g * np.abs(g) * x, "is linear in the incoming gradient"),
    "incoming changed": (in_place, "grad_output 0 was changed in place"),
    "input changed": (input_in_place, "backward changed input 0 in place"),
    "memory handed out twice": (Buffered(), "hands out memory of its own"),
    "dtype": (lambda g, x: np.float32(2 * g * x),
              "the backward of square returned float32 for its input 0, which is float64"),
    "shape": (lambda g, x: g[0], r"expected vjp to give input 0 a gradient of shape \[2, 3\], "
              r"got \[3\]"),
    "count": (lambda g, x: (g, g), "expected vjp to give 1 gradients, one an input, .* got 2"),
    "raises": (lambda g, x: g / {}, "TypeError: unsupported operand"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_vjp_is_rejected_with_its_cause(name: str) -> None:
    vjp, said = WRONG[name]
    with pytest.raises(GradcheckError, match=said):
        gradcheck((square, vjp), X)
    assert gradcheck((square, vjp), X, raise_exception=False) is False


def test_a_bug_in_one_of_several_gradients_is_told_by_its_input() -> None:
    def vjp(*given: Any) -> Any:
        made, none, scale = gathered_vjp(*given)
        return made, none, 2 * scale

    with pytest.raises(GradcheckError, match="with respect to input 2"):
        gradcheck((gathered, vjp), (X, np.array([0, 1, 1]), np.array(2.0)))


def wrong_vjp(g: Any, x: Any) -> Any:
    return g


def test_the_report_says_where_the_vjp_is_and_makes_the_call_again() -> None:
    text = str(gradcheck_report((square, wrong_vjp), np.array([3.0])))
    assert f"its backward at {__file__}:{wrong_vjp.__code__.co_firstlineno}" in text
    assert "x0 = np.array([3.0], np.float64)" in text
    assert "gradcheck_report((square, vjp), (x0,)" in text


def test_the_inputs_stay_as_they_are() -> None:
    x = X.copy()
    assert not gradcheck((square, input_in_place), x, raise_exception=False)
    assert np.array_equal(x, X)


def test_a_pair_has_no_second_order() -> None:
    with pytest.raises(GradcheckError, match=r"^gradcheck: second order .*vjp\) has none$"):
        gradgradcheck((square, square_vjp), X)


def noisy(x: Any) -> Any:
    return x + np.random.rand()


BAD: dict[str, tuple[Any, Any, Any, str]] = {
    "no pair": (square, X, ValueError, r"expected a pair \(function, vjp\) for ndarrays"),
    "three": ((square,) * 3, X, ValueError, r"expected a pair \(function, vjp\), where"),
    "not callable": ((square, X), X, ValueError, r"expected a pair \(function, vjp\), where"),
    "integers": ((square, square_vjp), np.arange(3), ValueError,
                 r"expected at least one floating input, got int64 \[3\]; integers have no"),
    "complex": ((square, square_vjp), X + 1j, ValueError, "input 0 has dtype complex128"),
    "long": ((square, square_vjp), X.astype(np.longdouble), ValueError, "only float64, float32"),
    "text": ((lambda x: "a", square_vjp), X, ValueError, "to return a tensor"),
    "raises": ((lambda x: x @ x, square_vjp), X, ValueError, "matmul"),
    "in place": ((lambda x: np.add(x, 1, out=x), square_vjp), X, GradcheckError,
                 "changes its input in place"),
    "random": ((noisy, square_vjp), X, GradcheckError, "not deterministic"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_checked_gets_one_clear_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(
        sys.modules, "autograd.tracer", raising=False
    )  # else it may be one of HIPS's
    pair, inputs, error, said = BAD[name]
    with pytest.raises(error, match=said) as caught:
        gradcheck(pair, inputs)
    if name == "raises":
        (note,) = caught.value.__notes__
        assert "raised by" in note and "(float64 [2, 3])" in note


# ---- whole Jacobians --------------------------------------------------------------------------


def test_a_whole_jacobian_that_is_infinite_somewhere() -> None:
    def slopes(x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.diag(0.5 / np.sqrt(x))

    x = np.array([0.0, 1.0, 4.0])
    assert check_gradient(np.sqrt, slopes, x).summary().startswith("gradients of sqrt: right (8")
    wrong = check_gradient(np.sqrt, lambda x: 2 * slopes(x), x, raise_exception=False)
    assert not wrong


@pytest.mark.parametrize("change", [lambda j: j.T, lambda j: j * 1.001, lambda j: j + 1e-3])
def test_a_wrong_jacobian_is_rejected(change: Callable[[Any], Any]) -> None:
    a = np.array([[1.0, 2.0], [3.0, -4.0]])
    assert check_gradient(lambda x: a @ x, lambda x: a, np.array([1.0, -1.0]))
    with pytest.raises(GradcheckError, match="Jacobian mismatch") as caught:
        check_gradient(lambda x: a @ x, lambda x: change(a), np.array([1.0, -1.0]))
    assert "To see it again" not in str(caught.value)


def test_a_jacobian_that_changes_its_input_is_found() -> None:
    def slopes(x: Any) -> Any:
        x *= 2
        return x

    x = np.array([1.0, -2.0])
    with pytest.raises(GradcheckError, match="backward changed input 0 in place"):
        check_gradient(lambda x: (x * x).sum(), slopes, x)
    assert x.tolist() == [1.0, -2.0]


def test_gradients_are_counted() -> None:
    with pytest.raises(ValueError, match="2 inputs, but grad_f gave 1 gradients"):
        check_gradient(np.dot, lambda a, b: (b,), (np.ones(2), np.ones(2)))
