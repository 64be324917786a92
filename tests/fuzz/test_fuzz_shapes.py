"""Shapes and indices drawn at random, against PyTorch: values, both gradient orders, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from oracle import same

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
RARELY = settings(max_examples=120, deadline=None, derandomize=True)
DTYPES = ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"]
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
DIMS = st.integers(-4, 3)


@st.composite
def arrays(draw: Any, shapes: Any = SHAPES) -> Any:
    """An array of any dtype and layout, with special values where there are any."""
    shape, dtype = draw(shapes), np.dtype(draw(st.sampled_from(DTYPES)))
    array = (np.arange(int(np.prod(shape))) * 7 % 11 - 3).reshape(shape).astype(dtype)
    if dtype.kind == "f" and array.size and draw(st.booleans()):
        array.flat[0] = draw(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]))
    how = draw(st.sampled_from(["plain", "transposed", "strided"]))
    if how == "transposed":
        return np.asarray(array.T, order="C").T
    return np.repeat(array, 2, -1)[..., ::2] if how == "strided" and array.ndim else array


INTS = st.integers(-3, 3)
BOUNDS = st.none() | INTS
PARTS = st.one_of(
    INTS,
    st.builds(slice, BOUNDS, BOUNDS, st.none() | st.integers(1, 3)),
    st.just(None),
    st.just(Ellipsis),
    st.booleans(),
    st.lists(INTS, max_size=3),
    st.lists(st.booleans(), min_size=1, max_size=3).map(np.array),
    st.lists(st.tuples(INTS, INTS), min_size=1, max_size=2).map(np.array),
    INTS.map(np.array),
)
KEYS = st.lists(PARTS, max_size=4).filter(lambda p: sum(q is Ellipsis for q in p) < 2).map(tuple)


@RARELY
@given(arrays(), KEYS)
def test_reading(x: Any, key: Any) -> None:
    same(lambda m, x: x[key], x)


def _distinct(key: Any) -> bool:
    """Whether no element is named twice: which value stays then is nobody's to say."""
    places = [len(set(map(str, np.asarray(p).reshape(-1) % 6))) for p in key if np.ndim(p)]
    return all(n == np.size(p) for n, p in zip(places, [p for p in key if np.ndim(p)], strict=True))


@RARELY
@given(arrays(), KEYS, st.sampled_from(["number", "0-d", "row"]))
def test_assigning(x: Any, key: Any, kind: str) -> None:
    if not _distinct(key) or any(isinstance(p, list) and min(p, default=0) < 0 for p in key):
        return
    values = {"number": 2, "0-d": np.asarray(5, x.dtype), "row": np.asarray([5], x.dtype)}[kind]

    def program(m: Any, x: Any) -> Any:
        y = x.clone()
        y[key] = values if kind == "number" else m.from_numpy(np.array(values))
        return y

    if any(isinstance(p, np.ndarray) and p.dtype.kind == "i" and p.min() < 0 for p in key):
        return
    same(program, x)


UNARY = {
    "reshape": lambda m, x, a, b: x.reshape(a, -1),
    "flatten": lambda m, x, a, b: x.flatten(a, b),
    "squeeze": lambda m, x, a, b: x.squeeze(a),
    "squeeze, two": lambda m, x, a, b: x.squeeze((a, b)),
    "unsqueeze": lambda m, x, a, b: x.unsqueeze(a),
    "transpose": lambda m, x, a, b: x.transpose(a, b),
    "movedim": lambda m, x, a, b: x.movedim(a, b),
    "flip": lambda m, x, a, b: x.flip(a, b),
    "roll": lambda m, x, a, b: x.roll(a, b),
    "roll, flat": lambda m, x, a, b: x.roll(a),
    "rot90": lambda m, x, a, b: x.rot90(a, (b, 0)),
    "diagonal": lambda m, x, a, b: x.diagonal(a, b, 0),
    "diag": lambda m, x, a, b: x.diag(a),
    "diag_embed": lambda m, x, a, b: x.diag_embed(a, b, 0),
    "tril": lambda m, x, a, b: x.tril(a),
    "triu": lambda m, x, a, b: m.triu(x, a),
    "unfold": lambda m, x, a, b: x.unfold(a, abs(b), 2),
    "narrow": lambda m, x, a, b: x.narrow(a, b, 1),
    "select": lambda m, x, a, b: x.select(a, b),
    "split": lambda m, x, a, b: x.split(abs(a), b),
    "chunk": lambda m, x, a, b: x.chunk(a, b),
    "tensor_split": lambda m, x, a, b: x.tensor_split(a, b),
    "tensor_split, at": lambda m, x, a, b: x.tensor_split((a, 1), b),
    "unbind": lambda m, x, a, b: x.unbind(a),
    "hsplit": lambda m, x, a, b: x.hsplit(abs(a)),
    # (Of an empty tensor PyTorch takes negative numbers, and fails in backward.)
    "repeat": lambda m, x, a, b: x.repeat(*([a, 1, b] if x.numel() else [abs(a), 1, abs(b)])),
    "tile": lambda m, x, a, b: x.tile(abs(a), 2),
    "expand": lambda m, x, a, b: x.expand(abs(a), abs(b), *([-1] if x.ndim else [])),
    "cat": lambda m, x, a, b: m.cat([x, x], a),
    "stack": lambda m, x, a, b: m.stack([x, x * 1], a),
    "hstack": lambda m, x, a, b: m.hstack([x, x]),
    "dstack": lambda m, x, a, b: m.dstack([x, x]),
    "column_stack": lambda m, x, a, b: m.column_stack([x, x]),
    "block_diag": lambda m, x, a, b: m.block_diag(x, x),
    "take": lambda m, x, a, b: x.take(m.tensor([a, b])),
    "index_select": lambda m, x, a, b: x.index_select(
        a, m.tensor([abs(b), 0][: x.numel()], dtype=m.int64)
    ),
    "index_fill": lambda m, x, a, b: x.index_fill(
        a, m.tensor([b] if x.numel() else [], dtype=m.int64), 1
    ),
    "repeat_interleave": lambda m, x, a, b: x.repeat_interleave(a, b),
    "gather": lambda m, x, a, b: x.gather(a, m.tensor([abs(b), 0])),
    "scatter": lambda m, x, a, b: x.scatter(a, m.tensor([abs(b)]), 2),
    "select_scatter": lambda m, x, a, b: x.select_scatter(x.select(a, 0) * 2, a, b),
    "masked_select": lambda m, x, a, b: x.masked_select(x > 0),
    "argwhere": lambda m, x, a, b: m.argwhere(x),
}


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(arrays(), DIMS, DIMS)
def test_shapes(name: str, x: Any, a: int, b: int) -> None:
    same(lambda m, x: UNARY[name](m, x, a, b), x)
