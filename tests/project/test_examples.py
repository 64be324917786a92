"""The programs in `examples/` that are plain PyTorch: run small, with both, and compared."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = {
    "polynomial.py": ["--steps", "50"],
    "gan.py": ["--epochs", "6"],
    "oscillator.py": ["--steps", "60", "--width", "16"],
    "gpt.py": ["--steps", "20", "--context", "16", "--width", "16", "--write", "40"],
    "lstm.py": ["--steps", "20", "--width", "12", "--length", "20", "--ahead", "8"],
    "vae.py": ["--epochs", "6", "--width", "32"],
    "dcgan.py": ["--epochs", "5", "--width", "4"],
    "resnet.py": ["--epochs", "5", "--width", "2"],
}
SLOW = ["dcgan.py", "resnet.py"]


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "program", [pytest.param(p, marks=[pytest.mark.slow] * (p in SLOW)) for p in PROGRAMS]
)
def test_draws_a_picture_and_prints_what_it_prints_under_pytorch(
    program: str, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    file, size = str(ROOT / "examples" / program), PROGRAMS[program]
    picture = tmp_path / "picture.png"
    ours = run("-m", "minitorch", "run", file, *size, "--plot", str(picture))
    assert len(ours.splitlines()) > 5
    assert picture.stat().st_size > 5000
    pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
    assert ours == run(file, *size)


def test_a_classifier_is_chosen_by_cross_validation(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    picture = tmp_path / "picture.png"
    size = ["--epochs", "2", "--plot", str(picture)]
    lines = run("examples/classifier.py", *size).splitlines()
    assert len(lines) == 8 and picture.stat().st_size > 5000
    assert float(lines[-1].split()[5].rstrip("%")) > 85


def test_a_bar_is_shown() -> None:
    pytest.importorskip("tqdm")
    command = ["-m", "minitorch", "run", "examples/oscillator.py", "--steps", "3", "--bar"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT)
    assert "0/3" in done.stderr
