"""Work cut into parts, a thread of its own for each: NumPy lets other threads run as it computes.

BLAS has threads of its own, which split each product. A kernel that copies, multiplies and adds
block by block does better to give whole blocks to threads, with BLAS on one thread in each: the
copies and sums are shared out as well, and a block stays in one core's cache.
"""

from __future__ import annotations

import contextvars
import functools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from minitorch.kernels.blas import find

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

MOST = 64  # threads
GIVE_WAY = 1e-5  # seconds; with Python's own 5e-3, two threads take as long as one

P = TypeVar("P")
R = TypeVar("R")


@functools.cache
def _blas() -> tuple[Any, Any] | None:
    """OpenBLAS's functions that tell and set its number of threads; None under another BLAS."""
    tell, put = find("openblas_get_num_threads"), find("openblas_set_num_threads")
    return (tell[0], put[0]) if tell and put else None


_busy = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def blas_threads() -> int | None:
    """On how many threads products run; None where that is not known."""
    blas = _blas()
    return None if blas is None else int(blas[0]())


def set_blas_threads(count: int) -> bool:
    """Let products run on so many threads; whether BLAS could be told."""
    blas = _blas()
    if blas is not None:
        blas[1](count)
    return blas is not None


def _forget_pool() -> None:
    """A child process made by fork has none of its parent's threads."""
    global _pool, _busy
    _pool, _busy = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def share(work: Callable[[Sequence[P]], R], pieces: Sequence[P], products: bool = True) -> list[R]:
    """Run `work` on consecutive parts of `pieces`, all parts at the same time.

    As many parts as BLAS has threads; one alone while another thread of the program is in here.

    Args:
        work: must write to no place that another part's writes to.
        products: whether it calls BLAS, which then runs on one thread in each part; where it cannot
            be told, the work is done by one.
    """
    global _pool
    blas = _blas() if len(pieces) > 1 else None
    if len(pieces) < 2 or (products and blas is None) or not _busy.acquire(blocking=False):
        return [work(pieces)]
    try:
        threads = blas[0]() if blas else os.cpu_count() or 1
        parts = min(threads, len(pieces), MOST)
        if parts < 2:
            return [work(pieces)]
        if _pool is None:
            from concurrent.futures import ThreadPoolExecutor  # which loads a lot

            _pool = ThreadPoolExecutor(MOST, "minitorch")  # starts no more threads than it needs
        ends = [len(pieces) * part // parts for part in range(1, parts + 1)]
        if products and blas:
            blas[1](1)
        # Each call of NumPy takes Python's lock before and after. Who waits for it gets it at once
        # only from one that has been asked to give way, which is done after this time.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(GIVE_WAY)
        try:
            # A copy of the context each: it has NumPy's error state, which is hushed.
            try:
                others = [
                    _pool.submit(contextvars.copy_context().run, work, pieces[start:stop])
                    for start, stop in pairwise(ends)
                ]
            except RuntimeError:  # the program is ending, and starts nothing any more
                return [work(pieces)]
            try:
                first = work(pieces[: ends[0]])
            finally:
                for other in others:
                    other.exception()  # wait for all: they write into our arrays
            return [first, *(other.result() for other in others)]
        finally:
            sys.setswitchinterval(interval)
            if products and blas:
                blas[1](threads)
    finally:
        _busy.release()
