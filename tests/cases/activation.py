"""The op table: activations."""

from __future__ import annotations

from cases.case import case, distinct, normal

CASES = [
    case("relu", lambda m, x: m.relu(x), distinct(2, 3)),
    case("softmax", lambda m, x: m.softmax(x, 1), normal(2, 3)),
    case("log_softmax", lambda m, x: m.log_softmax(x, 0), normal(2, 3)),
]
