"""Random expressions over the surface agree with PyTorch; see `expressions` for what they are."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import the_torch

import minitorch
from fuzz.expression_lines import TEMPLATES
from fuzz.expressions import Difference, Line, Program, rounding_explains, run_many, run_program
from minitorch.ops.math.pointwise import Tanh


def test_a_few_random_expressions_agree_with_pytorch() -> None:
    the_torch()
    assert [str(d) for d in run_many(500, seed=1)] == []


@pytest.mark.slow
def test_ten_thousand_random_expressions_agree_with_pytorch() -> None:
    the_torch()
    assert [str(d) for d in run_many(10_000, seed=0)] == []


@pytest.mark.filterwarnings("ignore")
def test_a_difference_is_found_and_comes_with_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    the_torch()
    right = Tanh.ufunc
    monkeypatch.setattr(Tanh, "ufunc", lambda *args, **kwargs: right(*args, **kwargs) * 1.01)
    found = next(d for d in run_many(3000, seed=2) if "tanh" in str(d))
    assert isinstance(found, Difference)
    assert "import minitorch as m" in str(found)
    monkeypatch.setattr(Tanh, "ufunc", right)
    run_program(int(str(found).split()[1].rstrip(":")))  # the same program, without the bug


@pytest.mark.filterwarnings("ignore")
def test_a_program_is_the_same_each_time() -> None:
    the_torch()
    assert run_program(5).source() == run_program(5).source()


def test_each_line_is_a_template_of_its_own() -> None:
    assert len(TEMPLATES) > 700
    assert len(set(TEMPLATES)) == len(TEMPLATES)


@pytest.mark.filterwarnings("ignore")
def test_programs_use_most_of_the_templates() -> None:
    the_torch()
    used: set[str] = set()
    for number in range(300):
        used.update(line.template for line in run_program(number).lines)
    assert used <= set(TEMPLATES)
    assert len(used) > 400


@pytest.mark.filterwarnings("ignore")
def test_rounding_excuses_only_what_pytorch_itself_leaves_open() -> None:
    the_torch()
    program = Program(0, inputs={"x0": np.array([0.1, 0.7])})
    program.lines.append(Line("(x0 * 3 - x0 - x0 - x0).sum()", 0, places=1))
    lost = minitorch.tensor(3e-17, dtype=minitorch.float64)
    assert rounding_explains(program, (lost,), lambda names, results: results)
    for wrong in (lost + 1e-12, lost + 1, lost * float("nan")):
        assert not rounding_explains(program, (wrong,), lambda names, results: results)
