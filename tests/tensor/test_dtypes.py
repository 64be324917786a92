"""Element types and their promotion, against PyTorch's own answers."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

NAMES = [
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
]
OPERATORS = [operator.add, operator.mul, operator.truediv, operator.eq, operator.pow]


def outcome(make: Any) -> Any:
    """A result's dtype and values, or the type of what was raised."""
    try:
        made = make()
    except (RuntimeError, TypeError, ZeroDivisionError) as error:
        return type(error).__name__
    return str(made.dtype), made.tolist()


@pytest.mark.parametrize(("a", "b"), list(itertools.product(NAMES, NAMES)))
def test_promotion_of_tensors(a: str, b: str) -> None:
    assert str(mt.promote_types(getattr(mt, a), getattr(mt, b))) == str(
        torch.promote_types(getattr(torch, a), getattr(torch, b))
    )
    for op in OPERATORS:
        for shape_a, shape_b in (((1,), (1,)), ((), (1,)), ((1,), ()), ((), ())):
            ours, theirs = (
                outcome(
                    lambda m=m: op(
                        m.ones(shape_a, dtype=getattr(m, a)), m.ones(shape_b, dtype=getattr(m, b))
                    )
                )
                for m in (mt, torch)
            )
            assert ours == theirs, (op, shape_a, shape_b)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [True, 2, -3, 2.5], ids=str)
def test_promotion_with_python_numbers(name: str, number: Any) -> None:
    for op in [*OPERATORS, operator.sub, operator.floordiv, operator.mod, operator.lt]:
        for shape in ((2,), ()):
            for swap in (False, True):
                results = []
                for m in (mt, torch):
                    x = m.ones(shape, dtype=getattr(m, name))
                    args = (number, x) if swap else (x, number)
                    results.append(outcome(lambda a=args: op(*a)))
                assert results[0] == results[1], (op, shape, swap)


@pytest.mark.parametrize("name", NAMES)
def test_reductions_and_functions_keep_pytorchs_dtypes(name: str) -> None:
    for function in ("sum", "mean", "max", "argmax", "any", "exp", "sqrt", "abs", "neg", "var"):
        ours, theirs = (
            outcome(lambda m=m: getattr(m.ones(3, dtype=getattr(m, name)), function)())
            for m in (mt, torch)
        )
        if ours != theirs:
            assert not isinstance(ours, str) or function == "argmax"
            if function == "argmax":  # PyTorch's message is another kind of RuntimeError
                continue
            assert (ours[0], function) == (theirs[0], "exp")
            np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-3)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(NAMES, NAMES)))
def test_casts(a: str, b: str) -> None:
    values = [-1.7, 0.0, 2.9, 300.0]
    if a in ("uint8", "bool"):
        values = [0, 1, 200]
    if b == "uint8":
        values = [abs(v) for v in values]
    ours = mt.tensor(values, dtype=mt.float64).to(getattr(mt, a)).to(getattr(mt, b))
    theirs = torch.tensor(values, dtype=torch.float64).to(getattr(torch, a)).to(getattr(torch, b))
    assert ours.tolist() == theirs.tolist()


def test_casting_is_differentiable_and_gives_back_the_inputs_dtype() -> None:
    for first, second in itertools.permutations(["float16", "float32", "float64"], 2):
        x = mt.ones(2, dtype=getattr(mt, first), requires_grad=True)
        y = mt.ones(2, dtype=getattr(mt, second), requires_grad=True)
        (x * y * 3).sum().backward()
        assert x.grad.dtype is x.dtype
        assert y.grad.dtype is y.dtype
        assert x.grad.tolist() == [3.0, 3.0]
    x = mt.tensor([2.0], dtype=mt.float64, requires_grad=True)
    (g,) = mt.autograd.grad((x.float() ** 3).sum(), x, create_graph=True)
    assert mt.autograd.grad(g, x)[0].tolist() == [12.0]


DIVISION = [(7, 3), (-7, 3), (7, -3), (-7, -3), (0, 5)]


@pytest.mark.parametrize("name", ["int64", "int8", "float32", "float64"])
def test_integer_division_and_remainder_signs(name: str) -> None:
    for a, b in DIVISION:
        for op in (
            lambda m, x, y: x // y,
            lambda m, x, y: x % y,
            lambda m, x, y: m.div(x, y, rounding_mode="trunc"),
            lambda m, x, y: m.div(x, y, rounding_mode="floor"),
            lambda m, x, y: x / y,
        ):
            ours, theirs = (
                outcome(
                    lambda m=m: op(
                        m,
                        m.tensor([a], dtype=getattr(m, name)),
                        m.tensor([b], dtype=getattr(m, name)),
                    )
                )
                for m in (mt, torch)
            )
            assert ours == theirs, (a, b)


def test_division_by_zero() -> None:
    for value in (1.0, -1.0, 0.0):
        for op in (operator.truediv, operator.floordiv, operator.mod):
            ours, theirs = (op(m.tensor([value]), m.tensor([0.0])) for m in (mt, torch))
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        mt.tensor([1]) // 0


