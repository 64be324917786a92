"""The command line: ``python -m minitorch``, or ``minitorch`` once it is installed."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence

from minitorch.cli import check, convolution, digits, explain, filters, graph, run
from minitorch.cli.arguments import Parser
from minitorch.version import __version__

INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell says of a process that SIGINT or SIGPIPE ended


def parser() -> Parser:
    """Build the parser; each sub-command adds its own arguments."""
    root = Parser(
        prog="minitorch", description="PyTorch's surface on NumPy alone, readable as a textbook."
    )
    root.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", dest="name")
    for module in (digits, run, check, graph, explain, convolution, filters):
        module.add_command(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (default: this process's) and return its exit code."""
    try:
        try:
            return command(argv)
        finally:
            if not getattr(sys.stdout, "closed", True):
                sys.stdout.flush()
    except BrokenPipeError:
        if not nobody_reads():
            raise  # it is another pipe, of the program that was run
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        return BROKEN_PIPE


def command(argv: Sequence[str] | None) -> int:
    """Run the command in `argv`; without one, print the help."""
    root = parser()
    options = root.parse_args(argv)
    if options.name is None:
        root.print_help()
        return 0
    try:
        code: int = options.command(options)
    except KeyboardInterrupt:
        if options.name == "run":
            raise  # as the program itself would end
        print(f"minitorch {options.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


def nobody_reads() -> bool:
    """Whether standard output is a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # errors are told without being asked for
    return bool(poll.poll(0))


if __name__ == "__main__":
    sys.exit(main())
