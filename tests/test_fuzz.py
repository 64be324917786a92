"""Random expressions over the surface agree with PyTorch; see `fuzz` for what they are."""

from __future__ import annotations

import numpy as np
import pytest
from fuzz import TEMPLATES, Difference, run_many, run_program
from oracle import the_torch

import minitorch


def test_a_few_random_expressions_agree_with_pytorch() -> None:
    the_torch()
    assert [str(d) for d in run_many(500, seed=1)] == []


@pytest.mark.slow
def test_ten_thousand_random_expressions_agree_with_pytorch() -> None:
    the_torch()
    assert [str(d) for d in run_many(10_000, seed=0)] == []


def test_a_difference_is_found_and_comes_with_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    the_torch()
    right = np.tanh
    monkeypatch.setattr(np, "tanh", lambda *args, **kwargs: right(*args, **kwargs) * 1.01)
    found = next(iter(run_many(3000, seed=2)))
    assert isinstance(found, Difference)
    assert "tanh" in str(found)
    assert "import minitorch as m" in str(found)


def test_a_program_is_the_same_each_time() -> None:
    the_torch()
    assert run_program(5).source() == run_program(5).source()


def test_every_template_is_met() -> None:
    the_torch()
    assert len(TEMPLATES) > 250
    assert len(set(TEMPLATES)) == len(TEMPLATES)
    assert minitorch.tensor(1).ndim == 0
