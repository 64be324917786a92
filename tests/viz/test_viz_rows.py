"""Every differentiable row of the op table, recorded, replayed and drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs, weighted

import minitorch
from minitorch import viz

ROWS = [case for case in CASES if case.differentiable]


def made(case: Case) -> tuple[list[Any], Any]:
    minitorch.manual_seed(0)
    inputs = as_inputs(minitorch, tuple(case.arrays(np.float64)), gradients=True)
    return inputs, weighted(outputs(case.function(minitorch, *inputs)))


def see_inside(case: Case) -> None:
    """What is told of a row's graph is whole, and its backward is the one that it has anyway."""
    plain, loss = made(case)
    loss.backward()
    with viz.record():
        inputs, watched = made(case)
    replay = viz.replay(watched)
    for one, other in zip(plain, inputs, strict=True):
        one, other = (getattr(tensor, "grad", None) for tensor in (one, other))
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert replay[-1].held == 0
    for node in replay.graph:
        if node.kind == "operation":
            assert len(node.outputs) > 1 or node.outputs[0].values is not None
            assert node.line()
    graph = viz.graph(watched)
    assert graph.text() and graph.svg() and graph.mermaid() and graph.dot() and graph.data()
    assert str(replay) and replay.data()


@pytest.mark.parametrize("case", ROWS[::10], ids=str)
def test_a_tenth_of_the_rows(case: Case) -> None:
    see_inside(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for n, case in enumerate(ROWS) if n % 10], ids=str)
def test_every_other_row(case: Case) -> None:
    see_inside(case)
