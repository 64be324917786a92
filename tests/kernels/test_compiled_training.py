"""Training on compiled kernels: from two threads at once, in forked processes, as in NumPy."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("numba")

# Prints the losses of some steps of a small net with most of the compiled kernels in it.
PROGRAM = """
import sys, threading
import minitorch as torch
from minitorch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.images = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(),
        )
        self.words = nn.LSTM(16 * 2 * 2, 16)
        self.last = nn.Sequential(nn.LayerNorm(16), nn.Dropout(0.1), nn.Linear(16, 5))

    def forward(self, x):
        T, N = 2, len(x) // 2
        y, _ = self.words(self.images(x).view(T, N, -1))
        return self.last(y.flatten(0, 1))

def train(seed, out):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(128, 3, 16, 16, generator=generator)
    y = torch.randint(0, 5, (128,), generator=generator)
    model = models[seed]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(4):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        out.append(loss.item())

torch.manual_seed(0)
models = [Net().train(), Net().train()]
for model in models:
    model.last[1].eval()  # masks would depend on who draws first
losses = [], []
if "threads" in sys.argv:
    threads = [threading.Thread(target=train, args=(i, losses[i])) for i in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
else:
    for i in range(2): train(i, losses[i])
print(*losses[0], *losses[1])
"""


def losses(kernels: str, *how: str) -> list[float]:
    command = [sys.executable, "-c", PROGRAM, *how]
    environment = os.environ | {"MINITORCH_KERNELS": kernels}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_training_comes_to_the_same() -> None:
    compiled = losses("compiled")
    assert losses("numpy") == pytest.approx(compiled, abs=2e-4)
    assert losses("compiled", "threads") == pytest.approx(compiled, abs=1e-5)


FORKED = """
import multiprocessing, sys
import minitorch as torch

def work(seed, results):
    x = torch.randn(64, 16, 16, 16, generator=torch.Generator().manual_seed(seed))
    w = torch.ones(16, 16, 3, 3, requires_grad=True)
    torch.nn.functional.conv2d(x, w, padding=1).relu().sum().backward()
    results.put(w.grad.sum().item())

context = multiprocessing.get_context("fork")
results = context.SimpleQueue()
for seed in range(2):  # threads, and compiled kernels, are in use before
    work(seed, results)
expected = sorted(results.get() for _ in range(2))
children = [context.Process(target=work, args=(seed, results)) for seed in range(2)]
for child in children: child.start()
found = sorted(results.get() for _ in range(2))
for child in children: child.join()
assert found == expected, (found, expected)
print("same")
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_kernels_run_in_forked_processes() -> None:
    environment: dict[str, Any] = os.environ | {"MINITORCH_KERNELS": "compiled"}
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "same", done.stderr
