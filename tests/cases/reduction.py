"""The op table: sums, means and extremes."""

from __future__ import annotations

from cases.case import case, distinct, normal

CASES = [
    case("sum", lambda m, x: x.sum(), normal(2, 3)),
    case("sum, dim", lambda m, x: x.sum(1), normal(2, 3)),
    case("sum, dims, keepdim", lambda m, x: x.sum((0, -1), keepdim=True), normal(2, 3, 2)),
    case("sum, empty", lambda m, x: x.sum(0), normal(0, 3)),
    case("mean", lambda m, x: x.mean(), normal(2, 3)),
    case("mean, dim", lambda m, x: x.mean(0, keepdim=True), normal(2, 3)),
    case("var", lambda m, x: x.var(), normal(2, 3)),
    case("var, dim", lambda m, x: x.var(1, unbiased=False), normal(2, 3)),
    case("std", lambda m, x: x.std(1), normal(2, 3)),
    case("norm", lambda m, x: x.norm(), normal(2, 3)),
    case("norm, dim", lambda m, x: x.norm(dim=1, keepdim=True), normal(2, 3)),
    case("norm, 1", lambda m, x: x.norm(1), distinct(2, 3)),
    case("norm, 3", lambda m, x: x.norm(3), distinct(2, 3)),
    case("norm, inf", lambda m, x: x.norm(float("inf")), distinct(2, 3)),
    case("amax", lambda m, x: x.amax(1), distinct(2, 3)),
    case("amin", lambda m, x: x.amin((0, 1), keepdim=True), distinct(2, 3)),
    case("max", lambda m, x: x.max(), distinct(2, 3)),
    case("max, dim", lambda m, x: x.max(1).values, distinct(2, 3)),
    case("min, dim, keepdim", lambda m, x: x.min(0, keepdim=True)[0], distinct(2, 3)),
    case("logsumexp", lambda m, x: x.logsumexp(1), normal(2, 3)),
]
