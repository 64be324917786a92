"""The parser of the commands, and its argument types: each refuses a bad value in one line.

Outputs are tried here, before any work is done for them, and written by `writing`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

PLOT_FORMATS = (".pdf", ".png", ".svg")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options may stand among its arguments."""

    passes_on = False
    """Whether what follows the first argument goes to a program, but for our own options there."""
    interleaved = False
    """Whether options may stand between the arguments, and an argument begin with a minus."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if (self.passes_on or self.interleaved) and args is not None:
            args = self._options_first(args)
        return super().parse_known_args(args, namespace)

    def _options_first(self, args: Sequence[str]) -> list[str]:
        """Our own options, then ``--``, then all the rest as it stands."""
        own: list[str] = []
        rest: list[str] = []
        tokens = iter(args)
        for token in tokens:
            action = self._option_string_actions.get(token.partition("=")[0])
            if self.passes_on and rest and isinstance(action, argparse._HelpAction):
                action = None  # the program's own --help
            if token == "--":
                if len(rest) > 1:
                    rest.append(token)  # the program's arguments have begun: it is one of them
                rest += tokens
            elif action is not None:
                own.append(token)
                if action.nargs != 0 and "=" not in token:
                    own += [value for value in [next(tokens, None)] if value is not None]
            elif not rest and token.startswith("-" if self.passes_on else "--"):
                own.append(token)  # refused, since nothing that could take it has come yet
            else:
                rest.append(token)
        return [*own, "--", *rest]


def positive_int(text: str) -> int:
    """Parse a whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def learning_rate(text: str) -> float:
    """Parse a finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"expected a finite number of at least 0, got {text!r}")
    return value


def seed(text: str) -> int:
    """Parse what ``manual_seed`` takes: 64 bits, signed or unsigned."""
    try:
        value = int(text)
    except ValueError:
        value = 2**64
    if not -(2**63) <= value < 2**64:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from -2**63 to 2**64 - 1, got {text!r}"
        )
    return value


def plot_path(text: str) -> Path:
    """Parse the path of a picture that can be written: better refused now than after training."""
    return writable(text, PLOT_FORMATS)


def page_path(text: str) -> Path:
    """Parse the path of a page that can be written."""
    return writable(text, (".html", ".htm"))


def json_path(text: str) -> Path:
    """Parse the path of a JSON file that can be written."""
    return writable(text, (".json",))


def writable(text: str, formats: tuple[str, ...]) -> Path:
    """Parse the path of a file that can be written, of one of the formats."""
    path = Path(text)
    reason = None
    if path.suffix.lower() not in formats:
        reason = f"expected a name that ends in {', '.join(formats)}"
    else:
        try:
            if path.is_dir():
                reason = "it is a directory"
            elif not path.parent.is_dir():
                reason = f"there is no directory {str(path.parent)!r}"
            elif path.is_file():
                path.open("ab").close()  # which leaves it as it is
            elif not path.exists():
                path.open("xb").close()
                path.unlink()
        except OSError as error:
            reason = error.strerror
    if reason:
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: {reason}")
    return path


@contextmanager
def writing(command: str, path: Path) -> Iterator[None]:
    """Say that `path` is written; what fails then (a full disk) ends the process in one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        print(f"minitorch {command}: error: cannot write {str(path)!r}: {reason}", file=sys.stderr)
        raise SystemExit(1) from None
    print(f"Wrote {path}", file=sys.stderr)
