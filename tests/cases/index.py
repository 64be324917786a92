"""The op table: reading and writing by index."""

from __future__ import annotations

import numpy as np

from cases.case import case, distinct, index, normal

ROWS = np.array([0, 0, 2])

CASES = [
    case("index, int", lambda m, x: x[1], normal(2, 3)),
    case("index, slices", lambda m, x: x[1:, ::2], normal(3, 4)),
    case("index, None and ...", lambda m, x: x[None, ..., 0], normal(2, 3)),
    case("index, repeated rows", lambda m, x: x[ROWS.tolist()], normal(3, 2)),
    case("index, tensors", lambda m, x: x[index(m, [0, 1, 0]), index(m, [2, 2, 2])], normal(2, 3)),
    case("index, mask", lambda m, x: x[x > 0], distinct(2, 3)),
    case("index, mixed", lambda m, x: x[:, index(m, [[0, 1], [1, 1]]), 1:], normal(2, 3, 2)),
    case("gather", lambda m, x: x.gather(1, index(m, [[0, 0], [2, 1]])), normal(2, 3)),
    case(
        "scatter",
        lambda m, x, y: x.scatter(1, index(m, [[0, 2], [1, 0]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case(
        "scatter_add",
        lambda m, x, y: x.scatter_add(1, index(m, [[0, 0], [1, 1]]), y),
        normal(2, 3),
        normal(2, 2),
    ),
    case("index_select", lambda m, x: x.index_select(1, index(m, [0, 0, 1])), normal(2, 3)),
    case(
        "index_put",
        lambda m, x, y: x.index_put((index(m, [0, 1]),), y),
        normal(3, 2),
        normal(2, 2),
    ),
]
