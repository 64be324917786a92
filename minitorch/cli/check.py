"""``minitorch check``: run a PyTorch program up to a backward, and check every gradient of it.

The graph that the program has recorded by then is run again in float64, with other numbers in its
leaves: so any program can be checked as it stands, at its own data, with nothing added to it.
"""

from __future__ import annotations

import argparse
import gc
import sys
from typing import Any

from minitorch import autograd, nn
from minitorch.autograd import engine
from minitorch.autograd.gradcheck import GradcheckError, Report, gradcheck_graph
from minitorch.autograd.gradcheck.trace import calls_noted
from minitorch.cli import arguments, run


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``check`` to the commands of the parser."""
    command = commands.add_parser(
        "check",
        help="check the gradients of a PyTorch program",
        description="Run a PyTorch program until it calls backward(), check the gradient of every "
        "leaf and of every recorded operation there, print what was found, and stop.",
    )
    command.add_argument(
        "--step", type=arguments.positive_int, default=1, metavar="N", help="which backward()"
    )
    command.add_argument(
        "--budget",
        type=arguments.positive_int,
        default=2000,
        metavar="N",
        help="how many elements to change one by one; the rest along random directions",
    )
    command.add_argument("--html", metavar="FILE", help="also write the report as a page")
    command.add_argument("--json", metavar="FILE", help="also write the report as JSON")
    run.add_arguments(command)
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Run the program and return 0 if its gradients are right, 1 if they are wrong."""
    plain, calls = engine.backward, 0

    def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        if calls < options.step:
            plain(tensors, *args, **kwargs)
            return
        engine.backward = autograd.backward = plain
        raise SystemExit(check(tensors, options))

    engine.backward = autograd.backward = backward
    try:
        with calls_noted():
            code = run.main(options)
    finally:
        engine.backward = autograd.backward = plain
    if code == 0:
        print(
            f"minitorch check: error: {options.program} called backward() {calls} times, and not "
            f"{options.step}",
            file=sys.stderr,
        )
        return 2
    return code


def check(outputs: Any, options: argparse.Namespace) -> int:
    """Check the graph behind `outputs`, and say what was found."""
    try:
        report: Report = gradcheck_graph(
            outputs,
            parameter_names(),
            name=f"backward() number {options.step} of {options.program}",
            budget=options.budget,
            raise_exception=False,
        )
    except (GradcheckError, LookupError, ValueError) as error:
        print(f"minitorch check: error: {error}", file=sys.stderr)
        return 2
    print(report.table())
    print()
    print(report)
    if options.html:
        report.to_html(options.html)
    if options.json:
        report.to_json(options.json)
    return 0 if report.ok else 1


def parameter_names() -> dict[int, str]:
    """What the program's own modules call their parameters, by the parameters' ids."""
    modules = [thing for thing in gc.get_objects() if isinstance(thing, nn.Module)]
    inner = {id(child) for module in modules for child in module.children()}
    names = {}
    for module in modules:
        if id(module) not in inner:
            for name, parameter in module.named_parameters():
                names[id(parameter)] = name
    return names
