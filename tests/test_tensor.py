"""What a tensor is and does besides the operations: each line evaluated under both frameworks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

LINES = [
    line
    for line in (Path(__file__).parent / "data" / "tensor_lines.txt").read_text().splitlines()
    if not line.startswith("#")
]
# Where we knowingly differ.
KNOWN = {
    # PyTorch (or NumPy on its behalf) refuses an ndarray on the left; the answer is plain enough.
    "x.numpy() + x",
    "x.numpy() * x",
    "x.numpy() - x",
    "np.ones(3) * v",
    "np.ones(3, np.float32) + v",
    "np.ones((2, 1)) * x",
    # No memory is shared between processes, and PyTorch's answer would say that it is.
    "x.share_memory_() is x",
    # PyTorch cannot hold the number; it is equal to no element all the same.
    "i == 2**70",
}


def scope_of(m: Any) -> dict[str, Any]:
    """The names that a line may use."""
    return {
        "m": m,
        "np": np,
        "x": m.tensor([[0.0, 1.5, -2.0], [3.25, 4.0, 5.5]]),
        "i": m.tensor([2, 3, 5]),
        "b": m.tensor([True, False, True]),
        "u": m.tensor([1, 200], dtype=m.uint8),
        "v": m.tensor([1.0, 2.0, 3.0]),
        "s": m.tensor(1.25),
        "e": m.zeros(0, 3),
        "p": m.tensor([1.0, -2.0], requires_grad=True),
    }


def plain(value: Any) -> Any:
    """A result as something that can be compared, whichever framework it came from."""
    module = type(value).__module__.partition(".")[0]
    if isinstance(value, (minitorch.Tensor, torch.Tensor)):
        return type(value).__name__, repr(value)
    if isinstance(value, np.ndarray):
        return "ndarray", value.dtype, value.shape, value.tolist()
    if module in ("minitorch", "torch"):
        return type(value).__name__, repr(value)
    if type(value) in (tuple, list):
        return type(value).__name__, [plain(item) for item in value]
    return type(value).__name__, repr(value).replace("minitorch", "torch")


def outcome(m: Any, line: str) -> Any:
    try:
        return plain(eval(line, scope_of(m)))
    except Exception as error:
        return error


def same(line: str) -> None:
    ours, theirs = outcome(minitorch, line), outcome(torch, line)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}, minitorch gives {ours}"
        if not isinstance(ours, type(theirs)):
            raise AssertionError(f"PyTorch raises {theirs!r}, minitorch {ours!r}") from ours
        return
    if isinstance(ours, Exception):
        raise AssertionError(f"minitorch raises where PyTorch gives {theirs}") from ours
    assert ours == theirs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", [line for line in LINES if line not in KNOWN])
def test_line(line: str) -> None:
    same(line)
