"""``minitorch convolution``: write the page on which a window slides over a matrix."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from minitorch import viz
from minitorch.cli import arguments
from minitorch.viz.convolution import OPERATIONS


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``convolution`` to the commands of the parser."""
    command = commands.add_parser(
        "convolution",
        help="write a page on which a convolution or pooling can be touched",
        description="Write a page, for any browser and without a network, on which a window slides "
        "over a matrix, forward or backward. These options say where it starts; all can be changed "
        "on the page.",
    )
    command.add_argument(
        "-o", "--output", type=arguments.page_path, default=Path("convolution.html"), metavar="FILE"
    )
    command.add_argument("--operation", choices=OPERATIONS, default="conv2d")
    command.add_argument("--kernel-size", type=arguments.positive_int, default=3, metavar="N")
    command.add_argument("--stride", type=arguments.positive_int, metavar="N")
    command.add_argument("--padding", type=int, default=0, metavar="N")
    command.add_argument("--dilation", type=arguments.positive_int, default=1, metavar="N")
    command.add_argument("--backward", action="store_true", help="start with the gradients")
    command.add_argument("--names", action="store_true", help="show a11, a12, ... for the values")
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Write the page and return 0."""
    try:
        with arguments.writing("convolution", options.output):
            viz.convolution(
                options.output,
                stride=options.stride,
                padding=options.padding,
                dilation=options.dilation,
                operation=options.operation,
                kernel_size=options.kernel_size,
                backward=options.backward,
                names=options.names,
            )
    except (RuntimeError, ValueError) as error:
        print(f"minitorch convolution: error: {error}", file=sys.stderr)
        return 2
    return 0
