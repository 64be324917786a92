"""The benchmarks' workloads run, and the harness refuses a wrong result. Nothing here is timed."""

import json
import math
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch
from benchmarks import run
from benchmarks.curves import CURVES, exponent, find
from benchmarks.memory import counted_by_tracemalloc, resident
from benchmarks.pages import insert
from benchmarks.run import ROOT, Worker, markdown, mean_ratio, measure, table
from benchmarks.scaling import too_steep
from benchmarks.workloads import WORKLOADS, parts_of, size_of


@pytest.mark.parametrize("name", WORKLOADS)
def test_one_step(name):
    assert math.isfinite(size_of(WORKLOADS[name].build(minitorch)()))


@pytest.mark.parametrize("name", WORKLOADS)
def test_pytorch_computes_the_same(name):
    torch = pytest.importorskip("torch")
    theirs, ours = WORKLOADS[name].build(torch), WORKLOADS[name].build(minitorch)
    for _ in range(3):
        for expected, result in zip(parts_of(theirs()), parts_of(ours()), strict=True):
            given = result.detach().numpy(), expected.detach().numpy()
            np.testing.assert_allclose(*given, rtol=0, atol=4e-5)  # 3e4 products in a sum


class Stub:
    """A worker whose rounds are given."""

    error, version = None, "1"

    def __init__(self, *answers):
        self.answers = iter(answers)

    def round(self, name):
        return next(self.answers)

    def close(self):
        pass


def stubs(*rounds):
    """A worker for each column, from the time and loss of each in turn, or what it has to say."""
    columns = zip(*rounds, strict=True)
    answers = (
        [a if isinstance(a, dict) else {"us": a[0], "loss": a[1]} for a in c] for c in columns
    )
    return {key: Stub(*given) for key, given in zip(run.COLUMNS, answers, strict=True)}


def test_the_best_rounds_are_compared():
    workers = stubs(
        ((30.0, 1.0), (10.0, 1.0), (40.0, 1.00001)),
        ((20.0, 1.0), (50.0, 1.0), (60.0, 1.00001)),
    )
    row = measure(workers, "mlp", rounds=2)
    assert row["minitorch"]["best_us"] == 20
    assert row["minitorch"]["median_us"] == 25
    assert row["ratios"] == {"minitorch": 0.5, "fast": 0.25}
    assert row["errors"] == {}
    title = WORKLOADS["mlp"].title
    for cell in (" 0.50", " 0.25", "20.0", "25.0"):
        assert cell in table([row])
    page = markdown([row], {"minitorch": "1", "torch": "2"}, "told")
    assert f"| {title} | 20 / 25 | 10 / 30 | 40 / 50 | 0.50 | 0.25 |" in page
    assert "minitorch 1, PyTorch 2; told." in page


def test_the_last_row_is_a_geometric_mean():
    slow, quick = (
        measure(stubs(((us, 1.0), (10.0, 1.0), (10.0, 1.0))), "mlp", rounds=1) for us in (40, 10)
    )
    failed = measure(stubs(({"error": "no"}, (10.0, 1.0), (10.0, 1.0))), "mlp", rounds=1)
    assert mean_ratio([slow, quick, failed], "minitorch") == pytest.approx(2)
    assert mean_ratio([failed], "minitorch") is None
    last = markdown([slow, quick, failed], {"minitorch": "1", "torch": "2"}, "").splitlines()[4]
    assert "| – | 1.00 |" in last  # the failed one
    page = markdown([slow, quick], {"minitorch": "1", "torch": "2"}, "")
    assert "| **geometric mean of the ratios** |  |  |  | **2.00** | **1.00** |" in page


@pytest.mark.parametrize("wrong", [1.001, math.nan])
@pytest.mark.parametrize("which", ["minitorch", "fast"])
def test_a_fast_wrong_step_gets_no_time(wrong, which):
    answers = [(1.0, wrong if key == which else 1.0) for key in ("minitorch", "fast")]
    row = measure(stubs((*answers, (40.0, 1.0)), (*answers, (40.0, 1.0))), "mlp", rounds=2)
    right = ({"minitorch", "fast"} - {which}).pop()
    assert not row[which]
    assert row["ratios"] == {which: None, right: 1 / 40}
    assert f"{run.COLUMNS[which]}: computes" in table([row])
    assert "where PyTorch computes 1" in table([row])


def test_what_one_framework_lacks_is_reported():
    row = measure(
        stubs(((1.0, 1.0), (1.0, 1.0), {"error": "No module named 'torch'"})), "mlp", rounds=1
    )
    assert row["minitorch"]["best_us"] == 1
    assert row["ratios"] == {"minitorch": None, "fast": None}
    assert "PyTorch: No module named 'torch'" in table([row])


def test_without_numba_a_column_is_left_out(monkeypatch, capsys):
    workers = stubs(((1.0, 1.0), {"error": "no"}, (2.0, 1.0)))
    workers["fast"].error = "needs Numba"
    monkeypatch.setattr(run, "start_workers", lambda options, keys: {k: workers[k] for k in keys})
    assert run.main(["mlp", "--rounds", "1"]) == 0
    out, err = capsys.readouterr()
    assert "minitorch [fast] is left out: needs Numba" in err
    assert " 0.50" in out
    assert "[fast]" not in out


@pytest.mark.parametrize("numba", [True, False])
def test_a_worker_has_the_kernels_of_its_column(numba, tmp_path, monkeypatch):
    if numba:
        pytest.importorskip("numba")
    else:  # one that cannot be found hides one that is installed
        (tmp_path / "numba.py").write_text(
            "raise ModuleNotFoundError('No module named numba', name='numba')"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for key, error in {"minitorch": None, "fast": None if numba else "needs Numba"}.items():
        worker = Worker(key, threads=1)
        worker.close()
        assert error in worker.error if error else worker.error is None


def test_a_pinned_blas_is_told(monkeypatch):
    options = SimpleNamespace(threads=1, busy=False, rounds=3)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert run.told_of(options) == f"{run.processor()}; 1 thread, 3 rounds of each"
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert "OPENBLAS_CORETYPE=Haswell" in run.told_of(options)


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
    command = [sys.executable, "-m", "benchmarks.floors", "--examine", "mlp", "conv16"]
    alone = os.environ | {"MINITORCH_KERNELS": "numpy"}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    machine, work, layer = map(json.loads, done.stdout.splitlines())
    # A convolution and its two gradients; between rows of outputs are some that nobody wants.
    convolution = 2 * 32 * 16 * 16 * 9 * 32 * 32
    assert 3 * convolution <= layer["flop"] < 1.1 * 3 * convolution
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
