"""Random programs of views, in-place changes and arithmetic, under minitorch and under PyTorch.

Each program is a list of lines of plain PyTorch, drawn from a seed, over three or four tensors.
Both frameworks must give the same values and the same gradients, or raise at the same line.

    cd tests && python -m fuzz.test_fuzz_views_in_place 17     # prints the program of seed 17
"""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest

import minitorch

# What a line may say: {a} and {b} are tensors, {n} a new one, {i} and {j} small ints, {c} a number.
# (What is written is `b + 0`: where two overlap, PyTorch may read what it has just written.)
VIEWS = [
    "{n} = {a}[{i}]",
    "{n} = {a}[{i}:{j}]",
    "{n} = {a}[..., {i}]",
    "{n} = {a}[::2]",
    "{n} = {a}[:, None]",
    "{n} = {a}.t()",
    "{n} = {a}.transpose(0, -1)",
    "{n} = {a}.view(-1)",
    "{n} = {a}.reshape(-1)",
    "{n} = {a}.unsqueeze({i})",
    "{n} = {a}.squeeze()",
    "{n} = {a}.narrow(0, {i}, 2)",
    "{n} = {a}.expand(2, *{a}.shape)",
    "{n} = {a}.view_as({a})",
    "{n} = {a}.flatten()",
    "{n} = {a}.permute(tuple(reversed(range({a}.dim()))))",
    "{n}, _ = {a}.split(2)[:2]",
    "{n} = {a}.unbind()[{i}]",
    "{n} = {a}.chunk(2)[0]",
    "{n} = {a}.detach()",
]
CHANGES = [
    "{a} += {b} + 0",
    "{a} *= {c}",
    "{a} -= {c}",
    "{a} /= {c}",
    "{a}.mul_(({b} + 0))",
    "{a}.add_(({b} + 0), alpha=2)",
    "{a}.copy_(({b} + 0))",
    "{a}.zero_()",
    "{a}.fill_({c})",
    "{a}.relu_()",
    "{a}.tanh_()",
    "{a}.sigmoid_()",
    "{a}.exp_()",
    "{a}.sin_()",
    "{a}.clamp_(-1, 1)",
    "{a}.neg_()",
    "{a}[{i}] = {c}",
    "{a}[{i}] = {b} + 0",
    "{a}[{i}:{j}] = {b} + 0",
    "{a}[..., {i}] *= {c}",
    "{a}[{a} > 0] = {c}",
    "{a}[{a} > 0] *= {c}",
    "{a}[[0, 1]] = {c}",
    "{a}[[1, 0]] = {b} + 0",
    "{a}.masked_fill_({a} > 0, {c})",
    "p.data.mul_({c})",
    "q.data.copy_({b} + 0)",
    "{a}.detach().add_({c})",
    "with m.no_grad(): {a} += {c}",
    "with m.no_grad(): {a}.mul_(({b} + 0))",
]
RESULTS = [
    "{n} = {a} * {b}",
    "{n} = {a} + {b}",
    "{n} = {a} * {c}",
    "{n} = {a} - {b}",
    "{n} = {a}.exp()",
    "{n} = {a}.sin()",
    "{n} = {a}.tanh()",
    "{n} = {a} * {a}",
    "{n} = {a}.relu()",
    "{n} = {a}.clone()",
    "{n} = {a}.sum(0)",
    "{n} = {a} @ {b}",
    "{n} = m.cat([{a}, {b}])",
]


def program(seed: int) -> list[str]:
    """The lines of the program that belongs to `seed`."""
    draw = random.Random(seed)
    names = ["p", "q", "x"]
    lines = ["x = p * q"]
    for _ in range(draw.randint(4, 14)):
        kind = draw.choices([VIEWS, CHANGES, RESULTS], [4, 5, 3])[0]
        # Mostly the newest tensors, so that views of views and their bases meet.
        a = draw.choice(names[-4:])
        b = draw.choice(names)
        n = f"v{len(names)}"
        i = draw.choice([0, 0, 1, -1])
        line = draw.choice(kind).format(
            a=a, b=b, n=n, i=i, j=draw.choice([1, 2, 3]), c=draw.choice([0.5, -1.5, 2.0])
        )
        lines.append(line)
        if n in line:
            names.append(n)
    return lines


