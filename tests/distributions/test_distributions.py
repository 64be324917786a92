"""Distributions: PyTorch's samples, densities, gradients, divergences and refusals."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

Make = Callable[[Any, Any, list[Any]], Any]  # from m, m.distributions and leaves to one


def leaf(m: Any, values: Any, leaves: list[Any]) -> Any:
    made = m.tensor(values, dtype=m.float64, requires_grad=True)
    leaves.append(made)
    return made


MATRIX = [[2.0, 0.3, -0.2], [0.3, 1.5, 0.4], [-0.2, 0.4, 1.0]]
FACTOR = [[1.5, 0.0, 0.0], [0.3, 1.2, 0.0], [-0.2, 0.4, 0.8]]
MADE: dict[str, Make] = {
    "Normal": lambda m, d, x: d.Normal(leaf(m, [0.5, -1.0], x), leaf(m, [[1.0], [2.5]], x)),
    "Normal, numbers": lambda m, d, x: d.Normal(1, 2.0),
    "Normal, a number": lambda m, d, x: d.Normal(leaf(m, [0.5, -1.0], x), 2),
    "Normal, expanded": lambda m, d, x: d.Normal(leaf(m, 0.5, x), 2.0).expand([3, 2]),
    "Uniform": lambda m, d, x: d.Uniform(leaf(m, [0.0, -1.0], x), leaf(m, [[1.0], [2.5]], x)),
    "Uniform, numbers": lambda m, d, x: d.Uniform(-1, 2.0),
    "Uniform, expanded": lambda m, d, x: d.Uniform(leaf(m, [0.5], x), 2.0).expand((2, 1)),
    "Bernoulli": lambda m, d, x: d.Bernoulli(leaf(m, [0.0, 0.3, 0.5, 1.0], x)),
    "Bernoulli, inner": lambda m, d, x: d.Bernoulli(probs=leaf(m, [0.2, 0.7], x)),
    "Bernoulli, logits": lambda m, d, x: d.Bernoulli(logits=leaf(m, [[-2.0], [0.4]], x)),
    "Bernoulli, a number": lambda m, d, x: d.Bernoulli(0.3),
    "Bernoulli, expanded": lambda m, d, x: d.Bernoulli(leaf(m, [0.2, 0.7], x)).expand([3, 2]),
    "Categorical": lambda m, d, x: d.Categorical(leaf(m, [0.5, 1.5, 2.0], x)),
    "Categorical, zeros": lambda m, d, x: d.Categorical(leaf(m, [[0.0, 1.0], [0.5, 0.5]], x)),
    "Categorical, logits": lambda m, d, x: d.Categorical(
        logits=leaf(m, [[0.5, -1.5], [2.0, 0.1], [0.0, 0.0]], x)
    ),
    "Categorical, expanded": lambda m, d, x: d.Categorical(
        logits=leaf(m, [0.5, -1.5, 0.3], x)
    ).expand((2, 2)),
    "MultivariateNormal": lambda m, d, x: d.MultivariateNormal(
        leaf(m, [0.5, -1.0, 0.0], x), leaf(m, MATRIX, x)
    ),
    "MultivariateNormal, precision": lambda m, d, x: d.MultivariateNormal(
        leaf(m, [[0.5, -1.0, 0.0], [1.0, 2.0, 3.0]], x), precision_matrix=leaf(m, MATRIX, x)
    ),
    "MultivariateNormal, factor": lambda m, d, x: d.MultivariateNormal(
        leaf(m, [0.5, -1.0, 0.0], x), scale_tril=leaf(m, [FACTOR, FACTOR], x)
    ),
    "MultivariateNormal, expanded": lambda m, d, x: d.MultivariateNormal(
        leaf(m, [0.5, -1.0, 0.0], x), leaf(m, MATRIX, x)
    ).expand([2]),
}


def value_of(p: Any, m: Any) -> Any:
    """Values in the support, the same in both frameworks."""
    kind = type(p).__name__
    shape = (2, *p.batch_shape, *p.event_shape)
    rng = np.random.default_rng(3)
    if kind == "Bernoulli":
        return m.tensor(rng.integers(0, 2, shape).tolist(), dtype=m.float64)
    if kind == "Categorical":
        return m.tensor(rng.integers(0, p.param_shape[-1], shape).tolist())
    spread = (0.75, 0.99) if kind == "Uniform" else (-2, 2)
    return m.tensor(rng.uniform(*spread, shape).tolist(), dtype=m.float64)


METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "sample": lambda p, m: [p.sample(), p.sample((3,)), p.sample([2, 20])],
    "rsample": lambda p, m: [p.rsample(), p.rsample((2, 3))],
    "log_prob": lambda p, m: p.log_prob(value_of(p, m)),
    "cdf": lambda p, m: p.cdf(value_of(p, m)),
    "icdf": lambda p, m: p.icdf(m.tensor(0.3, dtype=m.float64)),
    "entropy": lambda p, m: p.entropy(),
    "perplexity": lambda p, m: p.perplexity(),
    "mean": lambda p, m: p.mean,
    "mode": lambda p, m: p.mode,
    "variance": lambda p, m: p.variance,
    "stddev": lambda p, m: p.stddev,
    "enumerate_support": lambda p, m: [p.enumerate_support(), p.enumerate_support(expand=False)],
    "probs": lambda p, m: p.probs,
    "logits": lambda p, m: p.logits,
    "matrices": lambda p, m: [p.scale_tril, p.covariance_matrix, p.precision_matrix],
    "shapes": lambda p, m: [str(p.batch_shape), str(p.event_shape), p.has_rsample],
    "support": lambda p, m: p.support.check(value_of(p, m)),
    "divergence of itself": lambda p, m: m.distributions.kl_divergence(p, p),
}


def described(value: Any, leaves: list[Any], m: Any) -> Any:
    """Values, dtypes, shapes, and the gradients of a weighted sum."""
    parts = value if isinstance(value, list) else [value]
    total = 0
    for part in parts:
        if getattr(part, "requires_grad", False):
            weights = m.arange(part.numel(), dtype=m.float64).cos().reshape(part.shape)
            total = (
                total + (part * weights).nan_to_num(0, 0, 0).sum()
                if False
                else (total + (m.where(m.isfinite(part), part, m.zeros_like(part)) * weights).sum())
            )
    gradients = []
    if leaves and hasattr(total, "backward"):
        gradients = m.autograd.grad(total, leaves, allow_unused=True)
    return [
        [str(getattr(part, "dtype", "")), tuple(getattr(part, "shape", ())), part] for part in parts
    ], gradients


def run(m: Any, make: Make, method: Any) -> Any:
    leaves: list[Any] = []
    p = make(m, m.distributions, leaves)
    m.manual_seed(7)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = described(method(p, m), leaves, m)
    except (NotImplementedError, AttributeError) as error:
        return type(error), None
    return outcome, m.get_rng_state()


def close(ours: Any, theirs: Any, what: str) -> None:
    if hasattr(theirs, "detach"):
        is_single = str(theirs.dtype) == "torch.float32" or "number" in what
        tolerance = 1e-6 if is_single else 1e-9
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.detach().numpy(), tolerance, tolerance, err_msg=what
        )
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), what
        for a, b in zip(ours, theirs, strict=True):
            close(a, b, what)
    else:
        assert ours == theirs, what


def both(make: Make, method: Any, what: str) -> Any:
    (ours, state), (theirs, their_state) = (
        run(minitorch, make, method),
        run(the_torch(), make, method),
    )
    close(ours, theirs, what)
    if state is not None:
        assert state.tolist() == their_state.tolist(), f"{what}: what was drawn"
    return theirs


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MADE)
def test_methods_are_pytorchs(name: str, method: str) -> None:
    both(MADE[name], METHODS[method], f"{name}: {method}")


PAIRS: dict[str, tuple[Make, Make]] = {
    "normal": (MADE["Normal"], MADE["Normal, a number"]),
    "uniform within": (MADE["Uniform, expanded"], MADE["Uniform"]),
    "uniform beyond": (MADE["Uniform"], lambda m, d, x: d.Uniform(leaf(m, -9.0, x), 1.5)),
    "uniform from normal": (MADE["Uniform"], MADE["Normal"]),
    "normal from uniform": (MADE["Normal"], MADE["Uniform"]),
    "bernoulli": (
        MADE["Bernoulli, inner"],
        lambda m, d, x: d.Bernoulli(logits=leaf(m, [-2.0, 0.4], x)),
    ),
    "bernoulli at the ends": (MADE["Bernoulli"], MADE["Bernoulli"]),
    "bernoulli from the ends": (
        lambda m, d, x: d.Bernoulli(leaf(m, [0.5, 0.1, 0.2, 0.3], x)),
        MADE["Bernoulli"],
    ),
    "categorical": (MADE["Categorical, logits"], MADE["Categorical, logits"]),
    "categorical, zeros": (
        lambda m, d, x: d.Categorical(leaf(m, [[0.4, 0.6], [0.5, 0.5]], x)),
        MADE["Categorical, zeros"],
    ),
    "multivariate": (MADE["MultivariateNormal"], MADE["MultivariateNormal, factor"]),
    "multivariate, batch": (MADE["MultivariateNormal, factor"], MADE["MultivariateNormal"]),
    "no such pair": (MADE["Normal"], MADE["Bernoulli"]),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_divergences_are_pytorchs(pair: str) -> None:
    def make(m: Any, d: Any, x: list[Any]) -> Any:
        return [maker(m, d, x) for maker in PAIRS[pair]]

    both(make, lambda pq, m: m.distributions.kl_divergence(*pq), pair)


def test_registered_divergences() -> None:
    for m in (minitorch, the_torch()):
        d = m.distributions

        class Mine(d.Normal):
            pass

        p, q = Mine(0.0, 1.0), d.Normal(1.0, 1.0)
        assert d.kl_divergence(p, q).item() == 0.5
        d.register_kl(Mine, d.Normal)(lambda p, q: "of mine")
        assert d.kl_divergence(p, q) == "of mine"
        d.register_kl(d.Normal, Mine)(lambda p, q: "to mine")
        with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(Mine, Mine\)"):
            assert d.kl_divergence(p, p) == "of mine"
    with pytest.raises(TypeError, match="to be a Distribution subclass"):
        minitorch.distributions.register_kl(int, Mine)


REFUSED: dict[str, Make] = {
    "scale": lambda m, d, x: d.Normal(0.0, m.tensor([1.0, -1.0])),
    "loc": lambda m, d, x: d.Normal(float("nan"), 1.0),
    "text": lambda m, d, x: d.Normal("0", 1.0),
    "bounds": lambda m, d, x: d.Uniform(1.0, 0.0),
    "a probability": lambda m, d, x: d.Bernoulli(1.5),
    "both": lambda m, d, x: d.Bernoulli(0.5, 0.5),
    "neither": lambda m, d, x: d.Bernoulli(),
    "categorical both": lambda m, d, x: d.Categorical(m.ones(2), m.ones(2)),
    "categorical a number": lambda m, d, x: d.Categorical(m.tensor(0.5)),
    "categorical logits": lambda m, d, x: d.Categorical(logits=m.tensor(0.5)),
    "categorical negative": lambda m, d, x: d.Categorical(m.tensor([1.5, -0.5])),
    "no vector": lambda m, d, x: d.MultivariateNormal(m.tensor(0.5), m.eye(1)),
    "no matrix": lambda m, d, x: d.MultivariateNormal(m.ones(2)),
    "two matrices": lambda m, d, x: d.MultivariateNormal(m.ones(2), m.eye(2), m.eye(2)),
    "a vector for a matrix": lambda m, d, x: d.MultivariateNormal(m.ones(2), m.ones(2)),
    "a vector for a factor": lambda m, d, x: d.MultivariateNormal(m.ones(2), scale_tril=m.ones(2)),
    "an indefinite matrix": lambda m, d, x: d.MultivariateNormal(m.ones(2), -m.eye(2)),
    "an asymmetric matrix": lambda m, d, x: d.MultivariateNormal(
        m.ones(2), m.tensor([[1.0, 0.5], [0.0, 1.0]])
    ),
    "no factor": lambda m, d, x: d.MultivariateNormal(m.ones(2), scale_tril=m.ones(2, 2)),
    "a value outside": lambda m, d, x: d.Uniform(0.0, 1.0).log_prob(m.tensor(2.0)),
    "a value that is no bit": lambda m, d, x: d.Bernoulli(0.5).log_prob(m.tensor(0.5)),
    "no such number": lambda m, d, x: d.Categorical(m.ones(3)).log_prob(m.tensor(3)),
    "half a number": lambda m, d, x: d.Categorical(m.ones(3)).log_prob(m.tensor(0.5)),
    "no tensor": lambda m, d, x: d.Normal(0.0, 1.0).log_prob(0.5),
    "another shape": lambda m, d, x: d.Normal(m.zeros(2), 1.0).log_prob(m.ones(3)),
    "another event": lambda m, d, x: d.MultivariateNormal(m.ones(2), m.eye(2)).log_prob(m.ones(3)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_pytorchs(what: str) -> None:
    torch = the_torch()
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch, torch.distributions, [])
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](minitorch, minitorch.distributions, [])
    assert str(ours.value) == str(theirs.value)


def test_checks_can_be_turned_off() -> None:
    d = minitorch.distributions
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1.0
    d.Distribution.set_default_validate_args(False)
    try:
        assert d.Normal(0.0, -1.0).scale.item() == -1.0
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="True or False"):
        d.Distribution.set_default_validate_args(3)


@pytest.mark.parametrize("name", MADE)
def test_they_print_as_pytorchs(name: str) -> None:
    torch = the_torch()
    theirs = repr(MADE[name](torch, torch.distributions, []))
    assert repr(MADE[name](minitorch, minitorch.distributions, [])) == theirs


def test_samples_in_float32() -> None:
    for m in (minitorch, the_torch()):
        m.manual_seed(0)
        d = m.distributions
        drawn = [
            d.Normal(m.zeros(40), 2.0).sample(),
            d.Uniform(m.zeros(3), 2.0).sample((2,)),
            d.Bernoulli(m.full((20,), 0.3)).sample(),
            d.MultivariateNormal(m.zeros(2), m.eye(2)).sample((9,)),
        ]
        if m is minitorch:
            ours = drawn
    for a, b in zip(ours, drawn, strict=True):
        assert str(a.dtype) == str(b.dtype) == "torch.float32"
        np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-6, 1e-6)


def test_samples_are_outside_the_graph() -> None:
    loc = minitorch.zeros(2, requires_grad=True)
    p = minitorch.distributions.Normal(loc, 1.0)
    assert not p.sample().requires_grad and p.rsample().requires_grad
    with pytest.warns(FutureWarning, match="sample_n"):
        assert p.sample_n(3).shape == (3, 2)


def test_signatures_are_pytorchs() -> None:
    theirs = the_torch().distributions
    for name in ("Normal", "Uniform", "Bernoulli", "Categorical", "MultivariateNormal"):
        parameters = [
            [
                (p.name, p.kind, p.default)
                for p in inspect.signature(getattr(module, name)).parameters.values()
            ]
            for module in (minitorch.distributions, theirs)
        ]
        assert parameters[0] == parameters[1]
