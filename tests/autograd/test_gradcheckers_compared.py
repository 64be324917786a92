"""The trial of gradient checkers: it is fair, and minitorch's own passes it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import pages
from benchmarks.gradcheckers import trial
from benchmarks.gradcheckers.checkers import CHECKERS, Checker, Verdict
from benchmarks.gradcheckers.mutants import is_wrong, mutants
from benchmarks.gradcheckers.subjects import subjects

OURS = CHECKERS["minitorch"]


def wrong_verdicts(trials):
    trial.run(trials, [OURS])
    return trial.wrong_of(trials, OURS.name)


# ---- the checker ------------------------------------------------------------------------------


def test_no_right_function_is_refused():
    assert wrong_verdicts(trial.right()) == []


def test_a_few_bugs_of_each_kind_are_found():
    assert wrong_verdicts(trial.planted(sample=3)) == []


@pytest.mark.slow
def test_every_bug_is_found():
    assert wrong_verdicts(trial.planted()) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bugs_are_found_at_other_points(seed):
    assert wrong_verdicts(trial.planted(seed, sample=8)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_no_right_function_is_refused_at_other_points(seed):
    assert wrong_verdicts(trial.right(seed)) == []


ELSEWHERE = [name for name in CHECKERS if name.startswith("minitorch-")]


def wrong_elsewhere(name, trials):
    """As `wrong_verdicts`, of the same functions written for another library."""
    checker = CHECKERS[name]
    if missing := checker.missing():
        pytest.skip(missing)
    trials = trial.that_show(trials, [checker])
    trial.run(trials, [checker])
    return trial.wrong_of(trials, checker.name)


@pytest.mark.parametrize("name", [name for name in ELSEWHERE if name != "minitorch-jax"])  # slow
def test_some_functions_of_another_library(name):
    right = trial.right()[::6]
    assert wrong_elsewhere(name, [*right, *trial.planted(sample=1)]) == []


def test_bugs_that_a_library_keeps_from_its_checkers_are_left_out():
    planted = trial.planted(sample=2) + trial.planted(only="wrong number", sample=20)

    def hidden(name):
        shown = trial.that_show(planted, [CHECKERS[name]])
        return [t for t in planted if t not in shown]

    assert hidden("minitorch") == hidden("hips") == []
    assert {t.name.rpartition(": ")[2] for t in hidden("minitorch-hips")} == {"one too many"}
    kinds = {t.group for t in hidden("jax")}
    assert {"changes grad_output", "changes an input", "wrong for a memory layout"} <= kinds
    assert not kinds & {"constant factor", "transposed", "not linear in grad_output"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ELSEWHERE)
def test_functions_of_another_library(name):
    assert wrong_elsewhere(name, trial.right() + trial.planted(sample=12)) == []


# ---- the trial --------------------------------------------------------------------------------


def test_the_trial_is_large_and_the_same_each_time():
    first, second = trial.planted(), trial.planted()
    names = [(t.group, t.name) for t in first]
    assert names == [(t.group, t.name) for t in second]
    assert len(names) == len(set(names)) >= 1000
    assert len({t.group for t in first}) >= 30
    assert len(subjects()) >= 40
    functions = [t.name for t in trial.right()]
    assert len(functions) == len(set(functions)) >= 140


@pytest.mark.parametrize("case", [t.case for t in trial.right()], ids=lambda case: case.name)
def test_a_right_gradient_is_not_counted_as_a_bug(case):
    assert not is_wrong(case, case.backward)


def test_a_change_without_effect_is_not_counted_as_a_bug():
    case = next(c for c in subjects() if c.name == "tanh")
    assert not is_wrong(case, lambda node, grad, x: [np.array(case.vjp(grad, x)[0]) * (1 + 1e-12)])
    assert is_wrong(case, lambda node, grad, x: [np.array(case.vjp(grad, x)[0]) * (1 + 1e-5)])
    # The sum of all elements has the same gradient in each, so that a shift by one changes nothing.
    whole = replace(case, forward=np.sum, vjp=lambda g, x: (np.full_like(x, g),))
    kinds = {m.kind for m in mutants([whole])}
    assert "constant factor" in kinds
    assert not kinds & {"shifted by one", "transposed", "flipped"}


def test_the_right_gradients_are_those_of_pytorchs_checker():
    """Where it is at home: float64, smooth, of ordinary size."""
    torch = CHECKERS["torch"]
    if torch.missing():
        pytest.skip(torch.missing())
    smooth = ("steep", "flat", "empty, 0-d, strided, views", "side inputs, several outputs")
    trials = [t for t in trial.right() if t.group in smooth]
    trial.run(trials, [torch])
    assert trial.wrong_of(trials, torch.name) == []


def test_wrong_verdicts_are_counted_and_written_into_the_page(tmp_path, capsys, monkeypatch):
    blind = Checker("blind", lambda case, backward: True, "math", "")
    monkeypatch.setitem(CHECKERS, "minitorch", blind)
    monkeypatch.setattr(trial, "CHECKERS", {"minitorch": blind})
    page = tmp_path / "page.md"
    begin = pages.BEGIN.format("python -m benchmarks.gradcheckers")
    page.write_text(f"Before.\n{begin}\nold\n{pages.END}\nAfter.\n")
    command = ["--only", "swapped", "--json", "--markdown", str(page)]
    assert trial.main(command) == 1
    document = json.loads(capsys.readouterr().out)
    bugs = len(document["trials"])
    assert {t["group"] for t in document["trials"]} == {"swapped"}
    text = page.read_text()
    assert "Before." in text and "After." in text and "old" not in text
    assert f"| swapped | {bugs} | 0 |" in text
    by_name = pages.BEGIN.format("python -m benchmarks.gradcheckers --checker minitorch --seed 1")
    page.write_text(f"{begin}\nold\n{pages.END}\n{by_name}\nold, too\n{pages.END}\n")
    trial.main(["--markdown", str(page), "--sample", "2", *command[:2], "--checker", "minitorch"])
    text = page.read_text()
    assert "\nold\n" in text and "old, too" not in text  # its own table alone
    assert by_name.replace("--seed 1", "--sample 2") in text
    page.write_text("no markers")
    with pytest.raises(ValueError, match="to write between"):
        trial.main(command)


def test_a_checker_that_refuses_everything_earns_nothing():
    trials = [t for t in trial.right() if t.name == "tanh"]
    trials += [t for t in trial.planted(only="sign flipped") if t.case.name == "tanh"]
    for t in trials:
        t.verdicts["strict"] = Verdict("no", 0.0)
    strict = Checker("strict", lambda case, backward: False, "math", "")
    table = trial.tables(trials, [strict])[0]
    assert table[-2:] == [["all", "2", "2"], ["all, in functions that pass", "", "0 of 0"]]


def test_bad_use_is_refused(capsys):
    with pytest.raises(SystemExit):
        trial.main(["--only", "spelling"])
    assert "no kind of bug 'spelling': choose from NaN or infinite" in capsys.readouterr().err
    absent = Checker("absent", lambda case, backward: True, "no_such_library", "pip install it")
    assert absent.missing() == (
        "absent needs no_such_library, which is not installed: pip install it"
    )