def run(m: Any, lines: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Run the lines up to one that raises; returns the names and what each line raised."""
    draws = np.random.default_rng(0)
    scope: dict[str, Any] = {"m": m}
    for name in ("p", "q"):
        scope[name] = m.tensor(draws.standard_normal((3, 3)).tolist(), dtype=m.float64)
        scope[name].requires_grad_()
    raised = []
    for line in lines:
        try:
            exec(line, scope)
        except Exception as error:
            raised.append(f"{type(error).__name__} at {line}: {error}")
            break
    return scope, raised


def gradients(scope: dict[str, Any], names: Any) -> Any:
    """The gradients of everything that can be differentiated, and whether that raises."""
    total = None
    for name in names:
        t = scope[name]
        if t.requires_grad:
            term = (t * t * (1.0 + len(name)) + t * 0.3).sum()
            total = term if total is None else total + term
    if total is None:
        return None
    leaves = [t for t in map(scope.get, ("p", "q")) if t.requires_grad]
    try:
        total.backward()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [None if t.grad is None else t.grad.numpy() for t in leaves]


def state(m: Any, scope: dict[str, Any]) -> dict[str, Any]:
    """What can be seen of each tensor."""
    seen = {}
    for name, t in scope.items():
        if isinstance(t, m.Tensor):
            try:
                seen[name] = (tuple(t.shape), t.requires_grad, t.is_leaf, t.detach().numpy().copy())
            except RuntimeError as error:  # one of several views, whose base was changed
                assert "of a function that returns multiple" in str(error)
    return seen


# Where we knowingly differ, by what one of the two says.
EXCUSES = (
    "modified by an inplace operation",  # where PyTorch's node keeps its output, ours a mask
    "is out of bounds for dimension",  # PyTorch has written some elements by then
    "view size is not compatible",  # of memory that two operands disagree on how to lay out
    "refers to a single memory location",  # PyTorch warns of some of these only, or fails later
)


def compare(seed: int) -> None:
    torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
    lines = program(seed)
    ours, our_errors = run(minitorch, lines)
    theirs, their_errors = run(torch, lines)
    story = "\n".join([f"seed {seed}:", *lines, f"ours: {our_errors}", f"PyTorch: {their_errors}"])
    if any(excuse in error for error in our_errors + their_errors for excuse in EXCUSES):
        return
    assert list(map(place, our_errors)) == list(map(place, their_errors)), story
    a, b = state(minitorch, ours), state(torch, theirs)
    assert a.keys() == b.keys(), story
    for name in b:
        assert a[name][:3] == b[name][:3], f"{name}: {a[name][:3]} / {b[name][:3]}\n{story}"
        np.testing.assert_allclose(a[name][3], b[name][3], 1e-9, 1e-9, err_msg=f"{name}\n{story}")
    first, second = gradients(ours, b), gradients(theirs, b)
    if isinstance(second, str) and any(excuse in second for excuse in EXCUSES):
        return
    if isinstance(first, str) or isinstance(second, str) or first is None or second is None:
        assert type(first) is type(second), f"backward: {first} / {second}\n{story}"
        return
    for x, z in zip(first, second, strict=True):
        assert (x is None) == (z is None), story
        if x is not None:
            np.testing.assert_allclose(x, z, 1e-8, 1e-8, err_msg=f"gradient\n{story}")


def place(error: str) -> str:
    """The line that raised."""
    return error.partition(" at ")[2].partition(":")[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("start", range(0, 600, 20))
def test_random_programs_agree(start: int) -> None:
    for seed in range(start, start + 20):
        compare(seed)


if __name__ == "__main__":
    print("\n".join(program(int(sys.argv[1]))))