def test_default_dtype() -> None:
    assert mt.get_default_dtype() is mt.float32
    mt.set_default_dtype(mt.float64)
    try:
        assert mt.tensor([1.0]).dtype is mt.float64
        assert (mt.tensor([1]) * 0.5).dtype is mt.float64
        assert mt.zeros(1).dtype is mt.float64
    finally:
        mt.set_default_dtype(mt.float32)
    with pytest.raises(TypeError, match="floating-point"):
        mt.set_default_dtype(mt.int64)


MAKERS = [
    lambda m: m.tensor(1.5),
    lambda m: m.tensor([1, 2]),
    lambda m: m.tensor([1, 2.5]),
    lambda m: m.tensor([True, False]),
    lambda m: m.tensor([[]]),
    lambda m: m.tensor([]),
    lambda m: m.tensor(np.array([1, 2], np.int32)),
    lambda m: m.tensor(np.float64(1.5)),
    lambda m: m.tensor([np.float32(1), np.float32(2)]),
    lambda m: m.tensor([m.tensor(1.0), m.tensor(2.0)]),
    lambda m: m.tensor([2.7, -1.5], dtype=m.int64),
    lambda m: m.arange(5),
    lambda m: m.arange(1, 2, 0.25),
    lambda m: m.arange(5, 0, -2),
    lambda m: m.arange(3, dtype=m.float32),
    lambda m: m.arange(0.0, 0.3, 0.1),
    lambda m: m.linspace(0, 1, 7),
    lambda m: m.linspace(-3, 10, 5, dtype=m.float64),
    lambda m: m.linspace(2, 5, 1),
    lambda m: m.full((2,), 7),
    lambda m: m.full((2, 2), 0.5),
    lambda m: m.full((1,), True),
    lambda m: m.eye(2, 3),
    lambda m: m.zeros(2, 0),
    lambda m: m.ones((2, 1), dtype=m.int8),
    lambda m: m.ones_like(m.zeros(2, dtype=m.int32)),
    lambda m: m.full_like(m.zeros(2), 3),
    lambda m: m.Tensor([1, 2]),
    lambda m: m.Tensor(0, 3),
    lambda m: m.as_tensor([1.0]),
    lambda m: m.from_numpy(np.arange(3)),
]


@pytest.mark.parametrize("number", range(len(MAKERS)))
def test_factories(number: int) -> None:
    ours, theirs = MAKERS[number](mt), MAKERS[number](torch)
    assert (str(ours.dtype), tuple(ours.shape)) == (str(theirs.dtype), tuple(theirs.shape))
    assert ours.tolist() == theirs.tolist()


BAD = [
    lambda m: m.tensor([[1, 2], [3]]),
    lambda m: m.tensor("text"),
    lambda m: m.tensor([1, "a"]),
    lambda m: m.arange(0, 3, 0),
    lambda m: m.arange(0, 3, -1),
    lambda m: m.zeros(-1),
    lambda m: m.from_numpy([1]),
    lambda m: m.from_numpy(np.arange(3)[::-1]),
    lambda m: m.from_numpy(np.array(["a"])),
    lambda m: m.tensor([1], requires_grad=True),
    lambda m: m.zeros(1, device="nonsense"),
    lambda m: m.randint(5, 5, (1,)),
    lambda m: m.ones(2) - m.tensor([True, False]),
    lambda m: -m.tensor([True]),
    lambda m: m.ones(2).int().mean(),
    lambda m: m.ones(2, 3) + m.ones(2),
    lambda m: m.ones(2, 3) @ m.ones(2),
    lambda m: m.ones(2).double() @ m.ones(2),
    lambda m: m.tensor([2]) ** -1,
    lambda m: m.ones(2) & m.ones(2),
    lambda m: ~m.ones(2),
    lambda m: m.where(m.ones(2), 1.0, 2.0),
    lambda m: m.ones(2).clamp(),
    lambda m: m.ones(0).max(),
    lambda m: m.ones(0).argmax(),
    lambda m: m.ones(0, 2).amax(0),
    lambda m: m.ones(2).sum(1),
    lambda m: m.ones(2).sum((0, 0)),
    lambda m: m.ones(6).view(4),
    lambda m: m.ones(2, 3).t().view(6),
    lambda m: m.ones(6).reshape(-1, -1),
    lambda m: m.ones(2, 3).permute(0),
    lambda m: m.ones(2, 3).permute(0, 0),
    lambda m: m.ones(2, 3).expand(3, 3),
    lambda m: m.cat([]),
    lambda m: m.cat([m.ones(()), m.ones(())]),
    lambda m: m.cat([m.ones(2, 1), m.ones(3, 2)]),
    lambda m: m.stack([m.ones(2), m.ones(3)]),
    lambda m: m.ones(4).split([1, 2]),
    lambda m: m.ones(2, 2, 2).t(),
    lambda m: m.ones(2).squeeze(3),
    lambda m: len(m.ones(())),
    lambda m: list(m.ones(())),
    lambda m: m.ones(2).item(),
    lambda m: m.ones(2).normal_(0, -1),
    lambda m: m.ones(2).uniform_(1, 0),
    lambda m: m.ones(2).bernoulli_(2.0),
    lambda m: m.ones(2, nonsense=1),
    lambda m: m.softmax(m.ones(2).long(), 0),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input_raises_what_pytorch_raises(number: int) -> None:
    with pytest.raises(Exception) as theirs:
        BAD[number](torch)
    with pytest.raises(theirs.type):
        BAD[number](mt)
