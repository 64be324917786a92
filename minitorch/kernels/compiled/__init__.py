"""The same kernels as plain loops, which Numba compiles: one pass where NumPy takes several.

Each module stands beside the one of the same name in `minitorch.kernels`, and has functions with
the names and arguments of those that are marked `or_compiled` there. What a function here leaves to
NumPy it answers with NotImplemented, before it has changed anything.

A loop is compiled when it is first called with a dtype, and kept on disk by Numba for the next time
(``NUMBA_CACHE_DIR`` says where). It holds no lock while it runs; `in_parts` shares it out.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from minitorch.kernels.blocks import BLOCK, MANY, by_blocks
from minitorch.kernels.threads import share

Array = np.ndarray[Any, np.dtype[Any]]


def _can_keep() -> bool:
    """Whether Numba finds a place on disk for what it has compiled."""
    try:
        numba.njit(cache=True)(_can_keep)
    except RuntimeError:
        return False
    return True


KEEP = _can_keep()  # or everything is compiled anew in every process
# Division by zero gives inf or NaN, as in NumPy. A product and a sum may become one instruction.
_options: Any = {"nogil": True, "cache": KEEP, "error_model": "numpy"}
loop: Any = numba.njit(**_options, fastmath={"contract"})
"""Decorator of loops whose arithmetic is done in the order in which it is written."""
exact: Any = numba.njit(**_options)
"""Decorator of loops whose every step is rounded as NumPy's: no product and sum become one."""
sums: Any = numba.njit(**_options, fastmath={"contract", "reassoc", "nsz"})
"""Decorator of loops that add up: several partial sums run side by side, as vectors."""
inner: Any = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"})
"""Decorator of loops that are part of others, and kept with them."""
inline: Any = numba.njit(inline="always", error_model="numpy", fastmath={"contract"})
"""Decorator of formulas within loops."""

WORTH = 1 << 19  # elements of elementwise work that are worth a thread of their own


def served(*arrays: Array) -> bool:
    """Whether all are of the first one's dtype, float32 or float64."""
    first = arrays[0].dtype
    if first.char not in "fd":
        return False
    for x in arrays:
        if x.dtype is not first and x.dtype != first:  # a file's are not the same object
            return False
    return first.isnative


def in_parts(work: Callable[..., Any], count: int, each: float, *args: Any) -> None:
    """Call ``work(start, stop, *args)`` for all of 0 to `count`, on several threads if that pays.

    Args:
        each: the work of one item, in elements of something cheap such as an addition.
    """
    parts = min(int(count * each) // WORTH, count, 64)
    if parts < 2:
        work(0, count, *args)
        return
    # Each thread takes the next range as it has done with one: another program may slow one down.
    ends = [count * i // (2 * parts) for i in range(2 * parts + 1)]
    left = iter(list(pairwise(ends)))

    def take(_: Sequence[int]) -> None:
        for start, stop in left:
            work(start, stop, *args)

    share(take, range(parts), products=False)


def pointwise(formula: Callable[..., Any], exactly: bool = False) -> Callable[..., Any]:
    """Make of a formula for numbers of one dtype one for arrays, which it applies to each element.

    It is a ufunc, which NumPy calls as its own, whatever the arrays' order of memory; of those that
    are large, parts are shared out. NotImplemented is the answer to dtypes but float32 and float64.

    Args:
        formula: of one dtype.
        exactly: round each step as NumPy does. Then a gradient that nearly cancels is the same as
            that of a walk that is recorded.
    """
    count = len(inspect.signature(formula).parameters)

    @functools.cache
    def ufunc() -> Any:
        signatures = [f"{dtype}({', '.join([dtype] * count)})" for dtype in ("f4", "f8")]
        vectorize: Any = numba.vectorize
        return vectorize(signatures, cache=KEEP, fastmath=set() if exactly else {"contract"})(
            formula
        )

    def run(*arrays: Array) -> Any:
        first = arrays[0]
        if not served(*arrays):
            return NotImplemented
        if first.size < MANY * BLOCK or any(x.shape != first.shape for x in arrays):
            return ufunc()(*arrays)
        return by_blocks(ufunc(), arrays, 1)[0]

    return run
