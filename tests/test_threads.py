"""`set_num_threads` reaches BLAS, and is answered."""

from __future__ import annotations

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
