"""The op table: in-place changes."""

from __future__ import annotations

from typing import Any

from cases.case import case, distinct, normal

CASES = [
    case("add_", lambda m, x, y: (x * 1).add_(y), normal(2, 3), normal(3)),
    case("copy_ into a view", lambda m, x, y: _copied(x * 1, y), normal(3, 3), normal(3)),
    case("mask assignment", lambda m, x: _masked(x * 1), distinct(2, 3)),
]


def _copied(x: Any, y: Any) -> Any:
    x[1] = y
    x[:, 0].mul_(2)
    return x


def _masked(x: Any) -> Any:
    x[x > 0] = 3.0
    return x
