"""Transforms, constraints and the tables between them: PyTorch's values, shapes and refusals."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

Make = Callable[[Any, Any], Any]  # from m and m.distributions to a transform
REAL = np.array([[0.3, -1.2, 0.7], [2.0, -0.1, 0.0]])
CHOLESKY = np.array([[0.5, 0.0, 0.0], [0.3, 0.9, 0.0], [-0.2, 0.4, 1.1]])


def double(m: Any, values: Any) -> Any:
    return m.tensor(values, dtype=m.float64)


MADE: dict[str, tuple[Make, Any]] = {
    "Abs": (lambda m, d: d.AbsTransform(), REAL),
    "Affine": (lambda m, d: d.AffineTransform(double(m, [1.0, 2.0, 3.0]), -2.0), REAL),
    "Affine, numbers": (lambda m, d: d.AffineTransform(1, 3), REAL),
    "Affine, zero": (lambda m, d: d.AffineTransform(1, double(m, [0.5, -1.0, 2.0])), REAL),
    "Affine, vectors": (lambda m, d: d.AffineTransform(0.0, double(m, [1, -2, 3.0]), 1), REAL),
    "Affine, of a number": (lambda m, d: d.AffineTransform(0.0, -2.0, event_dim=2), REAL),
    "Cat": (
        lambda m, d: d.CatTransform(
            [d.ExpTransform(), d.AffineTransform(1.0, 2.0)], dim=1, lengths=[1, 2]
        ),
        REAL,
    ),
    "Cat, from the end": (
        lambda m, d: d.CatTransform(
            [d.SigmoidTransform(), d.identity_transform], dim=-1, lengths=[2, 1]
        ),
        REAL,
    ),
    "Cat, of vectors": (
        lambda m, d: d.CatTransform(
            [d.ExpTransform(), d.IndependentTransform(d.TanhTransform(), 1)], dim=-1, lengths=[1, 2]
        ),
        REAL,
    ),
    "Compose": (lambda m, d: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(2.0)]), REAL),
    "Compose, vectors": (
        lambda m, d: d.ComposeTransform(
            [d.AffineTransform(0.5, 2.0), d.StickBreakingTransform(), d.ExpTransform()]
        ),
        REAL,
    ),
    "Compose, nothing": (lambda m, d: d.ComposeTransform([]), REAL),
    "CorrCholesky": (lambda m, d: d.CorrCholeskyTransform(), REAL),
    "CumulativeDistribution": (
        lambda m, d: d.CumulativeDistributionTransform(d.Normal(double(m, 0.5), 2.0)),
        REAL,
    ),
    "Exp": (lambda m, d: d.ExpTransform(), REAL),
    "Independent": (lambda m, d: d.IndependentTransform(d.SigmoidTransform(), 1), REAL),
    "LowerCholesky": (lambda m, d: d.LowerCholeskyTransform(), np.stack([CHOLESKY, CHOLESKY + 1])),
    "PositiveDefinite": (lambda m, d: d.PositiveDefiniteTransform(), CHOLESKY + 0.2),
    "Power": (lambda m, d: d.PowerTransform(double(m, [0.5, -2.0, 3.0])), np.abs(REAL) + 0.1),
    "Reshape": (lambda m, d: d.ReshapeTransform((2, 3), (3, 2)), np.stack([REAL, REAL])),
    "Sigmoid": (lambda m, d: d.SigmoidTransform(), REAL * 9),
    "Softmax": (lambda m, d: d.SoftmaxTransform(), REAL),
    "Softplus": (lambda m, d: d.SoftplusTransform(), REAL),
    "Stack": (lambda m, d: d.StackTransform([d.ExpTransform(), d.TanhTransform()]), REAL),
    "Stack, from the end": (
        lambda m, d: d.StackTransform([d.ExpTransform(), d.AbsTransform(), d.TanhTransform()], -1),
        REAL,
    ),
    "StickBreaking": (lambda m, d: d.StickBreakingTransform(), REAL),
    "Tanh": (lambda m, d: d.TanhTransform(), REAL),
    "identity": (lambda m, d: d.identity_transform, REAL),
}
MADE |= {
    f"inverse of {name}": (lambda m, d, make=make: make(m, d).inv, x)
    for name, (make, x) in MADE.items()
}


def attempt(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (NotImplementedError, ValueError, AssertionError) as error:
        return type(error), str(error)


def described(m: Any, make: Make, x: Any, backwards: bool) -> Any:
    """All that a transform tells: in tensors, and in words."""
    t = make(m, m.distributions)
    if backwards:  # the value that the transform itself makes
        x = t.inv(double(m, x)).detach().numpy()
    leaf = double(m, x).requires_grad_()
    y = t(leaf)
    back = attempt(lambda: t.inv(y))
    logarithm = attempt(lambda: t.log_abs_det_jacobian(leaf, y))
    tensors = [part for part in (y, back, logarithm) if hasattr(part, "backward")]
    gradients = []
    for part in tensors:
        weights = m.arange(part.numel(), dtype=m.float64).cos().reshape(part.shape)
        total = (part * weights).sum() + 0 * leaf.sum()
        gradients.append(m.autograd.grad(total, leaf, retain_graph=True)[0])
    words = [
        repr(t) if "distribution" not in repr(t) else "",
        *(
            str(attempt(lambda end=end: getattr(t, end).event_dim))
            for end in ("domain", "codomain")
        ),
        *(str(attempt(lambda end=end: repr(getattr(t, end)))) for end in ("domain", "codomain")),
        str(attempt(lambda: t.event_dim)),
        str(attempt(lambda: float(m.as_tensor(t.sign).sum()))).replace("minitorch", "torch"),
        bool(t.bijective),
        tuple(t.forward_shape(leaf.shape)),
        tuple(t.inverse_shape(y.shape)),
        [type(part).__name__ for part in (back, logarithm)],
        t == make(m, m.distributions),
        t == t.inv,
        t == m.distributions.SoftmaxTransform(),
    ]
    return tensors + gradients, words


@pytest.mark.parametrize("name", MADE)
def test_transforms_are_pytorchs(name: str) -> None:
    make, x = MADE[name]
    (ours, words), (theirs, their_words) = (
        described(m, make, x, name.startswith("inverse")) for m in (minitorch, the_torch())
    )
    assert words == their_words
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-9, 1e-9)


@pytest.mark.parametrize("name", [name for name in MADE if "inverse" not in name])
def test_a_cache_gives_back_the_very_value(name: str) -> None:
    make, x = MADE[name]
    t = make(minitorch, minitorch.distributions)
    cached = t.with_cache()
    assert cached.with_cache(1) is cached and t.with_cache(0) is t
    value = double(minitorch, x)
    y = cached(value)
    assert cached.inv(y) is value or name in ("Compose", "Compose, vectors")
    assert (cached(value) is y) or name.startswith("Compose")
    assert cached.inv.inv is cached
    np.testing.assert_array_equal(cached(value).numpy(), t(value).numpy())
    for other in (copy.deepcopy(cached), pickle.loads(pickle.dumps(cached))):
        np.testing.assert_array_equal(other(value).numpy(), y.numpy())


@pytest.mark.parametrize(
    "name", [n for n in MADE if "inverse" not in n and n not in ("Abs", "Softmax", "LowerCholesky")]
)
def test_logarithms_are_those_of_the_jacobian(name: str) -> None:
    """Of one value's, as `torch.autograd.functional.jacobian` gives it."""
    m, (make, x) = minitorch, MADE[name]
    t = make(m, m.distributions)
    if not t.bijective or "Stack" in name or "Cat" in name:
        pytest.skip("not bijective, or of several values")
    value = double(m, x)
    dim = t.domain.event_dim
    one = value.reshape(-1, *value.shape[value.dim() - dim :])[0]
    if t(one).dim() != t.codomain.event_dim:
        pytest.skip("its parameters have dimensions of their own")
    flat = {
        "CorrCholesky": lambda y: y[tuple(np.tril_indices(3, -1))],
        "StickBreaking": lambda y: y[:-1],
        "Compose, vectors": lambda y: y[:-1],
    }.get(name, lambda y: y.reshape(-1))
    jacobian = m.autograd.functional.jacobian(
        lambda z: flat(t(z.reshape(one.shape))), one.reshape(-1)
    )
    expected = np.linalg.slogdet(jacobian.numpy())[1]
    if name == "Compose, vectors":  # of the simplex's K coordinates, all are stretched
        expected += t(one)[-1].log().item()
    np.testing.assert_allclose(t.log_abs_det_jacobian(one, t(one)).item(), expected, 1e-9)


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "cache": lambda m, d: d.ExpTransform(cache_size=2),
    "no cache": lambda m, d: type(
        "T", (d.Transform,), {"__init__": lambda self: d.Transform.__init__(self)}
    )().with_cache(1),
    "reshape": lambda m, d: d.ReshapeTransform((2,), (3,)),
    "reshape shape": lambda m, d: d.ReshapeTransform((2,), (1, 2)).forward_shape(m.Size((3,))),
    "reshape dims": lambda m, d: d.ReshapeTransform((2,), (1, 2)).inverse_shape(m.Size((2,))),
    "correlations": lambda m, d: d.CorrCholeskyTransform().forward_shape(m.Size((2,))),
    "correlations back": lambda m, d: d.CorrCholeskyTransform().inverse_shape(m.Size((2, 3))),
    "correlations dims": lambda m, d: d.CorrCholeskyTransform().inverse_shape(m.Size((2,))),
    "softmax": lambda m, d: d.SoftmaxTransform().forward_shape(m.Size(())),
    "stick": lambda m, d: d.StickBreakingTransform().inverse_shape(m.Size(())),
    "independent": lambda m, d: d.IndependentTransform(d.ExpTransform(), 2)(m.ones(2)),
    "cat of": lambda m, d: d.CatTransform([3]),
    "cat lengths": lambda m, d: d.CatTransform([d.ExpTransform()], lengths=[1, 2]),
    "cat length": lambda m, d: d.CatTransform([d.ExpTransform()])(m.ones(3)),
    "cat dim": lambda m, d: d.CatTransform([d.ExpTransform()], dim=2).inv(m.ones(3)),
    "stack of": lambda m, d: d.StackTransform([3]),
    "stack length": lambda m, d: d.StackTransform([d.ExpTransform()])(m.ones(3)),
    "stack logarithm": lambda m, d: d.StackTransform([d.ExpTransform()]).log_abs_det_jacobian(
        m.ones(1), m.ones(3)
    ),
    "no sign": lambda m, d: d.SoftmaxTransform().sign,
    "no logarithm": lambda m, d: d.AbsTransform().log_abs_det_jacobian(m.ones(1), m.ones(1)),
    "no event_dim": lambda m, d: d.CorrCholeskyTransform().event_dim,
    "triangle": lambda m, d: d.utils.vec_to_tril_matrix(m.ones(4)),
    "diagonal": lambda m, d: d.utils.tril_matrix_to_vec(m.ones(2, 2), diag=2),
    "no constraint": lambda m, d: d.biject_to.register(3, abs),
    "no transform": lambda m, d: d.biject_to(d.constraints.boolean),
    "no transform yet": lambda m, d: d.biject_to(d.Uniform.support),
    "no bijection": lambda m, d: d.biject_to(d.constraints.lower_cholesky),
    "dependent": lambda m, d: d.constraints.dependent.check(m.ones(1)),
    "dependent dims": lambda m, d: d.constraints.dependent.event_dim,
    "dependent discrete": lambda m, d: d.constraints.dependent.is_discrete,
    "independent of": lambda m, d: d.constraints.independent(3, 1),
    "independent dims": lambda m, d: d.constraints.independent(d.constraints.real, -1),
    "independent value": lambda m, d: d.constraints.real_vector.check(m.tensor(1.0)),
    "mixture of": lambda m, d: d.constraints.MixtureSameFamilyConstraint(3),
    "constraints": lambda m, d: d.constraints.stack([3]),
    "constraints' lengths": lambda m, d: d.constraints.cat([d.constraints.real], lengths=[1, 2]),
    "constraints' dim": lambda m, d: d.constraints.cat([d.constraints.real], 1).check(m.ones(1)),
    "nothing": lambda m, d: d.constraints.Constraint().check(m.ones(1)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_pytorchs(what: str) -> None:
    torch = the_torch()
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch, torch.distributions)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](minitorch, minitorch.distributions)
    assert str(ours.value) == str(theirs.value)


