"""repr of random tensors under random print options, character for character as PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

DTYPES = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0]


def draw_array(draw: np.random.Generator) -> Any:
    """An array of any dtype: of one magnitude or of many, whole or not, with odd values or not."""
    longest = 40 if draw.random() < 0.15 else 5
    shape = tuple(draw.integers(0, longest, draw.integers(0, 5 if longest == 5 else 3)).tolist())
    normal = draw.standard_normal(shape)
    values = [
        normal,
        normal * 10.0 ** draw.integers(-8, 9),
        np.round(normal * 10.0 ** draw.integers(0, 6)),
        normal * 10.0 ** draw.integers(-12, 12, shape),
        np.where(draw.random(shape) < 0.3, draw.choice(ODD, shape), normal),
        np.where(draw.random(shape) < 0.5, draw.choice(ODD, shape), np.round(normal * 3)),
        draw.choice(ODD, shape),
        np.round(normal, 2),
    ][draw.integers(8)]
    dtype = np.dtype(draw.choice(DTYPES))
    if dtype.kind != "f":
        values = np.clip(np.nan_to_num(values * 5, posinf=5, neginf=-5), -(2**40), 2**40)
    with np.errstate(all="ignore"):
        return np.asarray(values).astype(dtype)


def draw_options(draw: np.random.Generator) -> dict[str, Any]:
    """Arguments of `set_printoptions`; mostly none."""
    every = {
        "precision": int(draw.integers(0, 9)),
        "threshold": int(draw.integers(0, 50)),
        "edgeitems": int(draw.integers(0, 5)),
        "linewidth": int(draw.integers(1, 120)),
        "sci_mode": bool(draw.integers(2)),
        "profile": str(draw.choice(["default", "short", "full"])),
    }
    if draw.random() < 0.6:
        return {}
    return {name: value for name, value in every.items() if draw.random() < 0.4}


@pytest.mark.parametrize("start", range(0, 2000, 200))
def test_repr_of_random_tensors(start: int) -> None:
    for seed in range(start, start + 200):
        draw = np.random.default_rng(seed)
        array, options = draw_array(draw), draw_options(draw)
        history = draw.choice(["none", "leaf", "product"])
        texts = []
        for m in (minitorch, torch):
            m.set_printoptions(**options)
            try:
                x = m.from_numpy(array.copy())
                if array.dtype.kind == "f" and history != "none":
                    x.requires_grad_()
                    x = x * 1 if history == "product" else x
                texts.append(repr(x))
            finally:
                m.set_printoptions(profile="default")
        assert texts[0] == texts[1], f"seed {seed}: {array.dtype} {array.shape} {options}"
