"""``minitorch graph``: any PyTorch program's graph, at one of its backwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
for step in range(3):
    loss = nn.functional.cross_entropy(net(x), y)
    net.zero_grad()
    {backward}
    print("after", step)
"""


def graph(tmp_path: Path, *options: str, backward: str = "loss.backward()") -> Any:
    file = tmp_path / "prog.py"
    file.write_text(PROGRAM.format(backward=backward), encoding="utf-8")
    command = [sys.executable, "-m", "minitorch", "graph", *options, str(file)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_a_programs_graph_and_pages(tmp_path: Path) -> None:
    pages = [tmp_path / "graph.html", tmp_path / "replay.html"]
    done = graph(tmp_path, "--step", "2", "--html", str(pages[0]), "--replay", str(pages[1]))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "after 0"
    assert lines[1].startswith("4 operations, 4 leaves, 2 constants, ")
    assert "NllLossBackward0  float32 []" in lines[2] and "loss, prog.py:10" in lines[2]
    assert any("2.weight  float32 [2, 8]" in line for line in lines)
    assert any("ReluBackward0" in line and "in 1, prog.py:10" in line for line in lines)
    assert "after 1" not in lines
    for page, word in zip(pages, ("graph behind loss", "Backward from loss"), strict=True):
        assert word in page.read_text(encoding="utf-8")


def test_a_backward_that_never_comes(tmp_path: Path) -> None:
    done = graph(tmp_path, "--step", "9")
    assert done.returncode == 2
    assert "called backward() 3 times, and not 9" in done.stderr


def test_a_backward_that_is_refused(tmp_path: Path) -> None:
    done = graph(tmp_path, backward="torch.ones(1).backward()")
    assert done.returncode == 2
    assert "minitorch graph: error: " in done.stderr and "does not require grad" in done.stderr
    assert "Traceback" not in done.stderr
