"""``minitorch graph``: run a PyTorch program up to a backward, and show the graph behind it."""

from __future__ import annotations

import argparse
from typing import Any

from minitorch import viz
from minitorch.cli import arguments, run, stop


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``graph`` to the commands of the parser."""
    command = commands.add_parser(
        "graph",
        help="show the graph that a PyTorch program goes backward through",
        description="Run a PyTorch program until it calls backward(), print the graph there with "
        "the program's own lines, modules and values, and stop. " + run.WHERE_OPTIONS_STAND,
    )
    add, plays = command.add_argument, "also go backward, and write a page that plays the steps"
    add("--html", type=arguments.page_path, metavar="FILE", help="also write the graph as a page")
    add("--replay", type=arguments.page_path, metavar="FILE", help=plays)
    add("--whole", action="store_true", help="show every node, and fold no module")
    stop.add_arguments(command)
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Run the program, and return 0 if it came to the backward."""
    pages = [page.resolve() for page in (options.html, options.replay) if page is not None]
    if len(set(pages)) < len(pages):
        return arguments.failed("graph", f"--html and --replay are both {str(options.html)!r}")
    return stop.at_backward(options, viz.record(), lambda out, given: show(out, given, options))


def show(outputs: Any, gradients: Any, options: argparse.Namespace) -> int:
    """Print the graph behind `outputs`, and write the pages."""
    names = stop.named_parameters()
    try:
        graph = viz.graph(outputs, params=names)
        print(graph.text(fold=False if options.whole else None))
        if options.html is not None:
            with arguments.writing("graph", options.html):
                graph.html(options.html)
        if options.replay is not None:
            replay = viz.replay(outputs, gradients, params=names)
            with arguments.writing("graph", options.replay):
                replay.html(options.replay)
    except (RuntimeError, TypeError) as error:  # what backward() itself refuses
        return arguments.failed("graph", error)
    return 0
