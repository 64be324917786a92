"""What the pages say: every example in them runs, and every file that they link to is there."""

from __future__ import annotations

import doctest
import itertools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *sorted([*DOCS.glob("*.md"), *(DOCS / "decisions").glob("*.md")]),
]


ELSEWHERE = ["add_an_op.md"]  # what it shows is true of a copy only, where a test below tries it


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in ELSEWHERE], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run(page: pathlib.Path) -> None:
    options = doctest.ELLIPSIS if page.name == "differences.md" else 0  # in its errors
    tried = doctest.testfile(
        str(page), module_relative=False, encoding="utf-8", optionflags=options
    )
    assert tried.failed == 0


def entries_of_differences() -> dict[str, tuple[str, str]]:
    """Of each difference, by its title: the lines to try, and what PyTorch gives."""
    text = (ROOT / "docs" / "differences.md").read_text()
    first, *sections = re.split(r"^### (.*)\n", text, flags=re.MULTILINE)
    found = {"": (first, "")}
    for title, section in zip(sections[::2], sections[1::2], strict=True):
        (lines,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        (told,) = re.findall(r"^PyTorch: (.*)$", section, re.MULTILINE)
        found[title] = lines, told.strip("`")
    return found


DIFFERENCES = entries_of_differences()


@pytest.mark.parametrize("title", [title for title in DIFFERENCES if title])
def test_pytorch_differs_where_it_is_said_to(title: str, torch: Any) -> None:
    lines, told = DIFFERENCES[title]
    setting: dict[str, Any] = {"__name__": "differences"}
    parser = doctest.DocTestParser()
    examples = parser.get_examples(DIFFERENCES[""][0]) + parser.get_examples(lines)
    *before, last = [example.source.replace("minitorch", "torch") for example in examples]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for source in before:
                exec(compile(source, title, "exec"), setting)
            given = repr(eval(last.strip(), setting))
        except Exception as error:
            given = type(error).__name__
    if told == "anything":
        pytest.skip("PyTorch gives one thing or another by chance")
    assert words(given) == words(told)
    assert words(told) != words(examples[-1].want)  # else it is none


def words(text: str) -> list[str]:
    return text.replace("[", "[ ").split()


def test_the_readmes_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        if ">>>" not in block:
            exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    assert 0 <= float(capsys.readouterr().out.split()[-1]) < 0.05  # the loss that it ends with


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: pathlib.Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def shell_lines(page: pathlib.Path) -> list[str]:
    """What a page tells to type: the lines of its sh blocks, and commands set off by an indent."""
    text = page.read_text()
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    lines += re.findall(
        r"^ {4}((?:python|pip|minitorch|sphinx-build|pytest)\b.*)$", text, re.MULTILINE
    )
    return [line for line in lines if line.strip()]


TYPED = sorted({line for page in PAGES for line in shell_lines(page)})
INSTALLS = "it installs, from the network; .ci/run does it"
MEASURES = (
    "it measures for minutes, on a quiet machine; tests/project/test_benchmarks.py runs parts of it"
)
FOLLOWED = "tests/site/test_pages_on_pytorch.py follows the page"
NOT_TYPED = {
    'pip install -e ".[digits]" && python -m minitorch digits': INSTALLS,
    'pip install -e ".[digits]" && python -m minitorch digits --plot digits.png': INSTALLS,
    'pip install -e ".[test]" && pytest': INSTALLS,
    'pip install -e ".[docs]" && sphinx-build docs site': INSTALLS,
    'pip install -e ".[digits,sklearn]"': INSTALLS,
    "pip install -e .": INSTALLS,
    'pip install -e ".[dev,digits,docs]" torch==2.13.0': INSTALLS,
    'pip install -e ".[test]" torch==2.13.0': INSTALLS,
    'pip install -e ".[test]" torch==2.13.0 autograd jax': INSTALLS,
    'pip install "minitorch-numpy[fast]"': INSTALLS,
    'pip install "minitorch-numpy[sklearn]"': INSTALLS,
    'pip install "minitorch-numpy[pytest]"': INSTALLS,
    "pip install torch==2.13.0": INSTALLS,
    "pip install pytest": INSTALLS,
    "python -m venv venv": INSTALLS,
    ". venv/bin/activate": INSTALLS,
    "python softplus.py": FOLLOWED,
    "python -m pytest -q test_softplus.py": FOLLOWED,
    "python trial.py": FOLLOWED,
    "python model.py": FOLLOWED,
    "python -m minitorch check --with torch train.py": FOLLOWED,
    "python limits.py": FOLLOWED,
    "python -m benchmarks --rounds 9 --markdown README.md": MEASURES,
    "python -m benchmarks.floors --figure docs/roofline.svg --markdown docs/speed.md": MEASURES,
    "python -m benchmarks.scaling --figure docs/scaling.svg --markdown docs/speed.md": MEASURES,
    "python -m benchmarks.memory --markdown docs/speed.md": MEASURES,
    "python -m benchmarks.budget --write": MEASURES,
    "python -m benchmarks.gradcheckers": MEASURES,
    "python -m benchmarks.libraries": "it installs a dozen of them: tests/alias/test_libraries.py",
    "python -m pytest -p minitorch.torch_alias path/to/tests": "tests/alias tries it",
    "python -m minitorch run examples/vae.py --bar --plot vae.png": "it trains for a minute; "
    "tests/project/test_examples.py trains it for less",
    "pytest --gradients-html=gradients.html": "in a package that the page makes: "
    "tests/testing/test_pytest_plugin.py",
    "python -m pytest -n0 tests/ops/test_op_table.py -k gudermannian": "of a copy with it: below",
}
PROGRAM = """
import torch
weight = torch.tensor([1.0, -2.0], requires_grad=True)
loss = (torch.tensor([[3.0, 4.0]]) @ weight).tanh().square().sum()
loss.backward()
print("ran")
"""
BEGINS = {".html": b"<!doctype html>", ".png": b"\x89PNG\r\n", ".json": b"{"}


@pytest.mark.parametrize("line", [line for line in TYPED if line not in NOT_TYPED])
def test_a_shell_line_of_a_page_does_what_it_says(line: str, tmp_path: pathlib.Path) -> None:
    image = pytest.importorskip("matplotlib.image")
    (tmp_path / "prog.py").write_text(PROGRAM)
    (tmp_path / "curve.py").write_text(PROGRAM.replace("torch\n", "minitorch as torch\n"))
    image.imsave(tmp_path / "photo.jpg", np.linspace(0, 1, 48 * 3).reshape(6, 8, 3))
    words = shlex.split(line, comments=True)
    assert words[0] == "python"
    printed = python(*words[1:], cwd=tmp_path)
    made = dict(itertools.pairwise(words))
    outputs = {made[option] for option in ("--html", "--replay", "-o", "--json") if option in made}
    for output in outputs:
        begins = BEGINS[pathlib.Path(output).suffix]
        assert (tmp_path / output).read_bytes().lower().startswith(begins.lower()), output
    assert printed or outputs
    if {"prog.py", "curve.py"} & set(words):
        assert printed.startswith("ran\n") == ("run" in words or "minitorch" not in words)
    inputs = {"prog.py", "curve.py", "photo.jpg"}
    assert {path.name for path in tmp_path.iterdir()} == inputs | outputs


def test_a_line_that_is_not_typed_is_on_a_page() -> None:
    assert set(NOT_TYPED) <= set(TYPED)


def test_the_readme_has_lines_to_type() -> None:
    assert len([line for line in TYPED if line not in NOT_TYPED]) >= 9


def shell_and_files(page: pathlib.Path) -> list[tuple[str, str]]:
    """The blocks of a page that are no sessions: ("python" or "sh", text)."""
    text = page.read_text()
    blocks = re.findall(r"```(python|sh)\n(.*?)```", text, re.DOTALL)
    return [(kind, block) for kind, block in blocks if ">>>" not in block]


def python(*arguments: str, cwd: pathlib.Path) -> str:
    """What a Python program prints, with the package of this folder or of the tests' own."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd if (cwd / "minitorch").exists() else ROOT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_who_follows_the_quick_start_gets_a_checked_gradient(tmp_path: pathlib.Path) -> None:
    blocks = shell_and_files(DOCS / "start.md")
    (program, lines) = (text for kind, text in blocks if kind == "python")
    install, run, check = (text.strip() for kind, text in blocks if kind == "sh")
    assert install == "pip install -e ."
    file = tmp_path / "curve.py"
    file.write_text(program)
    printed = python(*run.split()[1:], cwd=tmp_path)
    assert printed.startswith("tensor([0.0993, 0.2658, 0.6481, 1.0000,")
    file.write_text(program + lines)
    assert python(*run.split()[1:], cwd=tmp_path).split()[-2:] == ["True", "True"]
    assert "Gudermannian" in python(*check.split()[1:], cwd=tmp_path)
    file.write_text(program.replace("x.cosh()", "x.cosh() ** 2") + lines)
    with pytest.raises(AssertionError, match="Gudermannian"):
        python(*run.split()[1:], cwd=tmp_path)


def test_who_follows_the_page_on_adding_an_op_adds_one(tmp_path: pathlib.Path) -> None:
    for folder in ("minitorch", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in ("pyproject.toml", "docs/add_an_op.md"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    text = (ROOT / "docs" / "add_an_op.md").read_text()
    step = (
        r"(In|At the end of)\s`([\w/.]+)`(?:, after the line\s`(.*?)`)?:\n\n"
        r"```(?:python|\{code-block\} python)\n(.*?)```"
    )
    steps = re.findall(step, text, re.DOTALL)
    assert len(steps) == 4
    for _, name, line, block in steps:
        file = tmp_path / name
        source = file.read_text()
        if line:
            anchor = re.compile(rf"^ *{re.escape(line)}\n", re.MULTILINE)
            (found,) = anchor.finditer(source)  # the page names a line that is there, once
            file.write_text(source[: found.end()] + block + source[found.end() :])
        else:
            file.write_text(f"{source}\n\n{block}")
    (command,) = (text for kind, text in shell_and_files(DOCS / "add_an_op.md") if kind == "sh")
    printed = python(*command.split()[1:], "-p", "no:cacheprovider", cwd=tmp_path)
    assert re.search(r"\b\d+ passed", printed) and "failed" not in printed
    python("-m", "doctest", "docs/add_an_op.md", cwd=tmp_path)
    python(
        "-m",
        "pytest",
        "-n0",
        "-q",
        "tests/project/test_import_layers.py",
        "-k",
        "sorted",
        cwd=tmp_path,
    )


def test_no_program_on_a_page_is_left_untried() -> None:
    tried = {"README.md", "add_an_op.md", "start.md"}  # by the tests above
    tried |= {"gradcheck_torch.md", "mismatches.md"}  # by test_pages_on_pytorch.py
    tried |= {"pytest.md"}  # by tests/testing/test_pytest_plugin.py
    for page in PAGES:
        if page.name not in tried:
            assert not [block for kind, block in shell_and_files(page) if kind == "python"]
