"""What may be written where an index says: numbers and tensors of other dtypes, next to PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import outcome, the_torch

import minitorch as mt

DTYPES = ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"]
INDICES = {
    "mask": lambda m: m.tensor([[True, False, True], [False, True, False]]),
    "mask of rows": lambda m: m.tensor([True, False]),
    "mask of columns": lambda m: (slice(None), m.tensor([True, False, True])),
    "mask of nothing": lambda m: m.zeros(2, 3, dtype=m.bool),
    "array mask": lambda m: np.array([[True, False, True], [False, True, False]]),
    "True": lambda m: True,
    "int": lambda m: 1,
    "slice": lambda m: slice(0, 1),
    "None": lambda m: None,
    "ints": lambda m: m.tensor([0, 1]),
    "mask and ints": lambda m: (m.tensor([True, True]), m.tensor([0, 1])),
}
VALUES = {
    "0-d": lambda m, dtype: m.tensor(1, dtype=dtype),
    "one": lambda m, dtype: m.ones(1, dtype=dtype),
    "row": lambda m, dtype: m.ones(3, dtype=dtype),
    "numpy": lambda m, dtype: np.dtype(str(dtype).split(".")[1]).type(1),
}


def written(m: Any, index: str, value: str, into: str, of: str) -> Any:
    x = m.arange(6).reshape(2, 3).to(getattr(m, into))
    x[INDICES[index](m)] = VALUES[value](m, getattr(m, of))
    return x


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("value", VALUES)
def test_takes_the_dtypes_that_pytorch_takes(index: str, value: str) -> None:
    torch = the_torch()
    for into in DTYPES:
        for of in DTYPES:
            ours, theirs = (
                outcome(m, lambda m, *_: written(m, index, value, into, of), [])
                for m in (mt, torch)
            )
            if isinstance(theirs, Exception):
                assert isinstance(ours, type(theirs)), (into, of, ours, theirs)
                continue
            assert not isinstance(ours, Exception), (into, of, ours)
            assert ours[0].tolist() == theirs[0].tolist(), (into, of)


def test_a_number_of_any_dtype_fills_a_mask() -> None:
    x = mt.arange(3.0)
    x[x > 0] = mt.tensor(7)
    x[x == 0] = mt.tensor(True)
    x[np.array([False, False, True])] = np.float64(2.5)
    assert x.tolist() == [1.0, 7.0, 2.5]
    with pytest.raises(RuntimeError, match="source and destination dtypes match"):
        x[mt.tensor([0])] = mt.tensor(7)
    with pytest.raises(RuntimeError, match="source and destination dtypes match"):
        x[x > 0] = mt.tensor([1, 2, 3])


def test_the_gradient_goes_back_through_the_dtype() -> None:
    x = mt.ones(3, requires_grad=True)
    v = mt.tensor(2.0, dtype=mt.float64, requires_grad=True)
    y = x * 1
    y[mt.tensor([True, False, True])] = v
    (y * mt.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 10.0, 0.0]
    assert v.grad.item() == 101.0 and v.grad.dtype is mt.float64
