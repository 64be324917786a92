"""Decompositions of matrices: larger ones, random ones, and those without one."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from oracle import same, the_torch

import minitorch


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.data())
def test_triangular_systems_as_pytorchs(data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    n, k = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 3))
    batches = [(), (2,), (1,), (3, 1), (0,)]
    batch_a, batch_b = data.draw(st.sampled_from(batches)), data.draw(st.sampled_from(batches))
    upper, left, unit = (data.draw(st.booleans()) for _ in range(3))
    a = rng.standard_normal((*batch_a, n, n)) / max(n, 1) + 2 * np.eye(n)
    b = rng.standard_normal((*batch_b, n, k) if left else (*batch_b, k, n))
    if data.draw(st.booleans()):
        a, b = a.swapaxes(-1, -2), b.copy("F")
    same(
        lambda m, a, b: m.linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unit),
        a,
        b,
    )


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 99), st.integers(1, 30), st.booleans(), st.sampled_from([(), (2,), (2, 1)]))
def test_cholesky_as_pytorchs(seed: int, n: int, upper: bool, batch: tuple[int, ...]) -> None:
    x = np.random.default_rng(seed).standard_normal((*batch, n, n))
    a = x @ x.swapaxes(-1, -2) + np.eye(n)
    a += np.triu(np.ones(n), 1) if upper is False else np.tril(np.ones(n), -1)  # is not read
    same(lambda m, a: m.linalg.cholesky(a, upper=upper), a)


def test_what_is_beside_the_triangle_is_not_read() -> None:
    a = np.array([[1.0, np.nan], [1.0, 2.0]])
    same(lambda m, a, b: m.linalg.solve_triangular(a, b, upper=False), a, np.ones((2, 1)))
    singular = np.zeros((2, 2))
    same(lambda m, a, b: m.linalg.solve_triangular(a, b, upper=True), singular, np.ones((2, 1)))


REFUSED: dict[str, Any] = {
    "not square": lambda m: m.linalg.cholesky(m.ones(2, 3)),
    "a vector": lambda m: m.linalg.cholesky(m.ones(2)),
    "integers": lambda m: m.linalg.cholesky(m.ones(2, 2).long()),
    "indefinite": lambda m: m.linalg.cholesky(-m.eye(2)),
    "indefinite in the second": lambda m: m.linalg.cholesky(m.stack([m.eye(2), m.ones(2, 2)])),
    "A not square": lambda m: m.linalg.solve_triangular(m.ones(2, 3), m.ones(2, 2), upper=True),
    "A a vector": lambda m: m.linalg.solve_triangular(m.ones(2), m.ones(2, 2), upper=True),
    "B a vector": lambda m: m.linalg.solve_triangular(m.ones(2, 2), m.ones(2), upper=True),
    "B of another size": lambda m: m.linalg.solve_triangular(
        m.ones(2, 2), m.ones(3, 2), upper=True
    ),
    "other batches": lambda m: m.linalg.solve_triangular(
        m.ones(3, 2, 2), m.ones(4, 2, 1), upper=True
    ),
    "half": lambda m: m.linalg.cholesky(m.eye(2).half()),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(what: str) -> None:
    torch = the_torch()
    with pytest.raises(RuntimeError) as theirs:
        REFUSED[what](torch)
    kinds = (NotImplementedError,) if type(theirs.value) is NotImplementedError else (RuntimeError,)
    with pytest.raises(kinds) as ours:
        REFUSED[what](minitorch)
    if "indefinite" in what:
        assert str(ours.value) == str(theirs.value)
        assert isinstance(ours.value, minitorch.linalg.LinAlgError)


def test_different_dtypes_are_refused() -> None:
    """PyTorch does not look, and gives numbers that mean nothing."""
    with pytest.raises(RuntimeError, match="to have the same dtype"):
        minitorch.linalg.solve_triangular(
            minitorch.eye(2), minitorch.ones(2, 2).double(), upper=True
        )
