"""What a step costs, counted, stays within ``tests/data/budget.json``. Nothing here is timed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from benchmarks.budget import BUDGET, COUNTED, Counter, Counts, Named, judge
from benchmarks.run import ROOT

ANEW = "python -m benchmarks.budget --write"


def budget() -> Any:
    return json.loads(BUDGET.read_text(encoding="utf-8"))


def test_steps_cost_no_more_than_their_budget() -> None:
    command = [sys.executable, "-m", "benchmarks.budget", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    above, below = judge(json.loads(done.stdout), budget())
    assert not above, f"a step costs more than it did; if it has to: {ANEW}\n" + "\n".join(above)
    if below:
        pytest.skip(f"passed; the budget is too large by now, tighten it: {ANEW}")


def test_the_budget_has_every_step() -> None:
    assert list(budget()["steps"]) == list(COUNTED)


@pytest.mark.parametrize("unit", Counts.__dataclass_fields__)
def test_what_is_above_and_below_is_told(unit: str) -> None:
    recorded = budget()
    changed = copy.deepcopy(recorded)
    steps = changed["steps"]["resnet"]
    steps[unit] = recorded["steps"]["resnet"][unit] * 1.03
    above, below = judge(changed, recorded)
    assert len(above) == 1 and f" {unit}," in above[0]
    assert not below
    steps[unit] = recorded["steps"]["resnet"][unit] * 0.9
    above, below = judge(changed, recorded)
    assert not above
    assert len(below) == 1 and below[0].startswith("resnet: ")


def test_other_versions_have_a_wider_margin() -> None:
    recorded = budget()
    changed = copy.deepcopy(recorded)
    changed["python"] = "3.99"
    changed["steps"]["mlp"]["bytecodes"] *= 1.2
    assert judge(changed, recorded) == ([], [])
    changed["steps"]["mlp"]["bytecodes"] *= 1.2
    assert len(judge(changed, recorded)[0]) == 1


def test_the_counts_are_right() -> None:
    counter = Counter()
    add = Named(np.add, counter)
    x = np.zeros(1000)

    def inner() -> None:
        pass

    def step() -> None:
        y = add(x, x)  # an array of 8,000 bytes, by a function with a name
        add.reduce(y, 0)
        y.reshape(10, 100)
        y + y  # dropped at once
        inner()

    def longer() -> None:
        y = add(x, x)
        add.reduce(y, 0)
        y.reshape(10, 100)
        y + y
        inner()
        y = None  # loads a constant, stores it

    counts = counter.run(step)
    assert (counts.calls, counts.numpy, counts.arrays, counts.KiB) == (2, 3, 2, 16)
    assert counter.run(step) == counts
    assert counter.run(longer) - counts == Counts(bytecodes=2)
