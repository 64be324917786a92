"""``minitorch run``: run a PyTorch program, with ``torch`` answered by minitorch.

The program sees what plain ``python prog.py`` shows it: its own ``sys.argv``, ``__file__`` and
``sys.path[0]``, ``__name__ == "__main__"``, its exit code, and a traceback that starts in it.
"""

from __future__ import annotations

import argparse
import builtins
import importlib
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

import minitorch
from minitorch import torch_alias
from minitorch.cli import arguments

WHERE_OPTIONS_STAND = (
    "Our own options may stand before or after prog.py, spelled in full; all others go to the "
    "program, and so does everything after a --."
)


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``run`` to the commands of the parser."""
    command = commands.add_parser(
        "run",
        help="run a PyTorch program on minitorch",
        description="Run a PyTorch program unchanged: its `torch` and all below it are minitorch. "
        + WHERE_OPTIONS_STAND,
    )
    add_arguments(command)
    command.set_defaults(command=main)


def add_arguments(command: arguments.Parser) -> None:
    """Add what says which program to run, and how."""
    command.passes_on = True
    add = command.add_argument
    add("--seed", type=arguments.seed, metavar="N", help="call torch.manual_seed(N) first")
    add("program", metavar="prog.py", help="the program, or a directory with a __main__.py")
    add("args", nargs=argparse.REMAINDER, metavar="...", help="the program's own arguments")


def main(options: argparse.Namespace) -> int:
    """Run the program and return 0, unless it ends otherwise."""
    file = Path(options.program).absolute()
    if file.is_dir():
        file /= "__main__.py"
    try:
        source = file.read_bytes()
    except (OSError, ValueError) as error:  # a path with a null byte in it
        reason = getattr(error, "strerror", error)
        return arguments.failed(options.name, f"cannot open {str(file)!r}: {reason}")
    torch: ModuleType = minitorch
    if getattr(options, "library", None) is None:
        torch_alias.install_as_torch()
    else:  # it is run on the library itself
        torch = importlib.import_module(options.library)
    if options.seed is not None:
        torch.manual_seed(options.seed)
    sys.argv = [options.program, *options.args]
    if not sys.flags.safe_path:  # else Python has put nothing there, and would not for the program
        sys.path[0] = str(file.resolve().parent)
    execute(source, str(file))
    return 0


def execute(source: bytes, file: str) -> None:
    """Run `source` as the module ``__main__``; what it raises is shown from its own frame down."""
    module = ModuleType("__main__")
    module.__file__ = file
    module.__loader__ = SourceFileLoader("__main__", file)
    vars(module).update(__builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    code = None
    try:
        code = compile(source, file, "exec", dont_inherit=True)
        exec(code, vars(module))
    except SystemExit:
        raise
    except BaseException:
        # Raised on, so that Python ends the process as it would have for the program, even after
        # Ctrl-C. Only the display changes, in whatever hook the program itself may have set.
        show = sys.excepthook

        def show_from_program(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            trace = from_frame_of(code, trace)
            show(kind, error.with_traceback(trace), trace)

        sys.excepthook = show_from_program
        raise


def from_frame_of(code: CodeType | None, trace: TracebackType | None) -> TracebackType | None:
    """Drop the frames above that of `code`; all of them if it never ran (a syntax error)."""
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    return trace