VALUES: dict[str, Any] = {
    "numbers": [-1.0, 0.0, 0.4, 1.0, 2.0, 2.5, float("nan"), float("inf")],
    "shares": [[0.3, 0.7, 0.0], [0.5, 0.6, -0.1], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]],
    "matrices": [
        CHOLESKY, CHOLESKY @ CHOLESKY.T, CHOLESKY.T, -np.eye(3), np.zeros((3, 3)),
        np.linalg.cholesky([[1.0, 0.3, 0.2], [0.3, 1.0, -0.4], [0.2, -0.4, 1.0]]),
        np.full((3, 3), np.nan),
    ],
    "oblongs": np.ones((2, 2, 3)),
}  # fmt: skip
CONSTRAINTS: dict[str, Callable[[Any, Any], Any]] = {
    name: lambda m, c, name=name: getattr(c, name)
    for name, value in vars(minitorch.distributions.constraints).items()
    if isinstance(value, minitorch.distributions.constraints.Constraint) and name != "dependent"
} | {
    "cat": lambda m, c: c.cat([c.positive, c.unit_interval], -1, [1, 2]),
    "cat, one each": lambda m, c: c.cat([c.positive, c.unit_interval, c.boolean], -1),
    "greater_than": lambda m, c: c.greater_than(0.4),
    "greater_than_eq": lambda m, c: c.greater_than_eq(m.tensor(0.4, dtype=m.float64)),
    "half_open_interval": lambda m, c: c.half_open_interval(0.4, 2.5),
    "independent": lambda m, c: c.independent(c.positive, 2),
    "integer_interval": lambda m, c: c.integer_interval(0, 1),
    "interval": lambda m, c: c.interval(m.tensor(0.4, dtype=m.float64), 2),
    "less_than": lambda m, c: c.less_than(2),
    "mixture": lambda m, c: c.MixtureSameFamilyConstraint(c.positive),
    "mixture, vectors": lambda m, c: c.MixtureSameFamilyConstraint(c.simplex),
    "multinomial": lambda m, c: c.multinomial(1),
    "stack": lambda m, c: c.stack([c.positive, c.real], 0),
    "stack, within": lambda m, c: c.stack([c.real_vector, c.simplex], -1),
}


