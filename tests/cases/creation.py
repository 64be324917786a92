"""The op table: making tensors, and drawing them at random from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cases.case import Case, case, normal


def made(name: str, function: Callable[..., Any]) -> Case:
    """A row of a call that takes the module, and perhaps a tensor whose values do not matter."""
    return case(name, function, normal(2, 3), differentiable=False)


def drawn(name: str, function: Callable[..., Any]) -> Case:
    """`made`, from a seed; the next draw after it shows that as many words were taken."""

    def call(m: Any, x: Any) -> Any:
        m.manual_seed(3)
        return function(m, x.detach()), m.rand(2)

    return made(name, call)


CREATED = [
    made("arange", lambda m, x: m.arange(2, 7, 2)),
    made("arange, float", lambda m, x: m.arange(1, 2, 0.3)),
    made("arange, down", lambda m, x: m.arange(5, 1, -2, dtype=x.dtype)),
    made("arange, tensor", lambda m, x: m.arange(m.tensor(3.0))),
    made("linspace", lambda m, x: m.linspace(0, 1, 7, dtype=x.dtype)),
    made("linspace, one", lambda m, x: m.linspace(3, 1, 1)),
    made("linspace, int", lambda m, x: m.linspace(10, 0, 7, dtype=m.int64)),
    made("linspace.tensor_overload", lambda m, x: m.linspace(m.tensor(0.0), m.tensor(5), 4)),
    made("logspace", lambda m, x: m.logspace(0, 2, 5)),
    made("logspace, base", lambda m, x: m.logspace(0, 4, 5, base=2, dtype=m.int64)),
    made("logspace.tensor_overload", lambda m, x: m.logspace(m.tensor(0.0), 1, 3)),
    case(
        "meshgrid.variadic_tensors",
        lambda m, x: m.meshgrid(x[0], x[1], indexing="ij"),
        normal(2, 3),
    ),
    case(
        "meshgrid.list_of_tensors",
        lambda m, x: m.meshgrid([x[0], x[:, 0], x[0, 0]], indexing="xy"),
        normal(2, 3),
    ),
    made("zeros", lambda m, x: m.zeros(2, 3, dtype=x.dtype)),
    made("zeros, size", lambda m, x: m.zeros(size=(0, 2), layout=m.strided, pin_memory=False)),
    made("ones", lambda m, x: m.ones((2, 1), dtype=float)),
    made("full", lambda m, x: m.full((2,), True)),
    made("full, tensor", lambda m, x: m.full((2, 2), m.tensor(3), dtype=x.dtype)),
    made("empty", lambda m, x: m.empty(0, 3, memory_format=m.contiguous_format)),
    made("empty, strided", lambda m, x: m.empty_strided((2, 3), (1, 2)).fill_(1).stride()),
    made("eye", lambda m, x: m.eye(2, 3, dtype=x.dtype)),
    made("zeros_like", lambda m, x: m.zeros_like(x)),
    made("ones_like", lambda m, x: m.ones_like(x, memory_format=m.contiguous_format)),
    made("full_like", lambda m, x: m.full_like(x, 2.7)),
    made("empty_like", lambda m, x: m.empty_like(x[:0], dtype=m.int32)),
    made("new_zeros", lambda m, x: x.new_zeros(2, 2)),
    made("new_ones", lambda m, x: x.new_ones(size=(3,))),
    made("new_empty", lambda m, x: x.new_empty((0, 2), dtype=m.float64)),
    made("new_full", lambda m, x: x.new_full((2,), 3)),
    made("scalar_tensor", lambda m, x: m.scalar_tensor(3)),
    made("tril_indices", lambda m, x: m.tril_indices(2, 4, 1)),
    made("triu_indices", lambda m, x: m.triu_indices(3, 2, -1, dtype=m.int32)),
    made("fill", lambda m, x: x.detach().clone().fill_(3)),
    made("zero_", lambda m, x: x.detach().clone().zero_()),
]

DRAWN = [
    drawn("randn", lambda m, x: m.randn(4, 5)),
    drawn("randn_like", lambda m, x: m.randn_like(x[0], dtype=m.float64)),
    drawn("rand_like", lambda m, x: m.rand_like(x[0], dtype=m.float32)),
    drawn("randint", lambda m, x: m.randint(7, (3,))),
    drawn("randint, between", lambda m, x: m.randint(-3, high=4, size=(2, 2), dtype=m.float32)),
    drawn("randint_like", lambda m, x: m.randint_like(x[0].double(), 1, 5)),
    drawn("uniform", lambda m, x: m.empty(5, dtype=m.float64).uniform_(-1, 2)),
    drawn("normal", lambda m, x: m.normal(x.double(), x.double().abs())),
    drawn("normal, std", lambda m, x: m.normal(x.double(), 2.0)),
    drawn("normal.number_mean", lambda m, x: m.normal(3, x.double().abs())),
    drawn("normal.in_place", lambda m, x: m.empty(20).normal_(1, 2)),
    drawn("bernoulli", lambda m, x: m.bernoulli(m.full((9,), 0.3))),
    drawn("bernoulli, in place", lambda m, x: m.zeros(9).bernoulli_(m.full((9,), 0.3))),
    drawn("multinomial", lambda m, x: m.multinomial(m.tensor([0.1, 0.2, 0.3, 0.4]), 3)),
    drawn("multinomial, again", lambda m, x: m.tensor([[0.0, 2], [3, 1]]).multinomial(5, True)),
    drawn("multinomial, one", lambda m, x: m.multinomial(m.ones(3, dtype=m.float64), 1)),
    drawn("poisson", lambda m, x: m.poisson(m.tensor([0.5, 3.0, 20.0, 50.0]))),
    drawn("binomial", lambda m, x: m.binomial(m.tensor([4.0, 100, 0]), m.tensor([0.5, 0.3, 1]))),
    drawn("_standard_gamma", lambda m, x: m._standard_gamma(m.tensor([0.3, 1, 20]))),
    drawn("_sample_dirichlet", lambda m, x: m._sample_dirichlet(m.tensor([[0.3, 1], [9, 4]]))),
    drawn("exponential_", lambda m, x: m.empty(7).exponential_(1.3)),
    drawn("geometric_", lambda m, x: m.empty(7, dtype=m.int64).geometric_(0.3)),
    drawn("log_normal_", lambda m, x: m.empty(7, dtype=m.float64).log_normal_(0.3, 1.2)),
    drawn("cauchy_", lambda m, x: m.empty(7, dtype=m.float64).cauchy_(0.3, 1.2)),
    drawn("random_", lambda m, x: m.empty(4, dtype=m.int32).random_(5, None)),
]

FLAT = [
    case(
        "bernoulli, zero gradient",
        lambda m, x: m.bernoulli(x.abs() * 0, generator=m.Generator().manual_seed(0)),
        normal(5),
    ),
]

CASES = [*CREATED, *DRAWN, *FLAT]
