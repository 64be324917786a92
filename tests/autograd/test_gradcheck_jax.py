"""The checker on functions of JAX."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minitorch.autograd import GradcheckError, gradcheck, gradcheck_report, gradgradcheck

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    import jax.numpy as jnp

X = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)


def with_rule(f: Callable[..., Any], vjp: Callable[..., Any]) -> Any:
    """`f` with a backward of its own, ``vjp(g, *inputs)``."""
    made = jax.custom_vjp(f)
    made.defvjp(lambda *xs: (f(*xs), xs), lambda xs, g: vjp(g, *xs))
    return made


def square(x: Any) -> Any:
    return x * x


def triple(g: Any, x: Any) -> Any:
    return (3 * g * x,)


def double(g: Any, x: Any) -> Any:
    return (2 * g * x,)


right, wrong = with_rule(square, double), with_rule(square, triple)


@jax.custom_jvp
def cube(x: Any) -> Any:
    return x**3


@cube.defjvp
def cube_jvp(primals: Any, tangents: Any) -> Any:
    return cube(primals[0]), 3 * primals[0] ** 2 * tangents[0]


@jax.custom_jvp
def bad_cube(x: Any) -> Any:
    return x**3


@bad_cube.defjvp
def bad_cube_jvp(primals: Any, tangents: Any) -> Any:
    return bad_cube(primals[0]), 4 * primals[0] ** 2 * tangents[0]


def layer(p: Any, index: Any) -> Any:
    return {"out": (p["w"] @ p["b"][0])[index], "all": [p["b"][0], 3]}


RIGHT: dict[str, tuple[Any, Any]] = {
    "custom_vjp": (right, X),
    "custom_jvp": (cube, X),
    "jit": (jax.jit(lambda x: right(x) * 2), X),
    "vmap": (jax.vmap(right), X),
    "a tree": (layer, ({"w": X, "b": [X[0]]}, np.array([1, 0, 1]))),
    "static": (lambda x, n: x**n, (X, 3)),
    "its own float32": (lambda x: x * jnp.ones(2, jnp.float32), X),
    "empty": (right, np.zeros((0, 2), np.float32)),
}


def arrays(inputs: Any) -> Any:
    """JAX's arrays for ndarrays."""
    return jax.tree_util.tree_map(
        lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, inputs
    )


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_function_passes_at_both_orders(name: str) -> None:
    func, inputs = RIGHT[name]
    report = gradcheck_report(func, arrays(inputs))
    assert report, str(report)
    assert {j.order for j in report.jacobians} == {1, 2}
    assert report.notes == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_checked_in_float64(dtype: str) -> None:
    x = jnp.asarray(X, dtype)
    seen = []

    def f(x: Any) -> Any:
        seen.append(x.dtype.name)
        return x * x

    report = gradcheck_report(f, x, orders=(1,))
    assert report and report.notes == [] and report.jacobians[0].bars.max() < 1e-6
    assert set(seen) == {dtype, "float64"}
    rounded = with_rule(square, lambda g, x: (2 * g * x if g.dtype == "float64" else 4 * g * x,))
    with pytest.raises(GradcheckError, match="wrong in the inputs' own precision"):
        gradcheck(rounded, x)


def test_float64_is_there_within_the_check_alone() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(x.dtype.name)
        return x * 2

    assert gradcheck(f, arrays(X))
    assert set(seen) == {"float32", "float64"}
    assert not jax.config.jax_enable_x64
    assert jnp.asarray(np.ones(2)).dtype == "float32"


def test_what_stays_in_float32_is_said_to() -> None:
    (note,) = gradcheck_report(lambda x: x.astype("float32") * 2, arrays(X), orders=(1,)).notes
    assert note.startswith("the function does not run in float64, or")
    assert note.endswith("checked in float32 alone")


