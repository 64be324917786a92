"""The op table: running totals, differences, integrals of samples."""

from __future__ import annotations

import numpy as np

from cases.case import case, distinct, normal

WITH_ZEROS = np.array([[2.0, 0.0, 3.0, 1.5], [0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 3.0, 4.0]])


CASES = [
    case("cumsum", lambda m, x: m.cumsum(x, 1), normal(2, 3)),
    case("cumsum, negative dim", lambda m, x: x.cumsum(dim=-2), normal(2, 3, 2)),
    case("cumsum, dtype", lambda m, x: x.cumsum(0, dtype=m.float64).to(x.dtype), normal(3)),
    case("cumsum, 0-d", lambda m, x: x.cumsum(0), normal()),
    case("cumsum, empty", lambda m, x: x.cumsum(0), normal(0, 3)),
    case("cumsum, in place", lambda m, x: (x * 1).cumsum_(0), normal(3, 2)),
    case("cumprod", lambda m, x: m.cumprod(x, 0), normal(3, 2)),
    case("cumprod, zeros", lambda m, x: x.cumprod(1), lambda draws: WITH_ZEROS.copy()),
    case("cumprod, one", lambda m, x: x.cumprod(1), normal(2, 1)),
    case("cumprod, 0-d", lambda m, x: x.cumprod(-1), normal()),
    case("cumprod, empty", lambda m, x: x.cumprod(1), normal(2, 0)),
    case("cumprod, in place", lambda m, x: (x * 1).cumprod_(1), normal(2, 3)),
    case("logcumsumexp", lambda m, x: m.logcumsumexp(x, 1), normal(2, 5)),
    case("logcumsumexp, 0-d", lambda m, x: x.logcumsumexp(0), normal()),
    case("cummax", lambda m, x: m.cummax(x, 1), distinct(2, 5)),
    case("cummax, 0-d", lambda m, x: x.cummax(0), normal()),
    case("cummax, empty", lambda m, x: x.cummax(0), normal(0, 2)),
    case("cummin", lambda m, x: x.cummin(dim=0), distinct(5, 2)),
    case("diff", lambda m, x: m.diff(x), normal(2, 4)),
    case("diff, n", lambda m, x: x.diff(2, dim=0), normal(4, 2)),
    case("diff, n large", lambda m, x: x.diff(5), normal(2, 3)),
    case(
        "diff, prepend and append",
        lambda m, x, y, z: m.diff(x, prepend=y, append=z),
        normal(2, 3),
        normal(2, 1),
        normal(2, 2),
    ),
    case("trapezoid", lambda m, y: m.trapezoid(y), normal(2, 4)),
    case("trapezoid, x", lambda m, y, x: m.trapezoid(y, x), normal(2, 4), normal(4)),
    case("trapezoid, dx", lambda m, y: m.trapezoid(y, dx=2.5, dim=0), normal(3, 2)),
    case(
        "trapezoid, x broadcasts",
        lambda m, y, x: m.trapezoid(y, x, dim=0),
        normal(3, 2),
        normal(3, 1),
    ),
    # PyTorch's zeros are outside the graph.
    case(
        "trapezoid, empty",
        lambda m, y: m.trapezoid(y, dim=0),
        normal(0, 2),
        differentiable=False,
    ),
    case("trapz", lambda m, y, x: m.trapz(y, x, dim=0), normal(4, 2), normal(4)),
    case("cumulative_trapezoid", lambda m, y: m.cumulative_trapezoid(y), normal(2, 4)),
    case(
        "cumulative_trapezoid, x",
        lambda m, y, x: m.cumulative_trapezoid(y, x, dim=0),
        normal(4, 2),
        normal(4),
    ),
    case("gradient", lambda m, x: m.gradient(x), normal(3, 4)),
    case("gradient, spacing", lambda m, x: m.gradient(x, spacing=(2.0, 0.5)), normal(3, 4)),
    case(
        "gradient, places",
        lambda m, x, s: m.gradient(x, spacing=(s,), dim=1, edge_order=2),
        normal(2, 5),
        lambda draws: np.array([0.0, 1.0, 3.0, 3.5, 6.0]),
    ),
    case("gradient, edges", lambda m, x: m.gradient(x, edge_order=2, dim=0), normal(4, 2)),
    case("gradient, two", lambda m, x: m.gradient(x, dim=-1, spacing=3), normal(3, 2)),
]
