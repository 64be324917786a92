"""A NaN in a matrix: PyTorch gives NaN, or says that the matrix has no such factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch

NAN = np.nan
MATRICES = [
    [[NAN, 1.0], [1.0, 2.0]],
    [[1.0, 1.0], [1.0, NAN]],
    [[2.0, 0.0], [NAN, 1.0]],
    [[2.0, NAN], [0.0, 1.0]],
    [[1.0, 1.0, 0.0], [1.0, NAN, 1.0], [0.0, 1.0, 1.0]],
    [[[1.0, 0.0], [0.0, 1.0]], [[NAN, NAN], [NAN, NAN]], [[2.0, 1.0], [1.0, 3.0]]],
    np.zeros((2, 0, 0)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("matrix", MATRICES, ids=range(len(MATRICES)))
def test_numbers_are_those_of_pytorch(torch: Any, matrix: Any, dtype: str) -> None:
    found = []
    for m in (torch, minitorch):
        A = m.tensor(np.array(matrix), dtype=getattr(m, dtype))
        b = m.ones(A.shape[-1], 1, dtype=A.dtype)
        results = [
            *m.linalg.slogdet(A),
            m.linalg.det(A),
            *m.linalg.inv_ex(A),
            *m.linalg.solve_ex(A, b.expand(*A.shape[:-1], 1)),
            m.linalg.cholesky_ex(A).info,
        ]
        found.append([r.numpy() for r in results])
    for theirs, ours in zip(*found, strict=True):
        assert theirs.dtype == ours.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_cholesky_refuses_it() -> None:
    with pytest.raises(minitorch.linalg.LinAlgError, match="minor of order 1"):
        minitorch.linalg.cholesky(minitorch.tensor(MATRICES[0]))
