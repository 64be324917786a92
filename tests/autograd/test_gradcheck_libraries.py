"""The checker on functions of HIPS autograd, MyGrad and tinygrad."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from minitorch.autograd import GradcheckError, gradcheck, gradcheck_report, gradgradcheck
from minitorch.autograd.gradcheck.bridge import library_of

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]])


def library(name: str, reason: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=reason)


def pulled_back(x: Any, ones: Any) -> Any:
    """The gradient of ``x * x`` and ``x * 3`` together, with an adapter's own backward."""

    def f(x: Any) -> Any:
        return x * x, x * 3

    adapter: Any = library_of(f, x)
    (gradient,) = adapter.vjp(f, [x], [0])[2]([ones, ones])
    return adapter.unwrap(gradient).tolist()


# ---- HIPS autograd ----------------------------------------------------------------------------


@pytest.fixture
def hips() -> Any:
    # By a module of its own: a folder of tests here has the name of the whole.
    library("autograd.numpy", "HIPS autograd is not installed: pip install autograd")
    return library("autograd", "")


def primitive(vjp: Callable[..., Any]) -> Any:
    """The square as a primitive, with ``vjp(g, x)``."""
    from autograd.extend import defvjp, primitive

    @primitive
    def square(x: Any) -> Any:
        return x * x

    defvjp(square, lambda ans, x: lambda g: vjp(g, x))
    return square


def test_right_functions_of_hips_pass_at_both_orders(hips: Any) -> None:
    import autograd.numpy as anp
    from autograd.builtins import tuple as boxed

    right = primitive(lambda g, x: 2 * g * x)
    index = np.array([0, 1, 1])
    cases: list[tuple[Any, Any]] = [
        (right, X),
        (lambda x, y: (anp.sin(right(x) * y), x.sum()), (X, X + 1)),
        (lambda x, i: (anp.tanh(x[i]), i), (X, index)),
        (lambda x: boxed((right(x), x)), X),
        (lambda x: {"a": anp.concatenate([x, x])}, X),
        (right, X.astype(np.float32)),
        (anp.exp, 2.5),
        (hips.grad(lambda x: anp.sum(anp.sin(x) ** 2)), X),
        (lambda x: np.ones(2), X),
        (lambda x, i, s: anp.sum(x[i]) * s, (X, index, np.float64(2.0))),
    ]
    assert pulled_back(np.array([1.0, 2.0]), np.ones(2)) == [5, 7]
    for func, inputs in cases:
        report = gradcheck_report(func, inputs)
        assert report, str(report)
        assert report.notes == []
        assert {j.order for j in report.jacobians} == {1, 2}


def doubled(g: Any, x: Any) -> Any:
    g *= 2
    return g * x


HIPS: dict[str, tuple[Any, str]] = {
    "factor": (lambda g, x: 3 * g * x, "likely cause: a constant factor of 1.5"),
    "transposed": (lambda g, x: (2 * g * x).T, "gives gradients that fit"),
    "in place": (doubled, "grad_output 0 was changed in place"),
    "not linear": (lambda g, x: 2 * g * abs(g) * x, "is linear in the incoming gradient"),
    "dtype": (lambda g, x: np.float32(2 * g * x),
              "the backward of square returned float32 for its input 0, which is float64"),
}  # fmt: skip


@pytest.mark.parametrize("name", HIPS)
def test_a_wrong_primitive_of_hips_is_rejected(hips: Any, name: str) -> None:
    vjp, said = HIPS[name]
    with pytest.raises(GradcheckError, match=said):
        gradcheck(primitive(vjp), X)


def test_the_primitive_at_fault_is_named_with_its_line(hips: Any) -> None:
    import autograd.numpy as anp

    wrong = primitive(lambda g, x: 3 * g * x)

    def f(x: Any) -> Any:
        return anp.sin(wrong(x) * 2)

    report = gradcheck_report(f, X)
    culprit = report.culprit
    assert culprit is not None and culprit.name == "square"
    assert culprit.place == f"{__file__}:{f.__code__.co_firstlineno + 1}, in {f.__name__}"
    assert culprit.written.startswith(f"{__file__}:{primitive.__code__.co_firstlineno + 8}")
    notes = {node.name: node.note for node in report.nodes}
    assert list(notes.items()) == [("square", ""), ("multiply", "built in"), ("sin", "built in")]


