"""Settings of the process for memory and threads, made before NumPy is loaded.

glibc gives every block above 128 KiB back to the system when it is freed and asks anew for the
next, page by page, each page cleared first. A training step frees and makes the same arrays over
and over, and may spend half its time so. Two settings of the allocator keep them instead; the
process then stays as large as it once was, as under PyTorch's caching allocators.

A thread of OpenBLAS that has no work waits for some in a loop, for 30 ms and more, in which the
threads of `threads.share` lack a core: convolutions take half as long again. Told so before it is
loaded, it sleeps after a third of a millisecond. That is some ten times what waking it takes, and
enough to be awake still when the next product comes, after some operations in Python.
"""

from __future__ import annotations

import ctypes
import os
import sys

# mallopt's parameters, from glibc's malloc.h, and what a user sets them with, which we respect.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
OWN_SETTINGS = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")
LARGE = 1 << 30
PATIENCE = 20  # of an idle thread, as a power of two of processor cycles; OpenBLAS's own is 26


def keep_freed_memory() -> bool:
    """Set the allocator; whether it could be set. Nothing happens but on Linux with glibc."""
    if not sys.platform.startswith("linux") or any(name in os.environ for name in OWN_SETTINGS):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE)) and bool(mallopt(M_TRIM_THRESHOLD, LARGE))


def let_idle_threads_sleep() -> None:
    """Set OpenBLAS, unless the user has. Nothing happens if NumPy has been loaded already."""
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", str(PATIENCE))
