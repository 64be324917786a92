"""The nodes' names are PyTorch's; those that are known not to be are listed, with what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs, the_torch

import minitorch

# By PyTorch's name: those that minitorch's node may have instead, as it composes the operation of
# others, or takes another way.
OTHERS: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "grad_fn_names.json").read_text()
)


def names(case: Case) -> list[tuple[str, str]]:
    """PyTorch's name and minitorch's of the last node of each differentiable result."""
    arrays = tuple(case.arrays(np.float64))
    ours, theirs = (
        outputs(case.function(m, *as_inputs(m, arrays, gradients=True)))
        for m in (minitorch, the_torch())
    )
    return [
        (b.grad_fn.name(), a.grad_fn.name())
        for a, b in zip(ours, theirs, strict=True)
        if getattr(a, "grad_fn", None) is not None and getattr(b, "grad_fn", None) is not None
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable and c.in_torch], ids=str)
def test_nodes_have_pytorchs_names_or_a_known_other(case: Case) -> None:
    for theirs, ours in names(case):
        assert ours == theirs or ours in OTHERS.get(theirs, [])


@pytest.mark.filterwarnings("ignore")
def test_the_list_of_other_names_has_nothing_too_much() -> None:
    the_torch()
    met = {pair for c in CASES if c.differentiable and c.in_torch for pair in names(c)}
    unused = [
        (theirs, our) for theirs in OTHERS for our in OTHERS[theirs] if (theirs, our) not in met
    ]
    assert unused == []