def test_a_primitive_of_which_one_argument_has_a_gradient(hips: Any) -> None:
    from autograd.extend import defvjp, primitive

    @primitive
    def scaled(x: Any, factor: Any) -> Any:
        return x * factor

    defvjp(scaled, lambda ans, x, factor: lambda g: g, argnums=(0,))
    culprit = gradcheck_report(lambda x: scaled(x, np.float64(3.0)) ** 2, X).culprit
    assert culprit is not None and culprit.name == "scaled"
    assert "raises" not in culprit.problem  # as by the argument that has none


def test_kinks_that_meet_in_a_function_of_hips(hips: Any) -> None:
    import autograd.numpy as anp

    def f(x: Any) -> Any:
        return anp.where(x > 0, x, 0.0) - anp.where(x < 0, -x, 0.0) / 2

    report = gradcheck_report(f, np.zeros(1), orders=(1,))
    assert report, str(report)
    assert "where kinks of where meet" in report.summary()


def test_a_vjp_in_plain_numpy_has_no_second_order(hips: Any) -> None:
    func = primitive(lambda g, x: 2 * g * np.array(x, np.float64))
    (note,) = gradcheck_report(func, X).notes
    assert note.startswith("second order not checked: backward cannot be differentiated (")
    with pytest.raises(GradcheckError, match="backward cannot be differentiated"):
        gradgradcheck(func, X)


