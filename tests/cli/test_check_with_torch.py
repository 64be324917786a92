"""``python -m minitorch check --with torch``: a program as it stands, and its Functions checked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
    import sys, torch
    from torch import nn
    from torch.autograd.function import once_differentiable

    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * torch.sigmoid(x)

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            s = torch.sigmoid(x)
            return FACTOR * grad * (s + x * s * (1 - s))

    class Drop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, p):
            mask = (torch.rand_like(x) > p).to(x.dtype) / (1 - p)
            ctx.save_for_backward(mask)
            return x * mask

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[0], None

    swish = Swish.apply  # a name that was bound before anything could be watched

    class Act(nn.Module):
        def forward(self, x):
            return Drop.apply(swish(x), 0.1)

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.Sequential(Act()), nn.Linear(5, 3))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for step in range(3):
        x, y = torch.randn(4, 6), torch.tensor([0, 1, 2, 0])
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item().hex())
    with torch.no_grad():
        net(x[:1])
    print(torch.rand(1).item(), torch.get_num_threads(), net[0].weight.grad.sum().item(), sys.argv)
"""


@pytest.fixture
def run(tmp_path):
    def run(source, *options, plain=False, factor="1"):
        (tmp_path / "prog.py").write_text(dedent(source).replace("FACTOR", factor))
        command = [] if plain else ["-m", "minitorch", "check", "--with", "torch", *options]
        return subprocess.run(
            [sys.executable, *command, "prog.py", "own"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_the_programs_own_numbers_stay_the_same_and_its_functions_are_listed(run, tmp_path):
    plain, checked = run(PROGRAM, plain=True), run(PROGRAM, "--json", "found.json")
    assert checked.returncode == 0, checked.stderr
    own, table = checked.stdout[: len(plain.stdout)], checked.stdout[len(plain.stdout) :]
    assert own == plain.stdout
    rows = [line.split() for line in table.splitlines() if "prog.py:" in line]
    assert [(row[0], row[4], row[5:7]) for row in rows] == [
        ("Swish", "3", ["right", "right"]),
        ("Drop", "3", ["right", "none"]),
    ]
    assert "(module 1.0: Act)" in table
    assert "2 signatures of custom Functions, 0 wrong" in table
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["ok"] and {node["name"] for node in found["nodes"]} >= {"Swish", "Drop"}


def test_a_wrong_backward_is_named_with_its_places(run):
    checked = run(PROGRAM, factor="1.01")
    assert checked.returncode == 1
    assert "Swish is WRONG" in checked.stdout
    assert "likely cause: a constant factor of 1.01" in checked.stdout
    assert "its backward at" in checked.stdout and "prog.py:12" in checked.stdout


def test_the_budget_bounds_the_time(run):
    checked = run(PROGRAM, "--budget", "0.00001s", factor="1.01")
    assert checked.returncode == 0
    assert "2 not checked within 1e-05 s" in checked.stdout


def test_a_program_without_functions_says_so(run):
    checked = run("import torch\nprint(torch.ones(2, requires_grad=True).sum())")
    assert checked.returncode == 2
    assert "applied no custom autograd.Function" in checked.stderr


def test_a_program_that_fails_fails_as_it_did(run):
    checked = run("raise SystemExit(7)")
    assert checked.returncode == 7
    raised = run("1 / 0")
    assert raised.returncode == 1 and "ZeroDivisionError" in raised.stderr
    assert "minitorch" not in raised.stderr


def test_many_signatures_are_left_out_and_pytorchs_own_functions_not_checked(run):
    checked = run(
        """
        import torch
        from torch.utils.checkpoint import checkpoint

        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, grad):
                return grad * 2

        for n in range(1, 21):
            Double.apply(torch.ones(n, requires_grad=True))
        x = torch.ones(2, requires_grad=True)
        checkpoint(torch.sin, x, use_reentrant=True).sum().backward()
        raise KeyboardInterrupt
        """
    )
    assert "16 signatures of custom Functions, 0 wrong" in checked.stdout
    assert "Double: 4 calls with other signatures were left out" in checked.stdout
    assert "Checkpoint" not in checked.stdout
    assert checked.returncode not in (0, 1, 2)  # interrupted


@pytest.mark.parametrize("factor", ["1", "1.1"])
def test_operations_of_torch_library_are_checked_each_in_one_line(run, factor, tmp_path):
    checked = run(
        """
        import torch
        from torch import Tensor

        @torch.library.custom_op("prog::pair", mutates_args=())
        def pair(x: Tensor, w: Tensor) -> list[Tensor]:
            return [2 * x, x * w]

        def keep(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        def backward(ctx, grads):
            x, w = ctx.saved_tensors
            return 2 * grads[0] + w * grads[1], x * grads[1]

        pair.register_autograd(backward, setup_context=keep)

        @torch.library.custom_op("prog::total", mutates_args=())
        def total(xs: list[Tensor], *, scale: float = 2.0) -> Tensor:
            return scale * sum(xs)

        def keep_count(ctx, inputs, keyword_only_inputs, output):
            ctx.count, ctx.scale = len(inputs[0]), keyword_only_inputs["scale"]

        def total_backward(ctx, grad):
            return [FACTOR * ctx.scale * grad] * ctx.count

        total.register_autograd(total_backward, setup_context=keep_count)
        x, w = torch.rand(3, requires_grad=True), torch.rand(3, requires_grad=True)
        for _ in range(2):
            total([*pair(x, w), x], scale=3.0).sum().backward()
        """,
        "--html",
        "found.html",
        factor=factor,
    )
    rows = [line.split() for line in checked.stdout.splitlines() if "prog.py:" in line]
    table = [row for row in rows if row[0].startswith("prog::")]
    assert [(row[0], row[-6]) for row in table] == [("prog::pair", "2"), ("prog::total", "2")]
    assert checked.returncode == (factor != "1"), checked.stderr
    assert ("prog::total is WRONG" in checked.stdout) is (factor != "1")
    page = (tmp_path / "found.html").read_text()
    failed = "0 of 4" if factor == "1" else "1 of 3"
    assert f"({failed} checks failed)" in page and "Jacobians" not in page


def test_what_makes_a_second_derivative_wrong_is_noted(run):
    saved = PROGRAM.replace("save_for_backward(x)", "save_for_backward(x, torch.sigmoid(x))")
    saved = saved.replace("(x,) = ", "x, s = ").replace("            s = torch.sigmoid(x)\n", "")
    checked = run(saved)
    assert checked.returncode == 1
    assert "the gradient of Swish is WRONG" in checked.stdout
    assert "Note: Swish saves a tensor of shape [4, 5] that is neither input" in checked.stdout


def test_a_step_to_stop_at_is_refused(run):
    checked = run(PROGRAM, "--step", "2")
    assert checked.returncode == 2 and checked.stdout == ""
    assert "--step and --with do not go together" in checked.stderr


@pytest.mark.parametrize("budget", ["5", "0s", "1m", "-1s"])
def test_a_budget_that_is_no_time_is_refused(run, budget):
    checked = run(PROGRAM, f"--budget={budget}")
    assert checked.returncode == 2 and checked.stdout == ""
    assert "--budget" in checked.stderr and len(checked.stderr.splitlines()) == 1
