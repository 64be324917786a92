"""The op table: sums, products, means, extremes and norms."""

from __future__ import annotations

import math

import numpy as np

from cases.case import Array, case, distinct, normal, positive

ZEROS = np.array([[2.0, 0.0, 3.0], [0.0, 1.0, 0.0], [1.0, 2.0, 3.0]])
INF = math.inf


def zeros(draws: np.random.Generator) -> Array:
    """No zero, one zero and two zeros in a row or column."""
    return ZEROS.copy()


CASES = [
    case("sum", lambda m, x: x.sum(), normal(2, 3)),
    case("sum, dim", lambda m, x: x.sum(1), normal(2, 3)),
    case("sum, dims, keepdim", lambda m, x: x.sum((0, -1), keepdim=True), normal(2, 3, 2)),
    case("sum, empty", lambda m, x: x.sum(0), normal(0, 3)),
    case("sum, no dims", lambda m, x: m.sum(x, []), normal(2, 3)),
    case("sum, 0-d", lambda m, x: x.sum(-1), normal()),
    case("sum, dtype", lambda m, x: x.sum(0, dtype=m.float64).to(x.dtype), normal(2, 3)),
    case("prod", lambda m, x: m.prod(x), normal(2, 3)),
    case("prod, dim, keepdim", lambda m, x: x.prod(1, keepdim=True), normal(2, 3)),
    case("prod, zeros", lambda m, x: x.prod(1), zeros),
    case("prod, one zero", lambda m, x: x.prod(0), lambda draws: ZEROS[:, :1] + 0.0),
    case("prod, all zeros", lambda m, x: x.prod(), zeros),
    case("prod, empty", lambda m, x: x.prod(0), normal(0, 3)),
    case("prod, 0-d", lambda m, x: x.prod(0), normal()),
    case("prod, dtype", lambda m, x: m.prod(x, dtype=m.float64).to(x.dtype), normal(3)),
    case("mean", lambda m, x: x.mean(), normal(2, 3)),
    case("mean, dim", lambda m, x: x.mean(0, keepdim=True), normal(2, 3)),
    case("mean, dtype", lambda m, x: x.mean((0, 1), dtype=m.float64).to(x.dtype), normal(2, 3)),
    case("norm", lambda m, x: x.norm(), normal(2, 3)),
    case("norm, dim", lambda m, x: x.norm(dim=1, keepdim=True), normal(2, 3)),
    case("norm, 0", lambda m, x: m.norm(x, 0, 1), normal(2, 3)),
    case("norm, 0.5", lambda m, x: x.norm(0.5, 0), positive(2, 3)),
    case("norm, 1", lambda m, x: x.norm(1), distinct(2, 3)),
    case("norm, 3", lambda m, x: x.norm(3), distinct(2, 3)),
    case(
        "norm, -1",
        lambda m, x: x.norm(-1),
        distinct(2, 3),
        unlike={"float16": "the second derivative passes through numbers beyond its range"},
    ),
    case("norm, -inf", lambda m, x: x.norm(-INF, dim=0), distinct(2, 3)),
    case("norm.inf", lambda m, x: x.norm(INF), distinct(2, 3)),
    case("norm.fro", lambda m, x: m.norm(x, "fro", (0, 1)), normal(2, 3)),
    case("linalg.vector_norm", lambda m, x: m.linalg.vector_norm(x), normal(2, 3)),
    case("linalg.vector_norm, 3", lambda m, x: m.linalg.vector_norm(x, 3, 1, True), distinct(2, 3)),
    case(
        "linalg.vector_norm, dtype",
        lambda m, x: m.linalg.vector_norm(x, dtype=m.float64).to(x.dtype),
        normal(2, 3),
    ),
    case("linalg.norm", lambda m, x: m.linalg.norm(x), normal(2, 3)),
    case("linalg.norm, 1", lambda m, x: m.linalg.norm(x, 1), distinct(2, 3)),
    case("linalg.norm, dim", lambda m, x: m.linalg.norm(x, 3, dim=0), distinct(2, 3)),
    case("linalg.matrix_norm", lambda m, x: m.linalg.matrix_norm(x), normal(2, 2, 3)),
    *(
        case(
            f"linalg.matrix_norm, {order}",
            lambda m, x, order=order: m.linalg.matrix_norm(x, order, (0, 2), keepdim=order > 0),
            distinct(2, 2, 3),
        )
        for order in (1, -1, INF, -INF)
    ),
    case("dist", lambda m, x, y: m.dist(x, y), normal(2, 3), normal(3)),
    case("dist, 1", lambda m, x, y: x.dist(y, 1), distinct(2, 3), normal(2, 3)),
    case("renorm", lambda m, x: m.renorm(x, 2, 0, 1.0), normal(3, 4)),
    case("renorm, 1", lambda m, x: x.renorm(1, -1, 2.0), distinct(3, 4)),
    case("renorm, in place", lambda m, x: (x * 1).renorm_(2, 1, 0.5), normal(3, 4)),
    case("amax", lambda m, x: x.amax(1), distinct(2, 3)),
    case("amin", lambda m, x: x.amin((0, 1), keepdim=True), distinct(2, 3)),
    case("aminmax", lambda m, x: m.aminmax(x), distinct(2, 3)),
    case("aminmax, dim", lambda m, x: x.aminmax(dim=1, keepdim=True), distinct(2, 3)),
    case("max.reduction_no_dim", lambda m, x: x.max(), distinct(2, 3)),
    case("max.reduction_with_dim", lambda m, x: x.max(1).values, distinct(2, 3)),
    case("max.reduction_with_dim, 0-d", lambda m, x: m.max(x, 0), distinct(1)),
    case("min.reduction_no_dim", lambda m, x: x.min(), distinct(2, 3)),
    case("min.reduction_with_dim", lambda m, x: x.min(0, keepdim=True), distinct(2, 3)),
    case("argmax", lambda m, x: m.argmax(x), distinct(2, 3), differentiable=False),
    case("argmax, dim", lambda m, x: x.argmax(1, True), distinct(2, 3), differentiable=False),
    case("argmin", lambda m, x: m.argmin(x, dim=-1), distinct(2, 3), differentiable=False),
    case("all", lambda m, x: m.all(x > 0), normal(2, 3), differentiable=False),
    case("all, dims", lambda m, x: x.all((0, 1), True), normal(2, 3), differentiable=False),
    case("all, no dims", lambda m, x: m.all(x, ()), normal(2, 3), differentiable=False),
    case("any", lambda m, x: m.any(x, 1), normal(2, 3), differentiable=False),
    case("any, empty", lambda m, x: x.any(0), normal(0, 3), differentiable=False),
    case("count_nonzero", lambda m, x: m.count_nonzero(x), normal(2, 3), differentiable=False),
    case("count_nonzero, dim", lambda m, x: x.count_nonzero(1), normal(2, 3), differentiable=False),
    case("allclose", lambda m, x, y: m.allclose(x, y), normal(2), normal(2), differentiable=False),
    case("equal", lambda m, x: m.equal(x, x + 0), normal(2, 3), differentiable=False),
    case("logsumexp", lambda m, x: x.logsumexp(1), normal(2, 3)),
    case("logsumexp, dims", lambda m, x: m.logsumexp(x, (0, 1), True), normal(2, 3)),
]
