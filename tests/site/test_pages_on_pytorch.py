"""The pages for who writes PyTorch: each program on them runs, and prints what the page says.

A page is followed from top to bottom, in a folder of its own. A ``python`` block is the file that
the text before it names last; a ``sh`` block is typed; a ``text`` block is what the last program
printed. ``python tests/site/test_pages_on_pytorch.py`` writes into the pages what is printed now.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "gradcheck_torch.md", ROOT / "docs" / "mismatches.md"]
BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLS = ("python -m venv ", ". venv/", "pip install ")
HOME = "/home/you"


def followed(text: str, folder: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Do what a page says in a folder; yield its text blocks, each with what was printed."""
    end, name, printed = 0, "", ""
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        before, end = text[end : block.start()], block.end()
        if kind == "text":
            yield block, printed.replace(str(folder), HOME)
        elif kind == "sh":
            for line in body.splitlines():
                if not line.startswith(INSTALLS):
                    printed = typed(line, folder)
        else:
            (*_, name) = [name, *re.findall(r"`(\w+\.py)`", before)]
            file = folder / name
            if replaced := re.search(r"in place of\s`([^`]+)`:", before):
                (line,) = [x for x in file.read_text().splitlines() if x.strip() == replaced[1]]
                body = file.read_text().replace(f"{line}\n", body)
            file.write_text(body)
            if text[block.end() :].startswith("\n\n```text"):
                printed = typed(f"python {name}", folder)


def typed(line: str, folder: Path) -> str:
    """What a command prints. A program runs in this process, where PyTorch is imported already."""
    python, *words = shlex.split(line)
    assert python == "python", line
    if words[0] == "-m":
        environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout
    with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.syspath_prepend(str(folder))
        patch.setattr(sys, "dont_write_bytecode", True)
        runpy.run_path(str(folder / words[0]), run_name="__main__")
    for name in [p.stem for p in folder.glob("*.py")]:
        sys.modules.pop(name, None)
    return printed.getvalue()


def parts(printed: str) -> tuple[list[str], list[float]]:
    """The words of what was printed, and its numbers, but for error bars and times."""
    text = re.sub(r"\+- [\d.e+-]+|\b[\d.]+ ?s$", "...", printed, flags=re.MULTILINE)
    pieces = re.split(r"(-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)", text)
    return " ".join(pieces[::2]).split(), [float(number) for number in pieces[1::2]]


def same(one: str, other: str) -> bool:
    """Whether two programs printed the same, but for rounding."""
    (words, numbers), (others_words, others_numbers) = parts(one), parts(other)
    return words == others_words and numbers == pytest.approx(others_numbers, rel=1e-5, abs=1e-9)


@pytest.mark.filterwarnings("ignore:.*double precision floating point")  # PyTorch's, of float32
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_who_follows_a_page_sees_what_it_says(page: Path, torch: Any, tmp_path: Path) -> None:
    told = list(followed(page.read_text(), tmp_path))
    assert len(told) > 5
    for block, printed in told:
        assert same(block[2], printed), printed


def test_another_number_or_word_is_another_output() -> None:
    said = "expected  0.5  (numerical, +- 2e-12)\n1 wrong; 0.3 s"
    assert same(said, "expected 0.500000001 (numerical, +- 7e-13)\n1 wrong; 1.5 s")
    for changed in ("expected  0.51", "expecting  0.5", "expected  -0.5", "expected  0.5 0.5"):
        assert not same(said, said.replace("expected  0.5", changed))


if __name__ == "__main__":
    for page in PAGES:
        text = page.read_text()
        with tempfile.TemporaryDirectory() as folder:
            blocks = list(followed(text, Path(folder)))
        for block, printed in reversed(blocks):
            text = text[: block.start(2)] + printed.strip("\n") + "\n" + text[block.end(2) :]
        page.write_text(text)
