"""The op table: losses."""

from __future__ import annotations

from cases.case import case, functional, index, normal

CASES = [
    case(
        "cross_entropy",
        lambda m, x: functional(m).cross_entropy(x, index(m, [1, 0, 2])),
        normal(3, 4),
    ),
    case(
        "cross_entropy, all options",
        lambda m, x: functional(m).cross_entropy(
            x,
            index(m, [1, 0, 2, -100]),
            m.tensor([0.5, 1.0, 2.0], dtype=x.dtype),
            label_smoothing=0.1,
        ),
        normal(4, 3),
    ),
    case(
        "cross_entropy, pixels",
        lambda m, x: functional(m).cross_entropy(x, index(m, [[[1, 0], [2, 1]]]), reduction="none"),
        normal(1, 3, 2, 2),
    ),
    case(
        "cross_entropy, probabilities",
        lambda m, x, y: functional(m).cross_entropy(x, m.softmax(y, 1), label_smoothing=0.2),
        normal(3, 4),
        normal(3, 4),
    ),
    case(
        "nll_loss",
        lambda m, x: functional(m).nll_loss(x, index(m, [1, 0, 2]), reduction="sum"),
        normal(3, 4),
    ),
    case("mse_loss", lambda m, x, y: functional(m).mse_loss(x, y), normal(2, 3), normal(2, 3)),
]
