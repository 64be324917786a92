"""`set_num_threads` reaches BLAS, and is answered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import minitorch


def test_the_number_of_threads_reaches_blas() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    blas = [pool for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"]]
    if not blas or blas[0]["internal_api"] != "openblas":
        pytest.skip("NumPy runs on another BLAS")
    before = minitorch.get_num_threads()
    assert before == blas[0]["num_threads"]
    try:
        for count in (1, 2):
            minitorch.set_num_threads(count)
            assert minitorch.get_num_threads() == count
            again = threadpoolctl.threadpool_info()
            assert [p["num_threads"] for p in again if "numpy" in p["filepath"]] == [count]
    finally:
        minitorch.set_num_threads(before)


def test_a_number_of_threads_is_positive() -> None:
    before = minitorch.get_num_threads()
    with pytest.raises(RuntimeError, match="positive"):
        minitorch.set_num_threads(0)
    assert minitorch.get_num_threads() == before


def test_work_at_the_end_of_a_program_and_in_a_forked_process() -> None:
    program = """
import atexit, os
from minitorch.kernels.threads import share
work = lambda: print(sum(sum(part) for part in share(list, range(100))), flush=True)
work()
atexit.register(work)  # no thread can be started any more
if hasattr(os, "fork"):
    child = os.fork()  # the child has none of the threads
    if not child:
        work()
        os._exit(0)
    os.waitpid(child, 0)
"""
    env = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=env, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    expected = 3 if hasattr(os, "fork") else 2
    assert done.stdout.split() == ["4950"] * expected, done.stderr
