"""``minitorch convolution``: write the page on which a window slides over a matrix."""

from __future__ import annotations

import argparse
from pathlib import Path

from minitorch import viz
from minitorch.cli import arguments
from minitorch.viz.convolution import OPERATIONS

CHOSEN = ("stride", "padding", "dilation", "operation", "kernel_size", "backward", "names")


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``convolution`` to the commands of the parser."""
    command = commands.add_parser(
        "convolution",
        help="write a page on which a convolution or pooling can be touched",
        description="Write a page, for any browser and without a network, on which a window slides "
        "over a matrix, forward or backward. These options say where it starts; all can be changed "
        "on the page.",
    )
    add, page = command.add_argument, Path("convolution.html")
    add("-o", "--output", type=arguments.page_path, default=page, metavar="FILE")
    add("--operation", choices=OPERATIONS, default="conv2d")
    add("--kernel-size", type=arguments.positive_int, default=3, metavar="N")
    add("--stride", type=arguments.positive_int, metavar="N")
    add("--padding", type=int, default=0, metavar="N")
    add("--dilation", type=arguments.positive_int, default=1, metavar="N")
    add("--backward", action="store_true", help="start with the gradients")
    add("--names", action="store_true", help="show a11, a12, ... for the values")
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Write the page and return 0."""
    try:
        with arguments.writing("convolution", options.output):
            viz.convolution(options.output, **{name: getattr(options, name) for name in CHOSEN})
    except (RuntimeError, ValueError) as error:
        return arguments.failed("convolution", error)
    return 0