def checked(m: Any, name: str) -> Any:
    constraint = CONSTRAINTS[name](m, m.distributions.constraints)
    told = [
        repr(constraint) if "object at" not in repr(constraint) else "",
        constraint.is_discrete,
        constraint.event_dim,
        m.distributions.constraints.is_dependent(constraint),
    ]
    for kind, values in VALUES.items():
        try:
            found = constraint.check(m.tensor(np.array(values)))
            told.append([kind, str(found.dtype), found.tolist()])
        except (RuntimeError, IndexError, ValueError, AssertionError):
            told.append([kind, "refused"])  # for too few dimensions
    return told


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_are_pytorchs(name: str) -> None:
    assert checked(minitorch, name) == checked(the_torch(), name)


@pytest.mark.parametrize("table", ["biject_to", "transform_to"])
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_tables_are_pytorchs(name: str, table: str) -> None:
    found = []
    for m in (minitorch, the_torch()):
        constraint = CONSTRAINTS[name](m, m.distributions.constraints)
        t = attempt(lambda d=m.distributions, c=constraint: getattr(d, table)(c))
        if isinstance(t, tuple):
            found.append(t[0])
            continue
        x = double(m, np.stack([REAL.T @ REAL, REAL.T @ REAL + 1]))
        y = attempt(lambda t=t, x=x: t(x))
        found.append([repr(t) if "Cat" not in repr(t) and "Stack" not in repr(t) else "", y])
        if name not in ("positive_semidefinite", "corr_cholesky", "positive_definite"):
            assert isinstance(y, tuple) or constraint.check(y).all()
    if isinstance(found[1], list) and not isinstance(found[1][1], tuple):
        np.testing.assert_allclose(found[0].pop().numpy(), found[1].pop().numpy(), 1e-9, 1e-9)
    assert found[0] == found[1]


def test_tables_take_more() -> None:
    d = minitorch.distributions

    class Mine(d.constraints.Constraint):
        pass

    registry = d.constraint_registry.ConstraintRegistry()
    registry.register(Mine())(lambda constraint: d.ExpTransform())
    assert registry(Mine()) == d.ExpTransform()


@pytest.mark.parametrize("diag", [-2, -1, 0, 1])
def test_triangles(diag: int) -> None:
    matrix = np.arange(32.0).reshape(2, 4, 4)
    vectors = [
        m.distributions.utils.tril_matrix_to_vec(m.tensor(matrix), diag)
        for m in (minitorch, the_torch())
    ]
    np.testing.assert_array_equal(*(v.numpy() for v in vectors))
    if diag <= 0:
        back = [
            m.distributions.utils.vec_to_tril_matrix(v, diag).numpy()
            for v, m in zip(vectors, (minitorch, the_torch()), strict=True)
        ]
        np.testing.assert_array_equal(*back)
