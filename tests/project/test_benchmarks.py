"""The benchmarks' workloads run, and the harness refuses a wrong result. Nothing here is timed."""

import json
import math
import platform
import subprocess
import sys

import numpy as np
import pytest

import minitorch
from benchmarks.curves import CURVES, exponent, find
from benchmarks.memory import counted_by_tracemalloc, resident
from benchmarks.pages import insert
from benchmarks.run import ROOT, measure, table
from benchmarks.scaling import too_steep
from benchmarks.workloads import WORKLOADS


@pytest.mark.parametrize("name", WORKLOADS)
def test_one_step(name):
    result = WORKLOADS[name].build(minitorch)()
    assert math.isfinite(result.detach().pow(2).mean().item())


@pytest.mark.parametrize("name", WORKLOADS)
def test_pytorch_computes_the_same(name):
    torch = pytest.importorskip("torch")
    theirs, ours = WORKLOADS[name].build(torch), WORKLOADS[name].build(minitorch)
    for _ in range(3):
        expected, result = theirs().detach().numpy(), ours().detach().numpy()
        assert result == pytest.approx(expected, abs=1e-5)


class Stub:
    """A worker whose rounds are given."""

    def __init__(self, *answers):
        self.answers = iter(answers)

    def round(self, name):
        return next(self.answers)


def test_the_best_rounds_are_compared():
    ours = Stub({"us": 30.0, "loss": 1.0}, {"us": 20.0, "loss": 1.0})
    theirs = Stub({"us": 40.0, "loss": 1.00001}, {"us": 60.0, "loss": 1.00001})
    row = measure({"minitorch": ours, "torch": theirs}, "mlp", rounds=2)
    assert row["minitorch"]["best_us"] == 20
    assert row["ratio"] == 0.5
    assert row["torch"]["spread"] == 0.5
    assert row["errors"] == {}
    assert " 0.50" in table([row])


@pytest.mark.parametrize("wrong", [1.001, math.nan])
def test_a_fast_wrong_step_gets_no_time(wrong):
    ours, theirs = Stub({"us": 1.0, "loss": wrong}), Stub({"us": 40.0, "loss": 1.0})
    row = measure({"minitorch": ours, "torch": theirs}, "mlp", rounds=1)
    assert not row["minitorch"]
    assert row["ratio"] is None
    assert "where PyTorch computes 1" in table([row])


def test_what_one_framework_lacks_is_reported():
    ours, theirs = Stub({"us": 1.0, "loss": 1.0}), Stub({"error": "No module named 'torch'"})
    row = measure({"minitorch": ours, "torch": theirs}, "mlp", rounds=1)
    assert row["minitorch"]["best_us"] == 1
    assert row["ratio"] is None
    assert "PyTorch: No module named 'torch'" in table([row])


@pytest.mark.parametrize("name", CURVES)
def test_each_curve_begins_with_what_pytorch_computes(name):
    torch = pytest.importorskip("torch")
    workload = find(f"{name}={CURVES[name].sizes[0]}")
    assert str(CURVES[name].sizes[0]) in workload.title
    expected, result = (workload.build(module)().item() for module in (torch, minitorch))
    assert result == pytest.approx(expected, abs=1e-5)


def test_an_exponent_is_that_of_the_larger_sizes():
    sizes = [1, 2, 4, 8, 16, 32]
    assert exponent(sizes, [3.0 * size**2 for size in sizes]) == pytest.approx(2)
    assert exponent(sizes, [9, 9, 9, 8, 16, 32]) == pytest.approx(1)


def test_what_grows_too_fast_is_told():
    sizes = CURVES["depth"].sizes
    times = {"minitorch": [1.0 * n**1.5 for n in sizes], "torch": [1.0 * n for n in sizes]}
    assert len(found := too_steep({"depth": times})) == 1
    assert "minitorch" in found[0] and "1.50" in found[0]


def test_each_command_writes_into_its_own_block_of_a_page():
    page = insert(PAGE, "one", "python -m benchmarks --rounds 9")
    page = insert(page, "two", "python -m benchmarks.floors --markdown x")
    page = insert(page, "three", "python -m benchmarks --rounds 3")
    assert page == (
        "<!-- begin: written by python -m benchmarks --rounds 3 -->\n\nthree\n\n<!-- end -->\n"
        "between\n<!-- begin: written by python -m benchmarks.floors --markdown x -->\n\ntwo\n\n"
        "<!-- end -->\n"
    )
    with pytest.raises(ValueError, match=r"benchmarks\.memory"):
        insert(page, "four", "python -m benchmarks.memory")


PAGE = """<!-- begin: written by python -m benchmarks -->
<!-- end -->
between
<!-- begin: written by python -m benchmarks.floors -->
<!-- end -->
"""


def test_the_floor_knows_every_product_and_every_byte():
    command = [sys.executable, "-m", "benchmarks.floors", "--examine", "mlp"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    machine, work = map(json.loads, done.stdout.splitlines())
    assert all(value > 0 for value in machine.values())
    first, second, third = 64 * 32, 32 * 32, 32 * 10  # the first layer's input wants no gradient
    assert work["flop"] == 2 * 32 * (2 * first + 3 * second + 3 * third)
    assert work["operations"] == 6
    weights = first + second + third + 32 + 32 + 10
    # Three layers, each with its input, weights and output, forwards and backwards; two ReLUs; the
    # loss; the update. Much more or less would be a mistake in what is counted.
    layers = 32 * (64 + 32 + 32 + 32 + 32 + 10) + weights
    assert 4 * (2 * layers + 3 * weights) < work["bytes"] < 2 * 4 * (2 * layers + 3 * weights)
    assert min(work[part] for part in ("products", "memory", "calls")) > 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc and Linux's /proc")
def test_both_ways_see_the_memory_of_a_step():
    def step():
        a = np.ones(4_000_000, np.float32)
        return float((a + a)[0])  # 32 MB at once

    step()
    assert resident(step) == pytest.approx(32e6, rel=0.1)
    assert counted_by_tracemalloc(step) == pytest.approx(32e6, rel=0.01)
