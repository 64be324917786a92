"""Memory is kept by the allocator, freed by the graph as backward proceeds, and never grows."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import minitorch
from benchmarks.workloads import WORKLOADS

PROGRAM = """
import resource
import numpy as np
import minitorch

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(1 << 22)
before = faults()
for _ in range(20):
    np.ones(1 << 22)  # 32 MiB: 8192 pages of 4 KiB
print((faults() - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is set")
@pytest.mark.parametrize("own", [False, True], ids=["default", "the user's own"])
def test_large_arrays_are_made_of_kept_memory(own: bool) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    if own:
        env["MALLOC_MMAP_THRESHOLD_"] = "65536"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    pages = int(done.stdout)
    assert pages > 10 if own else pages < 10


@contextmanager
def traced() -> Iterator[None]:
    """Memory is traced, and nothing is freed but by reference count."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def held() -> int:
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize(
    ("name", "steps"),
    [("digits", 200), ("mlp", 200), ("double", 200), ("lstm", 20), ("gpt", 8), ("resnet", 3)],
)
def test_no_memory_is_lost_from_step_to_step(name: str, steps: int) -> None:
    step = WORKLOADS[name].build(minitorch)
    with traced():
        for _ in range(8):  # once through the batches
            step()
        gc.collect()  # it empties Python's own stores of freed tuples, too
        before = held()
        for _ in range(steps):
            step()
        assert gc.collect() == 0
        # NumPy keeps some freed blocks for later. A tensor from each of 200 steps would be more.
        assert held() - before < 20_000


COUNT, SIZE = 40, 50_000


def chain(x: Any) -> list[Any]:
    """`COUNT` results, each of which its node has saved."""
    ys = [x]
    for _ in range(COUNT):
        ys.append(ys[-1].tanh())
    return ys[1:]


def test_backward_needs_three_arrays_however_deep_the_graph() -> None:
    with traced():
        x = minitorch.ones(SIZE, requires_grad=True)
        size = x.numel() * x.element_size()
        y = chain(x)[-1].sum()
        before = held()
        assert before >= COUNT * size
        tracemalloc.reset_peak()
        y.backward()
        # One gradient arrives, one is made, with something on the way from one to the other.
        assert tracemalloc.get_traced_memory()[1] - before < 3.1 * size
        assert held() < 2.5 * size  # x and x.grad


@pytest.mark.parametrize("way", ["backward", "grad"])
def test_what_is_saved_is_freed_as_backward_proceeds(way: str) -> None:
    x = minitorch.ones(3, requires_grad=True)
    ys = chain(x)
    saved = [weakref.ref(y.detach().numpy().base) for y in ys]
    assert all(ref() is y._array for ref, y in zip(saved, ys, strict=True))
    alive: list[int] = []
    for y in ys:
        y.register_hook(lambda grad: alive.append(sum(ref() is not None for ref in saved)))
    last = ys[-1].sum()
    del y, ys
    with traced():
        if way == "backward":
            last.backward()
        else:
            minitorch.autograd.grad(last, x)
    assert alive == list(range(COUNT, 0, -1))
    assert not any(ref() is not None for ref in saved)


def test_a_retained_graph_keeps_what_it_saved() -> None:
    x = minitorch.ones(3, requires_grad=True)
    last = chain(x)[-1].sum()
    last.backward(retain_graph=True)
    last.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        last.backward()