def test_random_numbers_that_depend_on_the_dtype() -> None:
    def f(key: Any, x: Any) -> Any:
        return x * jax.random.normal(key, x.shape)  # other numbers where there is float64

    report = gradcheck_report(f, (jax.random.key(0), arrays(X)), orders=(1,))
    assert report and report.notes[0].endswith("checked in float32 alone")
    assert "x0 = ...  # [], jnp.key<fry>" in report.inputs


def test_complex_numbers_are_pairs() -> None:
    z = jnp.asarray([1 + 2j, -0.5 + 1j], "complex64")
    assert gradcheck(lambda z, x: (z * z * x, jnp.abs(z), jnp.conj(z)), (z, jnp.ones(2)))
    assert gradgradcheck(lambda z: z * z, z)
    with pytest.raises(GradcheckError):  # the conjugate of what is due in JAX
        gradcheck(with_rule(square, lambda g, z: (jnp.conj(2 * z) * g,)), z)


WRONG: dict[str, tuple[Any, str]] = {
    "factor": (lambda g, x: (3 * g * x,), "likely cause: a constant factor of 1.5"),
    "missing": (lambda g, x: (None,), "the gradient is zero, or None"),
    "transposed": (lambda g, x: ((2 * g * x).T,), "likely cause: the gradient is transposed"),
    "not linear": (lambda g, x: (2 * g * abs(g) * x,), "is linear in the incoming gradient"),
    "dtype": (lambda g, x: ((2 * g * x).astype(jnp.float16),),
              "the backward of square returned float16 for its input 0, which is float32"),
    "shape": (lambda g, x: (g[0],), "(?s)gives gradients that fit.*the shapes do not match"),
    "count": (lambda g, x: (g, g), "(?s)gives gradients that fit.*must produce a tuple of length"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_rejected_with_its_cause(name: str) -> None:
    vjp, said = WRONG[name]
    with pytest.raises(GradcheckError, match=said):
        gradcheck(with_rule(square, vjp), arrays(X))


def test_a_wrong_jvp_rule_is_rejected() -> None:
    with pytest.raises(GradcheckError, match=r"a constant factor of 1\.33333"):
        gradcheck(bad_cube, arrays(X))


def test_a_forward_that_gives_something_else_when_differentiated() -> None:
    made = jax.custom_vjp(square)
    made.defvjp(lambda x: (x * x + 1, x), lambda x, g: (2 * g * x,))
    with pytest.raises(GradcheckError, match=r"of output 0 is 1, but 2 where derivatives are"):
        gradcheck(made, arrays(X))


def test_a_second_order_that_is_a_constant_is_found() -> None:
    made = with_rule(square, lambda g, x: (jax.lax.stop_gradient(2 * x) * g,))
    assert gradcheck(made, arrays(X))
    with pytest.raises(GradcheckError, match=r"\(second order\)"):
        gradgradcheck(made, arrays(X))


def test_a_leaf_of_a_tree_is_called_by_its_path() -> None:
    report = gradcheck_report(lambda n, p: wrong(p["b"]["v"]) * n, (2, {"b": {"v": arrays(X)}}))
    text = str(report)
    assert "with respect to input 1['b']['v']" in text
    assert "x1 = {'b': {'v': jnp.array([[1.0, -2.0], [0.5, 3.0]], jnp.float32)}}" in text
    assert "(x0, x1)" in text


# ---- which call is at fault -------------------------------------------------------------------


def chained(x: Any) -> Any:
    return jnp.sin(wrong(x) * 2)


@jax.checkpoint
def chosen(x: Any) -> Any:
    return jax.lax.cond(x[0, 0] > 0, wrong, right, x) + jax.nn.relu(x)


@pytest.mark.parametrize("func", [chained, jax.jit(chained), chosen])
def test_the_custom_function_at_fault_is_named_with_its_line(func: Any) -> None:
    report = gradcheck_report(func, arrays(X))
    culprit = report.culprit
    assert culprit is not None and culprit.name == "square"
    others = [node for node in report.nodes if node is not culprit]
    assert others and {node.note for node in others} == {"built in"}  # as they are JAX's own
    inner = inspect.unwrap(func)
    line = inner.__code__.co_firstlineno + (2 if inner.__name__ == "chosen" else 1)
    assert culprit.place == f"{__file__}:{line}, in {inner.__name__}"
    assert culprit.written == f"{__file__}:{with_rule.__code__.co_firstlineno + 3}"
    assert "constant factor of 1.5" in culprit.problem


def test_what_cannot_be_traced_is_one_call() -> None:
    def f(x: Any) -> Any:
        return wrong(x) * 2 if x.sum() > 0 else x

    culprit = gradcheck_report(f, arrays(X)).culprit
    assert culprit is not None and culprit.name.endswith("f")


def test_a_gradient_that_is_stopped_is_outside_the_graph() -> None:
    report = gradcheck_report(lambda x: x * jax.lax.stop_gradient(x), arrays(X))
    assert not report and report.culprit is None
    assert "stop_gradient" in str(report)


KINKS: dict[str, tuple[Any, str]] = {
    "relu": (lambda x: jax.nn.relu(x) - jax.nn.relu(-x) / 2, "where kinks of relu meet"),
    "where": (lambda x: jnp.where(x > 0, x, 0) - jnp.where(x < 0, -x, 0) / 2,
              "where kinks of select_n meet"),
    "a float mask": (lambda x: (x > 0).astype(x.dtype) * x + (x < 0).astype(x.dtype) * x / 2,
                     "where kinks of mul meet"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks_that_meet_are_no_mistake(name: str) -> None:
    func, said = KINKS[name]
    report = gradcheck_report(func, jnp.zeros(1), orders=(1,))
    assert report, str(report)
    assert said in report.summary()


# ---- what cannot be checked -------------------------------------------------------------------


def by_callback(g: Any, x: Any) -> Any:
    return (jax.pure_callback(lambda g, x: 2 * g * x, g, g, x, vmap_method="sequential"),)


def test_a_backward_that_cannot_be_differentiated_has_no_second_order() -> None:
    func = with_rule(square, by_callback)
    report = gradcheck_report(func, arrays(X))
    (note,) = report.notes
    said = "second order not checked: backward cannot be differentiated (ValueError: Pure callbacks"
    assert report and note.startswith(said)
    with pytest.raises(GradcheckError, match=r"^gradcheck: second order not checked: backward"):
        gradgradcheck(func, arrays(X))


BAD: dict[str, tuple[Any, Any, Any, str]] = {
    "text": (lambda x: "a", X, ValueError, "expected func to return a tensor or a tuple"),
    "integers": (right, np.arange(3), ValueError, "expected at least one floating input, got int"),
    "raises": (lambda x: x @ jnp.ones(5), X, TypeError, "dot_general"),
    "random": (lambda x: x + np.random.rand(), X, GradcheckError, "not deterministic"),
    "no derivative": (lambda x: jnp.asarray(np.sin(x)), X, GradcheckError, "TracerArrayConversion"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_checked_gets_one_clear_error(name: str) -> None:
    func, inputs, error, said = BAD[name]
    with pytest.raises(error, match=said) as caught:
        gradcheck(func, arrays(inputs))
    if name == "raises":
        assert any("at (float32 [2, 2])" in note for note in caught.value.__notes__)


def test_a_dtype_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="input 0 has dtype float8_e4m3fn, and can be checked in"):
        gradcheck(right, jnp.asarray(X, "float8_e4m3fn"))


def test_forward_mode_is_checked() -> None:
    assert gradcheck(lambda x, y: cube(x) * y, (arrays(X), arrays(X)), check_forward_ad=True)
    alone: Any = {"check_forward_ad": True, "check_backward_ad": False}
    with pytest.raises(GradcheckError, match="in forward mode"):
        gradcheck(bad_cube, arrays(X), **alone)


def test_vmap_is_not_taken_for_checked() -> None:
    with pytest.raises(NotImplementedError, match="under vmap jax is not checked"):
        gradcheck(lambda x: x * 2, jnp.ones(3), check_batched_grad=True)
