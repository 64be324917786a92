"""The op table: matrix products."""

from __future__ import annotations

from cases.case import case, functional, normal

CASES = [
    case("matmul", lambda m, x, y: x @ y, normal(2, 3), normal(3, 4)),
    case("matmul, vectors", lambda m, x, y: x @ y, normal(3), normal(3)),
    case("matmul, matrix by vector", lambda m, x, y: x @ y, normal(2, 3), normal(3)),
    case("matmul, vector by batch", lambda m, x, y: x @ y, normal(3), normal(2, 3, 2)),
    case("matmul, batch by matrix", lambda m, x, y: x @ y, normal(2, 2, 3), normal(3, 2)),
    case("matmul, batches broadcast", lambda m, x, y: x @ y, normal(2, 1, 2, 3), normal(2, 3, 2)),
    case("bmm", lambda m, x, y: m.bmm(x, y), normal(2, 2, 3), normal(2, 3, 2)),
    case(
        "linear",
        lambda m, x, w, b: functional(m).linear(x, w, b),
        normal(2, 3),
        normal(4, 3),
        normal(4),
    ),
    case(
        "linear, no bias", lambda m, x, w: functional(m).linear(x, w), normal(2, 2, 3), normal(4, 3)
    ),
]
