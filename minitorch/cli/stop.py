"""Run a PyTorch program up to one of its backwards, and do something else there.

What ``check`` and ``graph`` have in common: any program can be looked at as it stands, at its own
data, with nothing added to it.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from minitorch import nn
from minitorch.autograd.observer import Observer
from minitorch.cli import arguments, run


def add_arguments(command: arguments.Parser) -> None:
    """Add which backward, and what says which program to run."""
    command.add_argument(
        "--step", type=arguments.positive_int, default=1, metavar="N", help="which backward()"
    )
    run.add_arguments(command)


def at_backward(
    options: argparse.Namespace,
    recording: AbstractContextManager[Any],
    act: Callable[[Any, Any], int],
) -> int:
    """Run the program within `recording`; at the backward wanted, act and stop.

    Args:
        options: what `add_arguments` asked for.
        act: is called with the tensors that are to be differentiated, and the gradients to start
            from; what it returns is the exit code.
    """
    stop = _StopAtBackward(options.step, act)
    failed: SystemExit | None = None
    try:
        with recording, stop:
            code = run.main(options)
    except SystemExit as ending:
        code = 0
        if ending.code is not None and ending.code != 0:
            failed = ending
    if stop.answer is not None:
        return stop.answer  # also if the program caught the exit, and went on
    if code == 0:
        often = f"called backward() {stop.calls} times, and not {options.step}"
        never = "never called backward()"
        print(
            f"minitorch {options.name}: error: {options.program} {often if stop.calls else never}",
            file=sys.stderr,
        )
        if failed is not None:
            raise failed
        return 2
    return code


class _StopAtBackward(Observer):
    """Acts at backward number `step`, in whatever thread, and ends the program there."""

    in_new_threads = True

    def __init__(self, step: int, act: Callable[[Any, Any], int]) -> None:
        self.step, self.act = step, act
        self.calls = 0
        self.answer: int | None = None

    def before_walk(self, outputs: Any, gradients: Any, accumulates: bool) -> None:
        """Count, and act."""
        if not accumulates or self.answer is not None:
            return
        self.calls += 1
        if self.calls == self.step:
            self.answer = 1  # should `act` itself end the process
            self.answer = self.act(outputs, gradients)
            raise SystemExit(self.answer)


def named_parameters() -> list[tuple[str, Any]]:
    """The parameters of the program's own modules, by the names in the outermost of them."""
    modules = [thing for thing in gc.get_objects() if isinstance(thing, nn.Module)]
    inner = {id(child) for module in modules for child in module.children()}
    outer = [module for module in modules if id(module) not in inner]
    return [pair for module in outer for pair in module.named_parameters()]
