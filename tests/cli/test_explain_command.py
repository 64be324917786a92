"""``minitorch explain``: right numbers, and nothing but formulas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from minitorch.__main__ import main


def explained(capsys: Any, *argv: str) -> str:
    assert main(["explain", *argv]) == 0
    return capsys.readouterr().out


def refused(capsys: Any, *argv: str) -> str:
    try:
        code = main(["explain", *argv])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    return said.err


def test_values_forward_graph_backward_and_gradients(capsys: Any) -> None:
    out = explained(capsys, "(x*w + b).sigmoid()", "x=2", "w=[1, -2]")
    assert "  x = 2\n  w = [1, -2]\n  b = 2  (by default)\n" in out
    assert "  x * w                        [2, -4]\n" in out
    y = [1 / (1 + math.exp(-z)) for z in (4, -2)]
    assert f"  (x * w + b).sigmoid()        [{y[0]:.5g}, {y[1]:.5g}]\n" in out
    assert f"(x * w + b).sigmoid().sum()  {sum(y):.5g}\n" in out
    assert "starts from one number" in out
    assert "● #7 SumBackward0" in out and "step 1: #7 SumBackward0 runs" in out
    slopes = [value * (1 - value) for value in y]
    assert f"d/dx = {slopes[0] - 2 * slopes[1]:.5g}\n" in out
    assert f"d/db = {sum(slopes):.5g}\n" in out


@pytest.mark.parametrize(
    ("formula", "given", "gradient"),
    [
        ("x", ["x=3"], "1"),
        ("x**2", ["x=3"], "6"),
        ("2*x[0] + x[-1]", ["x=[1,2,3]"], "[2, 0, 1]"),
        ("x[1:].sum()", ["x=[1,2,3]"], "[0, 1, 1]"),
        ("exp(x)", ["x=0"], "1"),
        ("log_softmax(x, dim=0)[1]", ["x=[0,0]"], "[-0.5, 0.5]"),
        ("where(x > 0, x, -x)", ["x=-2"], "-1"),
        ("(x @ x) / 2", ["x=[1,2]"], "[1, 2]"),
        ("stack([x, x]).sum()", ["x=1"], "2"),
        ("sin(pi * x)", ["x=0"], f"{math.pi:.5g}"),
        ("relu(x)", ["x=[-1,1]"], "[0, 1]"),
        ("x.reshape(2, 1).sum(dim=(0, 1))", ["x=[1,2]"], "[1, 1]"),
        ("max(x)", ["x=[1,2]"], "[0, 1]"),
    ],
)
def test_gradients_of_formulas(capsys: Any, formula: str, given: list[str], gradient: str) -> None:
    assert f"  d/dx = {gradient}\n" in explained(capsys, formula, *given)


def test_defaults_are_said(capsys: Any) -> None:
    out = explained(capsys, "a*b*c")
    for said in ("a = 2  (by default)", "b = -3  (by default)", "c = 0.5  (by default)"):
        assert said in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["(x +"], "this is no formula"),
        (["x y"], "this is no formula"),
        (["x.__class__"], "no method '__class__'"),
        (["x.grad_fn"], "no method 'grad_fn'"),
        (["x.numpy()"], "no method 'numpy'"),
        (["().__class__.__bases__[0]"], "no method"),
        (["__import__('os')"], "no function '__import__'"),
        (["open(x)"], "no function 'open'"),
        (["eval(x)"], "no function 'eval'"),
        (["'text'"], "names, numbers"),
        (["(lambda: x)()"], "names, numbers"),
        (["[y for y in x]"], "names, numbers"),
        (["x if x else x"], "names, numbers"),
        (["f'{x}'"], "names, numbers"),
        (["x.sum(**x)"], "** cannot"),
        (["[x] + [x]"], "lists cannot"),
        (["2 .exp()"], "only a tensor has exp()"),
        (["[1, 2][0] * x"], "only a tensor can be indexed"),
        (["9**9**9 * x"], "out of range"),
        (["x / (1/0)"], "division by zero"),
        (["(-1)**0.5 * x"], "no real number"),
        (["3**2"], "depends on no name"),
        (["x > 1"], "depends on no name"),
        (["x + sum(y, dim=7)"], "Dimension out of range"),
        (["x*y", "x=[1,2]", "y=[1,2,3]"], "must match"),
        (["x", "y=1"], "'y' is given a value, but is not in the formula"),
        (["x", "x=1a"], "expected a number"),
        (["x", "x=[1,[2,3]]"], "x: "),
        (["x", "x='a'"], "expected a number"),
        (["x", "x=[]"], "expected a number"),
        (["x", "2"], "expected NAME=VALUE"),
        (["x", "--html", "/nowhere/page.html"], "there is no directory"),
        (["(" * 500 + "x" + ")" * 500], "nested"),
        (["x" + "+x" * 2000], "at most 2000 characters"),
    ],
)
def test_what_is_no_formula_is_refused(capsys: Any, argv: list[str], said: str) -> None:
    assert said in refused(capsys, *argv)


def test_the_place_of_an_error_is_shown(capsys: Any) -> None:
    lines = refused(capsys, "x * foo(x)").splitlines()
    assert lines[-2:] == ["  x * foo(x)", "      ^"]


def test_the_page(capsys: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    explained(capsys, "x*x", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert "step by step" in text and "explain.py" not in text