def test_bad_functions_of_hips_get_one_clear_error(hips: Any) -> None:
    def plain(x: Any) -> Any:
        return np.linalg.svd(x)[1]

    with pytest.raises(ValueError, match=r"to be written with autograd.numpy.*give a pair \(func"):
        gradcheck(plain, X)
    with pytest.raises(ValueError, match=r"expected func to return a tensor .*, got str"):
        gradcheck(lambda x: "a", X)
    with pytest.raises(ValueError, match="expected at least one floating input, got int64"):
        gradcheck(lambda x: x, np.arange(3))
    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(lambda x: x * np.random.rand(), X)
    with pytest.raises(ZeroDivisionError) as caught:
        gradcheck(lambda x: 1 // 0, X)
    assert "raised by" in caught.value.__notes__[0]


# ---- MyGrad -----------------------------------------------------------------------------------


@pytest.fixture
def mygrad() -> Any:
    return library("mygrad", "MyGrad is not installed: pip install mygrad")


def operation(mygrad: Any, backward: Callable[[Any, Any], Any]) -> Any:
    """The square as an operation, with ``backward(g, x)``."""
    from mygrad.operation_base import Operation

    class Square(Operation):
        def __call__(self, a: Any) -> Any:
            self.variables = (a,)
            return a.data**2

        def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
            return backward(grad, self.variables[0].data)

    return lambda x: mygrad.execute_op(Square, x)


def test_right_functions_of_mygrad_pass(mygrad: Any) -> None:
    x, constant = mygrad.tensor(X), mygrad.tensor(X, constant=True)
    cases: list[tuple[Any, Any]] = [
        (operation(mygrad, lambda g, x: 2 * g * x), x),
        (lambda x: (mygrad.sin(x) * x, mygrad.sum(x * x)), x),
        (lambda x, y, n: x * y**n, (x, constant, 2)),
        (lambda x: x * x, mygrad.tensor(X, dtype="float32")),
        (lambda x, y: x * 2, (x, mygrad.tensor(X))),
    ]
    for func, inputs in cases:
        report = gradcheck_report(func, inputs)
        assert report, str(report)
        said = "second order not checked: the gradients of MyGrad are arrays, and have none"
        assert report.notes == [said]
    assert pulled_back(mygrad.tensor([1.0, 2.0]), mygrad.tensor([1.0, 1.0])) == [5, 7]
    assert [j.input for j in gradcheck_report(*cases[2]).jacobians] == [0]  # not the constant


def test_the_users_tensors_of_mygrad_stay_as_they_are(mygrad: Any) -> None:
    x = mygrad.tensor(X)
    (x * 3).sum().backward()
    assert gradcheck(lambda x: x * x, x)
    assert np.array_equal(x.grad, np.full_like(X, 3)) and np.array_equal(x.data, X)


def test_wrong_operations_of_mygrad_are_rejected(mygrad: Any) -> None:
    x = mygrad.tensor(X)
    with pytest.raises(GradcheckError, match=r"a constant factor of 1\.5") as caught:
        gradcheck(operation(mygrad, lambda g, x: 3 * g * x), x)
    assert "x0 = mygrad.tensor([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]]" in str(caught.value)
    with pytest.raises(GradcheckError, match="is linear in the incoming gradient"):
        gradcheck(operation(mygrad, lambda g, x: 2 * g * abs(g) * x), x)
    with pytest.raises(GradcheckError, match="second order not checked: the gradients of MyGrad"):
        gradgradcheck(lambda x: x * x, x)


def test_bad_functions_of_mygrad_get_one_clear_error(mygrad: Any) -> None:
    x = mygrad.tensor(X)
    with pytest.raises(ValueError, match=r"expected func to return a tensor .*, got str"):
        gradcheck(lambda x: "a", x)
    with pytest.raises(ValueError, match="expected at least one floating input, got int64"):
        gradcheck(lambda x: x, mygrad.tensor([1, 2]))
    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(lambda x: x * np.random.rand(), x)
    with pytest.raises(GradcheckError, match="does not require grad: the graph is cut"):
        gradcheck(lambda x: mygrad.tensor(x.data * 2, constant=True), x)


# ---- tinygrad ---------------------------------------------------------------------------------


@pytest.fixture
def tiny() -> Iterator[Any]:
    """Makes a tensor on the one device that every machine has."""
    tinygrad = library("tinygrad", "tinygrad is not installed: pip install tinygrad")
    with tinygrad.helpers.Context(DEV="PYTHON"):
        yield lambda x: tinygrad.Tensor(np.array(x, np.float32))


def test_right_functions_of_tinygrad_pass(tiny: Any) -> None:
    report = gradcheck_report(lambda x: x * x, tiny([1.0, -2.0]))
    assert report and report.notes == []
    assert {j.order for j in report.jacobians} == {1, 2}
    assert gradcheck(lambda x, y: (x.sin() * y, x.sum(), 2), (tiny([1.0, 0.5]), tiny(2.0)))
    assert pulled_back(tiny([1.0, 2.0]), tiny([1.0, 1.0])) == [5, 7]


def test_what_tinygrad_computes_in_less_than_float64(tiny: Any) -> None:
    from tinygrad import dtypes

    (note,) = gradcheck_report(lambda x: x.float() * 2, tiny([1.0, 3.0]), orders=(1,)).notes
    assert note.endswith("checked in float32 alone")
    seen = []

    def f(x: Any) -> Any:
        seen.append(x.dtype)
        return x * 2

    assert gradcheck(f, tiny([1.0, 3.0]).cast(dtypes.bfloat16))
    assert set(seen) == {dtypes.bfloat16, dtypes.float64}


def test_wrong_functions_of_tinygrad_are_rejected(tiny: Any) -> None:
    from tinygrad.function import function

    def triple(g: Any, call: Any) -> Any:
        return (3 * g * call.src[1],)

    with pytest.raises(GradcheckError, match=r"a constant factor of 1\.5") as caught:
        gradcheck(function(lambda x: x * x, grad_fxn=triple), tiny([1.0, -2.0]))
    assert "x0 = Tensor([1.0, -2.0], dtype=dtypes.float, device='PYTHON')" in str(caught.value)
    with pytest.raises(GradcheckError, match=r"constant factor of 1/2"):
        gradcheck(lambda x: x * x.detach(), tiny([1.0, -2.0]))


def test_bad_functions_of_tinygrad_get_one_clear_error(tiny: Any) -> None:
    x = tiny([1.0, -2.0])
    with pytest.raises(ValueError, match=r"expected func to return a tensor .*, got str"):
        gradcheck(lambda x: "a", x)
    with pytest.raises(ValueError, match="expected at least one floating input, got dtypes"):
        gradcheck(lambda x: x, x.int())
    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(lambda x: x * np.random.rand(), x)
