"""The tests themselves: each asserts something, and no two can be taken for each other."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(TESTS.rglob("*.py"))

# What fails by itself, beside `assert` and whatever begins with "assert".
CHECKS = {"raises", "warns", "fail", "gradcheck", "gradgradcheck", "gradcheck_module"}
# Tests whose assertions stand in what they are given, each with the reason.
GIVEN = {
    "test_each_fill_is_pytorchs": "each of the fills calls Pair.check",
    "test_fills_in_any_order_are_pytorchs": "each of the fills calls Pair.check",
    "test_passes_the_checks_of_scikit_learn": "scikit-learn's checks assert",
}


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def functions(path: Path) -> dict[str, list[ast.FunctionDef]]:
    """Every function and method of a file, by name."""
    found = defaultdict(list)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            found[node.name].append(node)
    return found


@functools.cache
def imported(path: Path) -> dict[str, tuple[Path, str]]:
    """What a file imports of the tests' own: the file that it comes from, and its name there."""
    found = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for folder in (TESTS, path.parent):
                there = folder / (node.module.replace(".", "/") + ".py")
                if there.exists():
                    found.update({a.asname or a.name: (there, a.name) for a in node.names})
        elif isinstance(node, ast.Import):
            for name in node.names:
                there = TESTS / f"{name.name}.py"
                if there.exists():
                    found.update({f"{name.name}.{f}": (there, f) for f in functions(there)})
    return found


def asserts(path: Path, name: str) -> bool:
    """Whether the function of that name in that file, or one that it names, can fail."""
    seen, left = set(), [(path, name)]
    while left:
        place = left.pop()
        if place in seen:
            continue
        seen.add(place)
        path, name = place
        if name in imported(path) and name not in functions(path):
            left.append(imported(path)[name])
        for function in functions(path).get(name, []):
            fails, named = inside(path, function)
            if fails:
                return True
            left += named
    return False


@functools.cache
def inside(path: Path, function: ast.AST) -> tuple[bool, list[tuple[Path, str]]]:
    """Whether a function's own lines can fail, and the functions of the tests that they name."""
    named = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True, []
        if isinstance(node, ast.keyword) and node.arg == "check":  # of subprocess.run
            return True, []
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            text = ast.unparse(node)
            last = text.rpartition(".")[2]
            if last in CHECKS or last.startswith("assert"):
                return True, []
            if not text.startswith(("m.", "mt.", "minitorch.", "np.", "torch.")):
                named.append((path, text if text in imported(path) else last))
    return False, named


def test_every_test_can_fail() -> None:
    idle = {
        name
        for path in FILES
        for name in functions(path)
        if name.startswith("test_") and not asserts(path, name)
    }
    assert idle == set(GIVEN)


def test_a_test_that_asserts_nothing_is_found(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(
        "from oracle import agree, outputs\n"
        "def helper(x):\n    assert x\n"
        "def test_idle():\n    outputs(3)\n    m.helper()\n"
        "def test_by_itself():\n    assert 3\n"
        "def test_by_a_helper():\n    helper(3)\n"
        "def test_by_another_file():\n    agree(3, 3)\n"
        "def test_by_pytest():\n    with pytest.raises(ValueError):\n        int('x')\n"
    )
    assert [f for f in functions(path) if not asserts(path, f)] == ["test_idle"]


def test_no_two_files_have_one_name() -> None:
    names = [path.name for path in FILES if path.name != "__init__.py"]
    assert sorted(names) == sorted(set(names))


def test_no_two_tests_of_a_folder_are_one() -> None:
    """Neither two of one name in a file, of which only the last would run, nor a copy beside it."""
    for folder in {path.parent for path in FILES}:
        bodies = defaultdict(list)
        for path in folder.glob("*.py"):
            named = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]
            names = [node.name for node in named]
            assert sorted(names) == sorted(set(names)), path
            for node in named:
                if node.name.startswith("test_"):
                    bodies[node.name, ast.dump(ast.Module(node.body, []))].append(path.name)
        assert [found for found in bodies.items() if len(found[1]) > 1] == [], folder
