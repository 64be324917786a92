"""The command line: ``python -m minitorch``, or ``minitorch`` once it is installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from minitorch.cli import check, convolution, digits, explain, filters, graph, run


def parser() -> argparse.ArgumentParser:
    """Build the parser; each sub-command adds its own arguments."""
    root = argparse.ArgumentParser(
        prog="minitorch", description="PyTorch's surface on NumPy alone, readable as a textbook."
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    digits.add_command(commands)
    run.add_command(commands)
    check.add_command(commands)
    graph.add_command(commands)
    explain.add_command(commands)
    convolution.add_command(commands)
    filters.add_command(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (default: this process's) and return its exit code."""
    arguments = parser().parse_args(argv)
    code: int = arguments.command(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
