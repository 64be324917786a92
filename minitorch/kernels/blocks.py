"""Working through a large array in parts that stay in the processor's cache from step to step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.kernels.threads import share

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1 << 17  # elements
MANY = 4  # blocks that are worth several threads


def by_blocks(
    kernel: Callable[..., None], inputs: Sequence[Array], results: int | Sequence[Any]
) -> list[Array]:
    """Apply `kernel`, which works element by element, to arrays of one shape.

    Args:
        kernel: takes flat arrays: one an input, which it must not change, and then one a result,
            which it fills.
        inputs: the results' memory lies as that of the first.
        results: their dtypes; or how many there are, of the first input's dtype.
    """
    first = inputs[0]
    order: tuple[int, ...] | None = None
    if not first.flags.c_contiguous and 0 not in first.strides:
        order = tuple(sorted(range(first.ndim), key=lambda axis: -abs(first.strides[axis])))
        inputs = [x.transpose(order) for x in inputs]
    shape, size = inputs[0].shape, first.size
    dtypes = [first.dtype] * results if isinstance(results, int) else results
    outs = [np.empty(size, dtype) for dtype in dtypes]
    flat = [*[x.reshape(-1) for x in inputs], *outs]
    if size <= BLOCK:
        kernel(*flat)
    else:

        def work(starts: Sequence[int]) -> None:
            for start in starts:
                kernel(*[x[start : start + BLOCK] for x in flat])

        starts = range(0, size, BLOCK)
        if len(starts) < MANY:
            work(starts)
        else:
            share(work, starts)
    shaped = [y.reshape(shape) for y in outs]
    if order is None:
        return shaped
    back = np.argsort(order)
    return [y.transpose(back) for y in shaped]


def in_threads(ufunc: Callable[..., Any], x: Array) -> Array:
    """``ufunc(x)``, with a large `x` shared out among threads."""
    if x.size < MANY * BLOCK or x.dtype.kind != "f":
        return np.asarray(ufunc(x))
    (y,) = by_blocks(ufunc, (x,), 1)
    return y
