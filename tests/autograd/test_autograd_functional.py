"""`autograd.functional`, against PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import outputs, the_torch

import minitorch

DRAWS = np.random.default_rng(0)
X = DRAWS.standard_normal(3)
Y = DRAWS.standard_normal((2, 2))
V = DRAWS.standard_normal(3)
W = DRAWS.standard_normal((2, 2))

ONE = {  # of one input
    "vector": lambda m, x: x.exp() * x.sum(),
    "number": lambda m, x: (x**3).sum() * x[0].sin(),
    "linear": lambda m, x: 2 * x,
    "quadratic": lambda m, x: (x * x).sum(),
    "constant": lambda m, x: m.ones(2, dtype=m.float64),
    "detached": lambda m, x: x.detach().sum(),
    "two outputs": lambda m, x: (x.sin(), (x * x).sum()),
    "matrix": lambda m, x: x[:, None] * x,
    "not tensors": lambda m, x: 3.0,
    "a list": lambda m, x: [x],
    "one element": lambda m, x: (x**4).sum().reshape(1),
}
TWO = {  # of two
    "number": lambda m, x, y: (x**2).sum() * y.sin().sum(),
    "only the first": lambda m, x, y: (x**3).sum(),
    "vector": lambda m, x, y: x * y[0, 0],
    "two outputs": lambda m, x, y: (x * y.sum(), y.exp()),
}
OPTIONS: list[dict[str, Any]] = [{}, {"create_graph": True}, {"strict": True}]


def same(call: Callable[..., Any], requires_grad: bool = False) -> None:
    """Assert that both give the same tensors, or the same type of error."""
    got = []
    for m in (minitorch, the_torch()):

        def tensor(array: Any, m: Any = m) -> Any:
            return m.tensor(array.tolist(), dtype=m.float64).requires_grad_(requires_grad)

        try:
            got.append(call(m, tensor))
        except Exception as error:
            got.append(error)
    ours, theirs = got
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert isinstance(ours, type(theirs)), f"{theirs!r} / {ours!r}"
        return
    assert structure(ours) == structure(theirs)
    for a, b in zip(outputs(ours), outputs(theirs), strict=True):
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-10, 1e-12)


def structure(value: Any) -> Any:
    return [structure(v) for v in value] if isinstance(value, tuple) else tuple(value.shape)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_functions_of_one_input(name: str, options: dict[str, Any], requires_grad: bool) -> None:
    for function in ONE.values():
        for v in [None] if name in ("jacobian", "hessian") else [None, V, Y, X[:1], X[0] * 1]:

            def call(m: Any, tensor: Any, v: Any = v, function: Any = function) -> Any:
                extra = () if v is None else (tensor(np.asarray(v)),)
                whole = getattr(m.autograd.functional, name)
                return whole(lambda x: function(m, x), tensor(X), *extra, **options)

            same(call, requires_grad)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
def test_functions_of_two_inputs(name: str, options: dict[str, Any]) -> None:
    for function in TWO.values():
        for v in [()] if name in ("jacobian", "hessian") else [(), (V, W), (V,), (W, V)]:

            def call(m: Any, tensor: Any, v: Any = v, function: Any = function) -> Any:
                extra = (tuple(tensor(part) for part in v),) if v else ()
                whole = getattr(m.autograd.functional, name)
                inputs = (tensor(X), tensor(Y))
                return whole(lambda x, y: function(m, x, y), inputs, *extra, **options)

            same(call)


def test_products_for_a_single_number() -> None:
    for name in ("vjp", "jvp", "vhp", "hvp"):
        same(
            lambda m, tensor: getattr(m.autograd.functional, name)(
                lambda x: x**3, tensor(np.asarray(2.0))
            )
        )


def test_a_jacobian_can_be_differentiated() -> None:
    def call(m: Any, tensor: Any) -> Any:
        x = tensor(X)
        whole = m.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True)
        return m.autograd.grad(whole.sum(), x)

    same(call, requires_grad=True)


def test_other_ways_are_refused() -> None:
    x = minitorch.ones(2)
    with pytest.raises(NotImplementedError, match="reverse-mode"):
        minitorch.autograd.functional.jacobian(lambda x: x, x, strategy="forward-mode")
    with pytest.raises(TypeError, match="vectorise"):
        minitorch.autograd.functional.jacobian(lambda x: x, x, vectorise=True)  # type: ignore
    assert minitorch.autograd.functional.jacobian(lambda x: x, x, vectorize=True).shape == (2, 2)
