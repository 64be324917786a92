"""Working through a large array in parts that stay in the processor's cache from step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1 << 17  # elements


def by_blocks(kernel: Callable[..., tuple[Array, ...]], *inputs: Array) -> tuple[Array, ...]:
    """What `kernel`, which works element by element, makes of arrays of one shape.

    Args:
        kernel: takes flat arrays, which it must not change, and gives new ones.
        inputs: the results' memory lies in the order of that of the first.
    """
    first = inputs[0]
    order: tuple[int, ...] | None = None
    if not first.flags.c_contiguous:
        order = tuple(sorted(range(first.ndim), key=lambda axis: -abs(first.strides[axis])))
        inputs = tuple([x.transpose(order) for x in inputs])
    shape, size = inputs[0].shape, first.size
    flat = [x.reshape(-1) for x in inputs]
    made = kernel(*[x[:BLOCK] for x in flat])
    if size > BLOCK:
        parts, made = made, tuple([np.empty(size, part.dtype) for part in made])
        for start in range(0, size, BLOCK):
            if start:
                parts = kernel(*[x[start : start + BLOCK] for x in flat])
            for whole, part in zip(made, parts, strict=True):
                whole[start : start + BLOCK] = part
    shaped = tuple([y.reshape(shape) for y in made])
    if order is None:
        return shaped
    back = np.argsort(order)
    return tuple([y.transpose(back) for y in shaped])
