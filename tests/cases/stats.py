"""The op table: variances, medians, quantiles, counts."""

from __future__ import annotations

import numpy as np

from cases.case import Array, case, distinct, normal, positive

HOLES = np.array([[0.3, np.nan, -1.0, 2.0], [np.nan, np.nan, 1.5, -0.2], [np.nan] * 3 + [0.7]])
SHARES = np.array([0.1, 0.35, 1.0])


def holes(draws: np.random.Generator) -> Array:
    """Some values, some NaN."""
    return HOLES.copy()


def shares(m: object, x: object) -> object:
    """The module's tensor of quantiles, in x's dtype."""
    return m.tensor(SHARES.tolist(), dtype=x.dtype)  # type: ignore[attr-defined]


CASES = [
    case("var", lambda m, x: x.var(), normal(2, 3)),
    case("var, dim", lambda m, x: x.var(1, unbiased=False), normal(2, 3)),
    case("var, dims", lambda m, x: m.var(x, (0, -1), keepdim=True), normal(2, 3, 2)),
    case("var, correction", lambda m, x: x.var(0, correction=0.5), normal(3, 2)),
    case("var.unbiased", lambda m, x: m.var(x, False), normal(2, 3)),
    case("std", lambda m, x: x.std(1), normal(2, 3)),
    case(
        "std, keepdim",
        lambda m, x: x.std(0, False, True),
        normal(2, 3),
        unlike={"float16": "PyTorch's second derivative of two rows is rounding alone"},
    ),
    case("std, correction", lambda m, x: x.std(dim=None, correction=2), normal(2, 3)),
    case("std.unbiased", lambda m, x: m.std(x, True), normal(2, 3)),
    case("var_mean", lambda m, x: m.var_mean(x, 1), normal(2, 3)),
    case("var_mean, keepdim", lambda m, x: m.var_mean(x, (0, 1), keepdim=True), normal(2, 3)),
    case("var_mean.unbiased", lambda m, x: m.var_mean(x, False), normal(2, 3)),
    case("std_mean", lambda m, x: m.std_mean(x, dim=0, correction=0), normal(2, 3)),
    case("std_mean.unbiased", lambda m, x: m.std_mean(x, True), normal(2, 3)),
    case("cov", lambda m, x: m.cov(x), normal(3, 5)),
    case("cov, one", lambda m, x: x.cov(correction=0), normal(5)),
    case(
        "cov, weights",
        lambda m, x, w: m.cov(x, fweights=m.tensor([1, 2, 0, 1]), aweights=w),
        normal(3, 4),
        positive(4),
    ),
    case("corrcoef", lambda m, x: m.corrcoef(x), normal(3, 5)),
    case("corrcoef, one", lambda m, x: x.detach().corrcoef(), normal(5), differentiable=False),
    case("median", lambda m, x: m.median(x), distinct(3, 4)),
    case("median, dim", lambda m, x: x.median(1), distinct(3, 4)),
    case("median, dim, keepdim", lambda m, x: m.median(x, dim=0, keepdim=True), distinct(5, 2)),
    case("median, 0-d", lambda m, x: x.median(0), normal()),
    case("nanmedian", lambda m, x: m.nanmedian(x), distinct(3, 4)),
    case("nanmedian, dim", lambda m, x: x.nanmedian(-1), distinct(3, 4)),
    case("mode", lambda m, x: m.mode(x), distinct(3, 4)),
    case("mode, dim, keepdim", lambda m, x: x.mode(0, True), distinct(5, 2)),
    case("quantile", lambda m, x: m.quantile(x, 0.3), distinct(3, 4)),
    case("quantile, several", lambda m, x: x.quantile(shares(m, x), 1), distinct(2, 5)),
    case(
        "quantile, several, keepdim",
        lambda m, x: m.quantile(x, shares(m, x), 0, True),
        distinct(4, 3),
    ),
    case(
        "quantile, all, keepdim",
        lambda m, x: m.quantile(x, shares(m, x), keepdim=True),
        distinct(4, 3),
    ),
    *(
        case(
            f"quantile, {method}",
            lambda m, x, method=method: x.quantile(shares(m, x), -1, interpolation=method),
            distinct(3, 5),
        )
        for method in ("lower", "higher", "nearest", "midpoint")
    ),
    case(
        "quantile, of q",
        lambda m, x, q: m.quantile(x, q),
        distinct(7),
        lambda draws: SHARES[:2].copy(),
    ),
    case("nanquantile", lambda m, x: m.nanquantile(x, 0.6, dim=1), distinct(3, 4)),
    case("nanquantile, several", lambda m, x: x.nanquantile(shares(m, x)), distinct(3, 4)),
    case("histc", lambda m, x: m.histc(x, 4), normal(3, 4), differentiable=False),
    case(
        "histc, range",
        lambda m, x: x.histc(bins=3, min=-1, max=1),
        normal(20),
        differentiable=False,
    ),
    case(
        "bincount",
        lambda m, x: m.bincount(x.abs().long().reshape(-1)),
        normal(3, 4),
        differentiable=False,
    ),
    case(
        "bincount, weights",
        lambda m, w: m.bincount(m.tensor([1, 0, 1]), w.detach(), 4),
        normal(3),
        differentiable=False,
    ),
    # PyTorch has no derivative of it.
    case(
        "bincount, differentiated",
        lambda m, w: m.bincount(m.tensor([1, 0, 1]), w),
        normal(3),
        in_torch=False,
    ),
    case("nansum", lambda m, x: m.nansum(x, 1), distinct(3, 4)),
    case("nansum, all", lambda m, x: x.nansum(), distinct(3, 4)),
    case("nanmean", lambda m, x: m.nanmean(x, 0, True), distinct(3, 4)),
    case("nanmean, all", lambda m, x: x.nanmean(), distinct(3, 4)),
]
