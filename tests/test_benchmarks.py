"""The benchmarks' workloads run, and the harness refuses a wrong result. Nothing here is timed."""

import math

import pytest

import minitorch
from benchmarks.run import measure, table
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
