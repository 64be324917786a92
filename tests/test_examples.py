"""The programs in `examples/` that are plain PyTorch: run small, with both, and compared."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PROGRAMS = {
    "polynomial.py": ["--steps", "50"],
    "gan.py": ["--epochs", "6"],
    "oscillator.py": ["--steps", "60", "--width", "16"],
    "gpt.py": ["--steps", "20", "--context", "16", "--width", "16", "--write", "40"],
    "lstm.py": ["--steps", "20", "--width", "12", "--length", "20", "--ahead", "8"],
}


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_prints_what_it_prints_under_pytorch(program: str) -> None:
    pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
    if program == "gan.py":
        pytest.importorskip("sklearn")
    file, size = str(ROOT / "examples" / program), PROGRAMS[program]
    ours = run("-m", "minitorch", "run", file, *size)
    assert ours == run(file, *size)
    assert len(ours.splitlines()) > 5


def test_a_picture_is_saved(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "fit.png"
    run("-m", "minitorch", "run", "examples/polynomial.py", "--steps", "20", "--plot", str(file))
    assert file.stat().st_size > 5000
