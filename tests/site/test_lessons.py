"""The lessons: each runs, draws, and tells a right answer to its exercises from a wrong one."""

from __future__ import annotations

import itertools
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "docs" / "lessons").glob("plot_*.py"))
SLOW = {"plot_12_three_ways"}  # it imports PyTorch, and trains in bare NumPy

# For each exercise, in order: an answer that is right, and one that is not. (Reader: try first.)
ANSWERS: dict[str, list[tuple[str, str]]] = {
    "plot_01_tensor": [("0.0", "-12.0"), ('"SubBackward0"', '"ExpBackward0"')],
    "plot_02_one_op": [
        ("2.0", "-2.0"),
        (
            "lambda grad, x: grad * (1 - x * x) / (1 + x * x) ** 2",
            "lambda grad, x: grad / (1 + x * x) ** 2",
        ),
    ],
    "plot_03_order": [("20", "36"), ("177", "11")],
    "plot_04_accumulate": [("4", "12"), ("12", "6")],
    "plot_05_broadcasting": [("[[5, 5, 5]]", "[5, 5, 5]"), ("[2, 2, 2]", "[1, 1, 1]")],
    "plot_06_versions": [("False", "True"), ("2", "3")],
    "plot_07_convolution": [("(9, 16)", "(16, 9)"), ("9", "4")],
    "plot_08_pooling": [("[1 / 3, 0, 1 / 3, 1 / 3]", "[1, 0, 0, 0]"), ("4", "1")],
    "plot_09_cross_entropy": [
        ("[0.25, 0.25, -0.75, 0.25]", "[0.25, 0.25, 0.25, 0.25]"),
        (
            "lambda a, b: max(a, b) + np.log1p(np.exp(-abs(a - b)))",
            "lambda a, b: np.log(np.exp(a) + np.exp(b))",
        ),
    ],
    "plot_10_checking": [
        ("0", "1"),
        ("lambda grad, x: grad * 2 * x.abs()", "lambda grad, x: grad * 2 * x"),
    ],
    "plot_11_second": [("2", "0"), ("[6, 2]", "[6, 0]")],
    "plot_12_three_ways": [
        ("8 * 9 + 8 + 1280 + 10", "8 * 9 + 8 + 1280"),
        (
            "lambda dafter, before: dafter * np.where(before > 0, 1, 0.1)",
            "lambda dafter, before: dafter * (before > 0)",
        ),
    ],
    "plot_13_same_seed": [("1 - 2**-24", "1"), ('"the same"', '"others"')],
    "plot_14_where_the_time_goes": [("200", "40000"), ("6", "5")],
}
FILL_IN = re.compile(r"^(answer_\d+) = None\b.*$", re.MULTILINE)


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The figures that a script has shown, drawn where nobody sees them."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    shown: list[Any] = []

    def show() -> None:
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
            shown.append(plt.figure(number))
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    yield shown
    plt.close("all")


def run(path: pathlib.Path, source: str, names: dict[str, Any]) -> None:
    """Run a part of a lesson, with the names that are known by then."""
    exec(compile(source, str(path), "exec"), names)


def filled_in(exercises: str, answers: dict[int, str]) -> str:
    """The exercises with some of them answered, by their position."""
    counter = itertools.count()

    def replace(found: re.Match[str]) -> str:
        answer = answers.get(next(counter))
        return found[0] if answer is None else f"{found[1]} = {answer}"

    return FILL_IN.sub(replace, exercises)


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] if path.stem in SLOW else []) for path in LESSONS],
    ids=lambda path: path.stem,
)
def test_a_lesson_runs_and_draws_and_knows_the_right_answers(
    path: pathlib.Path, pictures: list[Any]
) -> None:
    lesson, _, exercises = path.read_text().partition("# Exercises\n")
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    run(path, lesson, names)
    assert pictures
    assert all(any(axes.get_title() for axes in figure.axes) for figure in pictures)

    answers = ANSWERS.get(path.stem, [])
    assert len(answers) == len(FILL_IN.findall(exercises))
    run(path, exercises, names.copy())
    all_right = {position: right for position, (right, _) in enumerate(answers)}
    run(path, filled_in(exercises, all_right), names.copy())
    for position, (_, wrong) in enumerate(answers):
        with pytest.raises((AssertionError, RuntimeError)):
            run(path, filled_in(exercises, {position: wrong}), names.copy())


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_points_to_files_that_are_there(path: pathlib.Path) -> None:
    named = re.findall(r"``((?:minitorch|tests|examples)/[\w/]+\.py)``", path.read_text())
    assert named, "no line that says where in the source it is done"
    for name in named:
        assert (ROOT / name).is_file(), f"{path.name} points to {name}"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lessons_blocks_begin_where_they_should(path: pathlib.Path) -> None:
    # A mark right below another comment would be printed as a part of the text.
    assert not re.search(r"^#.*\n# %%$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_what_is_said_to_be_in_the_source_is_there(path: pathlib.Path) -> None:
    text = path.read_text()
    paragraphs = re.findall(r"^# Where in the source:.*?(?=^#?\s*$|\Z)", text, re.M | re.S)
    assert paragraphs
    for paragraph in paragraphs:
        quoted = re.findall(r"``([^`]+)``", paragraph)
        files = [ROOT / name for name in quoted if "/" in name]
        assert files and all(file.exists() for file in files), paragraph
        source = text.replace(paragraph, "")  # it may speak of the lesson's own
        source += "".join(file.read_text() for file in files if file.is_file())
        for name in quoted:
            if re.fullmatch(r"[A-Za-z_][\w.]*", name):
                assert re.search(rf"\b{name.rpartition('.')[2]}\b", source), f"{name}: {paragraph}"
