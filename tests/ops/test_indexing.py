"""Indexing of every NumPy kind, read and assigned, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")


def t(*values: Any) -> Any:
    """Marks an index tensor, made anew for each module."""
    return ("tensor", list(values))


def as_index(m: Any, key: Any) -> Any:
    if isinstance(key, tuple) and key and isinstance(key[0], str):
        return m.tensor(key[1])
    if isinstance(key, tuple):
        return tuple(as_index(m, part) for part in key)
    return key


EMPTY = t()
KEYS: list[Any] = [
    0,
    -1,
    (1, 2),
    (1, 2, 3),
    slice(None),
    slice(1, None),
    slice(None, None, 2),
    slice(-2, None),
    slice(2, 1),
    slice(0, 100),
    Ellipsis,
    (Ellipsis, 0),
    (0, Ellipsis),
    None,
    (None, 0, None),
    (slice(None), None, 1),
    [0, 2, 0],
    ([0, 1], [1, 2]),
    (slice(None), [0, 0]),
    t(0, 2),
    t([0, 1], [2, 0]),
    (t(0, 1), slice(None), t(3, 1)),
    (slice(None), t(2, 0), t(1, 1)),
    (t(0, 1), 0),
    (0, t(1, 1)),
    (Ellipsis, t(0, 0)),
    (t([0], [1]), t(0, 2)),
    (None, t(0, 1)),
    t(True, False, True),
    (slice(None), t(True, False, True)),
    (t(True, False, True), 0),
    (t(-1, -2), t(0, 1)),
    EMPTY,
    [],
    (np.array([0, 1]), 1),
    np.int64(1),
    (1, np.array([True, False, True])),
    True,
    False,
]


@pytest.mark.parametrize("number", range(len(KEYS)))
def test_reading(number: int) -> None:
    results = []
    for m in (mt, torch):
        x = m.arange(36, dtype=m.float64).reshape(3, 3, 4).requires_grad_()
        y = x[
            as_index(m, KEYS[number]) if KEYS[number] is not EMPTY else m.tensor([], dtype=m.int64)
        ]
        (y * y).sum().backward()
        results.append((tuple(y.shape), y.tolist(), x.grad.tolist()))
    assert results[0] == results[1]


@pytest.mark.parametrize("number", range(len(KEYS)))
@pytest.mark.parametrize("scalar", [True, False], ids=["scalar", "tensor"])
def test_assigning(number: int, scalar: bool) -> None:
    results = []
    for m in (mt, torch):
        x = m.arange(36, dtype=m.float64).reshape(3, 3, 4).requires_grad_()
        w = m.tensor(2.0, dtype=m.float64, requires_grad=True)
        y = x * 1
        key = (
            as_index(m, KEYS[number]) if KEYS[number] is not EMPTY else m.tensor([], dtype=m.int64)
        )
        y[key] = 5.0 if scalar else w
        (y * y).sum().backward()
        results.append((y.tolist(), x.grad.tolist()))
    assert results[0] == results[1]


def test_overwritten_duplicates_get_no_gradient() -> None:
    """PyTorch gives both values a gradient; only the one that stayed has one."""
    value = mt.tensor([1.0, 2.0], dtype=mt.float64, requires_grad=True)

    def program(value: mt.Tensor) -> mt.Tensor:
        y = mt.zeros(2, dtype=mt.float64)
        y[[0, 0]] = value
        return y

    assert program(value).tolist() == [2.0, 0.0]
    assert mt.autograd.gradcheck(program, value)


BAD: list[Any] = [
    5,
    -4,
    (0, 0, 0, 0),
    (0, 9),
    [0, 7],
    slice(None, None, -1),
    t(True, False),
    t(1.5),
    "text",
    1.5,
    ([0, 1], [0, 1, 2]),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_indices(number: int) -> None:
    with pytest.raises(Exception) as theirs:
        torch.zeros(3, 3, 4)[as_index(torch, BAD[number])]
    for use in (lambda x, k: x[k], lambda x, k: x.__setitem__(k, 1.0)):
        x = mt.zeros(3, 3, 4)
        with pytest.raises(theirs.type):
            use(x, as_index(mt, BAD[number]))
        assert not x.any()
        assert x._version == 0
