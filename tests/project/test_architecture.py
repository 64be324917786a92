"""The page on architecture: line budgets are kept, a core is counted, names exist."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import minitorch

PACKAGE = Path(minitorch.__file__).parent
ROOT = PACKAGE.parent
DOCS = ROOT / "docs"
PAGE = DOCS / "architecture.md"


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def budgets() -> dict[str, tuple[list[str], int]]:
    """By part, the patterns of its files and the lines that it may have, as the page has them."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*) \| ([\d,]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {
        part.strip(): (re.findall(r"`([^`]+)`", files), int(count.replace(",", "")))
        for part, files, count in rows
    }


def test_every_file_is_in_one_part_and_each_part_within_its_budget() -> None:
    parts = budgets()
    _, total = parts.pop("all of it")
    assert len(parts) > 10
    files = set(PACKAGE.rglob("*.py"))
    seen: set[Path] = set()
    for part, (patterns, most) in parts.items():
        own = {path for pattern in patterns for path in PACKAGE.glob(pattern)} - seen
        assert own, part
        seen |= own
        assert sum(map(lines_of, own)) <= most, part
    assert seen == files
    assert total == sum(most for _, most in parts.values())


def test_the_core_has_as_many_lines_as_is_said() -> None:
    page = PAGE.read_text()
    core = page[page.index("## The core") : page.index("The other files")]
    said = re.search(r"\*\*([\d,]+) lines\*\*", core)
    files = re.findall(r"\{source\}`(minitorch/\S+\.py)`", core)
    assert said and len(files) == 6
    count = sum(lines_of(ROOT / path) for path in files)
    assert abs(count - int(said[1].replace(",", ""))) <= 20, count


@pytest.mark.parametrize(("module", "most"), [("walk", 180), ("function", 220)])
def test_a_file_that_everybody_reads_stays_short(module: str, most: int) -> None:
    assert lines_of(PACKAGE / "autograd" / f"{module}.py") <= most


def names_defined() -> set[str]:
    """Every name that the package defines or assigns, and its modules' own."""
    found = {
        ".".join(["minitorch", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in PACKAGE.rglob("*.py")
    }
    found |= {name.removesuffix(".__init__") for name in found}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def test_names_on_the_pages_exist() -> None:
    known = names_defined()
    for page in ("architecture.md", "glossary.md"):
        text = re.sub(r"\{\w+\}`[^`]*`|^\|.*\*`.*$", "", (DOCS / page).read_text(), flags=re.M)
        named = re.findall(r"(?<![`\w}])`([A-Za-z_][\w.]*)(?:\([^`]*\))?`", text)
        assert len(named) > 15, page
        named = [name for name in named if not name.endswith(".py")]
        missing = {n for n in named if n not in known and n.split(".")[-1] not in known}
        assert missing == set(), page


def test_each_entry_of_the_glossary_names_a_file() -> None:
    entries = re.split(r"^\*\*", (DOCS / "glossary.md").read_text(), flags=re.M)[1:]
    terms = [entry.split(".**")[0] for entry in entries]
    assert len(terms) > 30 and terms == sorted(terms, key=str.lower)
    for entry in entries:
        files = re.findall(r"\{source\}`([^`]+)`", entry)
        assert files and all((ROOT / path).exists() for path in files), entry.split("**")[0]


def test_the_version_is_the_same_wherever_it_stands() -> None:
    version = minitorch.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest and newest[1] == version
