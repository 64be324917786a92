"""Programs of the kind that libraries write, on minitorch and on PyTorch: they print the same."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.libraries.run import alike

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(Path(__file__).parent.glob("programs/*.py"))


def printed(folder: Path, *command: str, **environment: str) -> str:
    """What a command prints, in a process of its own and an empty folder."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_prints_the_same(program: Path, torch: Any, tmp_path: Path) -> None:
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    theirs.mkdir(), mine.mkdir()
    expected = printed(theirs, str(program))
    got = printed(mine, "-m", "minitorch", "run", str(program), PYTHONPATH=str(ROOT))
    assert got.splitlines() == expected.splitlines()


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_a_program_on_torchvision_prints_the_same(torch: Any, tmp_path: Path) -> None:
    program = str(Path(__file__).parent / "programs" / "on_torchvision" / "mnist.py")
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    theirs.mkdir(), mine.mkdir()
    expected = printed(theirs, str(ROOT / "benchmarks" / "libraries" / "on_pytorch.py"), program)
    got = printed(mine, "-m", "minitorch", "run", program, PYTHONPATH=str(ROOT))
    assert len(got.splitlines()) == len(expected.splitlines()) > 25
    for our, their in zip(got.splitlines(), expected.splitlines(), strict=True):
        assert alike(our, their)
    for picture in ("grid.png", "row.png"):
        assert (mine / picture).read_bytes() == (theirs / picture).read_bytes()
