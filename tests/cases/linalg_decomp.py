"""The op table: decompositions of matrices, and triangular systems."""

from __future__ import annotations

from typing import Any

from cases.case import case, normal


def definite(m: Any, x: Any) -> Any:
    """A positive-definite matrix made of any one."""
    return x @ x.mT + m.eye(x.shape[-1], dtype=x.dtype)


def triangle(m: Any, x: Any) -> Any:
    """A matrix with a diagonal away from 0."""
    return x + 4 * m.eye(x.shape[-1], dtype=x.dtype)


# In integers and bool PyTorch refuses the matrix product of `definite` or solve_triangular itself.
CASES = [
    case("linalg.cholesky", lambda m, x: m.linalg.cholesky(definite(m, x)), normal(3, 3)),
    case(
        "linalg.cholesky, upper, batch",
        lambda m, x: m.linalg.cholesky(definite(m, x), upper=True),
        normal(2, 2, 3, 3),
    ),
    case(
        "linalg.cholesky, empty",
        lambda m, x: m.linalg.cholesky(x),
        normal(0, 0),
        unlike={"float16": "PyTorch has it for empty matrices only"},
    ),
    case(
        "linalg.solve_triangular",
        lambda m, x, y: m.linalg.solve_triangular(triangle(m, x), y, upper=False),
        normal(3, 3),
        normal(3, 2),
    ),
    case(
        "linalg.solve_triangular, upper, batches broadcast",
        lambda m, x, y: m.linalg.solve_triangular(triangle(m, x), y, upper=True),
        normal(2, 1, 3, 3),
        normal(2, 3, 2),
    ),
    case(
        "linalg.solve_triangular, from the right",
        lambda m, x, y: m.linalg.solve_triangular(triangle(m, x), y, upper=True, left=False),
        normal(3, 3),
        normal(2, 3),
    ),
    case(
        "linalg.solve_triangular, unitriangular",
        lambda m, x, y: m.linalg.solve_triangular(x, y, upper=False, unitriangular=True),
        normal(3, 3),
        normal(3, 2),
    ),
]
