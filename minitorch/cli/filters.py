"""``minitorch filters``: draw a photograph under ten small kernels."""

from __future__ import annotations

import argparse
from pathlib import Path

from minitorch._extras import MissingExtra
from minitorch.cli import arguments
from minitorch.viz import pictures
from minitorch.viz.filters import DPI, draw


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``filters`` to the commands of the parser."""
    command = commands.add_parser(
        "filters",
        help="draw a photograph under ten small kernels",
        description="Draw a photograph under ten small kernels: edges, blurs, sharpening.",
    )
    add = command.add_argument
    add("photo", nargs="?", help="any picture that Pillow reads (default: one of scikit-learn's)")
    add(
        "-o",
        "--output",
        type=arguments.plot_path,
        default=Path("filters.png"),
        metavar="FILE",
        help="a .png, .svg or .pdf (default: %(default)s)",
    )
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Draw the pictures and return 0."""
    try:
        figure = draw(options.photo)
    except MissingExtra as error:
        return arguments.failed("filters", error, 1)
    except (OSError, ValueError) as error:
        return arguments.failed("filters", f"cannot read the picture: {error}")
    with arguments.writing("filters", options.output):
        pictures.save(figure, options.output, dpi=DPI)
    return 0
