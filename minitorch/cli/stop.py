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

from minitorch import autograd, nn
from minitorch.autograd import engine
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
    plain, calls = engine.backward, 0
    answer: int | None = None
    failed: SystemExit | None = None

    def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal calls, answer
        calls += 1
        if calls < options.step:
            plain(tensors, *args, **kwargs)
            return
        engine.backward = autograd.backward = plain
        answer = 1  # should `act` itself end the process
        answer = act(tensors, args[0] if args else kwargs.get("grad_tensors"))
        raise SystemExit(answer)

    engine.backward = autograd.backward = backward
    try:
        with recording:
            code = run.main(options)
    except SystemExit as ending:
        code = 0
        if ending.code is not None and ending.code != 0:
            failed = ending
    finally:
        engine.backward = autograd.backward = plain
    if answer is not None:
        return answer  # also if the program caught the exit, and went on
    if code == 0:
        often = f"called backward() {calls} times, and not {options.step}"
        never = "never called backward()"
        print(
            f"minitorch {options.name}: error: {options.program} {often if calls else never}",
            file=sys.stderr,
        )
        if failed is not None:
            raise failed
        return 2
    return code


def named_parameters() -> list[tuple[str, Any]]:
    """The parameters of the program's own modules, by the names in the outermost of them."""
    modules = [thing for thing in gc.get_objects() if isinstance(thing, nn.Module)]
    inner = {id(child) for module in modules for child in module.children()}
    outer = [module for module in modules if id(module) not in inner]
    return [pair for module in outer for pair in module.named_parameters()]
