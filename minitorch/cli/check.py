"""``minitorch check``: run a PyTorch program up to a backward, and check every gradient of it.

The graph that the program has recorded by then is run again in float64, with other numbers in its
leaves: so any program can be checked as it stands, at its own data, with nothing added to it.
"""

from __future__ import annotations

import argparse
from typing import Any

from minitorch.autograd.gradcheck import GradcheckError, Report, gradcheck_graph
from minitorch.autograd.gradcheck.trace import record_calls
from minitorch.cli import arguments, functions, run, stop


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``check`` to the commands of the parser."""
    command = commands.add_parser(
        "check",
        help="check the gradients of a PyTorch program",
        description="Run a PyTorch program until it calls backward(), check the gradient of every "
        "leaf and of every recorded operation there, print what was found, and stop. "
        + run.WHERE_OPTIONS_STAND,
    )
    add, few = (
        command.add_argument,
        "how many elements to change one by one (2000); the rest along random directions. With "
        "--with, for how long to check (60s)",
    )
    add(
        "--with",
        dest="library",
        choices=["torch"],
        help="run the program on PyTorch itself, to its end, and check every custom "
        "autograd.Function that it applies on the inputs it really got",
    )
    add("--budget", type=arguments.budget, metavar="N", help=few)
    add("--html", type=arguments.page_path, metavar="FILE", help="also write the report as a page")
    add("--json", type=arguments.json_path, metavar="FILE", help="also write the report as JSON")
    stop.add_arguments(command)
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Run the program and return 0 if its gradients are right, 1 if they are wrong."""
    seconds = isinstance(options.budget, arguments.Seconds)
    if seconds is (options.library is None) and options.budget is not None:
        wanted = "a number of elements" if seconds else "a time with --with, such as 60s"
        return arguments.failed("check", f"argument --budget: expected {wanted}")
    if options.library is not None and options.step != 1:
        return arguments.failed("check", "--step and --with do not go together: it runs to its end")
    if options.library is not None:
        return functions.main(options)
    calls = record_calls()
    calls.in_new_threads = True
    return stop.at_backward(options, calls, lambda outputs, _: check(outputs, options))


def check(outputs: Any, options: argparse.Namespace) -> int:
    """Check the graph behind `outputs`, and say what was found."""
    try:
        report: Report = gradcheck_graph(
            outputs,
            {id(parameter): name for name, parameter in stop.named_parameters()},
            name=f"backward() number {options.step} of {options.program}",
            budget=2000 if options.budget is None else int(options.budget),
            raise_exception=False,
        )
    except (GradcheckError, LookupError, ValueError) as error:
        return arguments.failed("check", error)
    print(report.table(), report, sep="\n\n")
    for path, write in ((options.html, report.to_html), (options.json, report.to_json)):
        if path is not None:
            with arguments.writing("check", path):
                write(path)
    return 0 if report.ok else 1
