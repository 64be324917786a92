"""The op table: arithmetic, choices and comparisons of two."""

from __future__ import annotations

from cases.case import case, distinct, normal, positive

CASES = [
    case("add", lambda m, x, y: x + y, normal(2, 3), normal(2, 3)),
    case("add, ranks differ", lambda m, x, y: x + y, normal(2, 3), normal(3)),
    case("add, both broadcast", lambda m, x, y: x + y, normal(2, 1), normal(1, 3)),
    case("add, alpha", lambda m, x, y: m.add(x, y, alpha=2), normal(2, 3), normal(3)),
    case("add, 0-d", lambda m, x, y: x + y, normal(), normal()),
    case("add, empty", lambda m, x, y: x + y, normal(0, 3), normal(3)),
    case("add, scalar", lambda m, x: 1.5 + x + 2, normal(2, 3)),
    case("sub", lambda m, x, y: x - y, normal(2, 3), normal(2, 1)),
    case("sub, scalar", lambda m, x: 1.5 - x, normal(3)),
    case("mul", lambda m, x, y: x * y, normal(2, 3), normal(3)),
    case("mul, itself", lambda m, x: x * x, normal(2, 3)),
    case("div", lambda m, x, y: x / y, normal(2, 3), positive(3)),
    case("div, scalar", lambda m, x: 2 / x, positive(2, 3)),
    case(
        "div, floor", lambda m, x, y: m.div(x, y, rounding_mode="floor"), distinct(6), positive(6)
    ),
    case(
        "div, trunc", lambda m, x, y: m.div(x, y, rounding_mode="trunc"), distinct(6), positive(6)
    ),
    case("remainder", lambda m, x, y: x % y, distinct(6), positive(6)),
    case("neg", lambda m, x: -x, normal(2, 3)),
    case("pow, tensor", lambda m, x, y: x**y, positive(2, 3), normal(3)),
    case("pow, 2", lambda m, x: x**2, normal(2, 3)),
    case("pow, 3", lambda m, x: x**3, normal(2, 3)),
    case("pow, 1.5", lambda m, x: x**1.5, positive(2, 3)),
    case("pow, -1", lambda m, x: x**-1, positive(2, 3)),
    case("pow, 0", lambda m, x: x**0 * x, normal(3)),
    case("pow, of a number", lambda m, x: 2.0**x, normal(3)),
    case("where", lambda m, x, y: m.where(x > 0, x, y), distinct(2, 3), normal(3)),
    case("where, scalar", lambda m, x: m.where(x > 0, x, 0.5), distinct(2, 3)),
    case("maximum", lambda m, x, y: m.maximum(x, y), distinct(2, 3), normal(3)),
    case("minimum", lambda m, x, y: m.minimum(x, y), distinct(2, 3), normal(3)),
    case("clamp", lambda m, x: x.clamp(-0.2, 0.21), distinct(2, 3)),
    case("clamp, min", lambda m, x: x.clamp(min=-0.2), distinct(2, 3)),
    case(
        "clamp, tensors",
        lambda m, x, y, z: m.clamp(x, y, y + z),
        distinct(6),
        normal(6),
        positive(6),
    ),
    case("masked_fill", lambda m, x: x.masked_fill(x > 0, 2.0), distinct(2, 3)),
]
