"""The parser of the commands, and its argument types: each refuses a bad value in one line.

Outputs are tried here, before any work is done for them, and written by `writing`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
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
        own, rest = list[str](), list[str]()
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


def number(expected: str, kind: Callable[[str], Any], fits: Callable[[Any], bool]) -> Any:
    """Make the function that parses a number, and refuses one that does not fit."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan  # which fits nowhere
        if not fits(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return parse


positive_int = number("a whole number of at least 1", int, lambda n: n >= 1)
learning_rate = number("a finite number of at least 0", float, lambda x: 0 <= x < math.inf)
# What `manual_seed` takes: 64 bits, signed or unsigned.
seed = number("a whole number from -2**63 to 2**64 - 1", int, lambda n: -(2**63) <= n < 2**64)


class Seconds(float):
    """A time."""


def budget(text: str) -> float:
    """Parse how much may be done: a whole number of elements, or a time such as ``60s``."""
    if text.endswith("s"):
        time = number("a time of more than 0, such as 60s", float, lambda t: 0 < t < math.inf)
        return Seconds(time(text[:-1]))
    return positive_int(text)


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
    path, reason = Path(text), None
    try:
        if path.suffix.lower() not in formats:
            reason = f"expected a name that ends in {', '.join(formats)}"
        elif path.is_dir():
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


def failed(command: str, error: object, code: int = 2) -> int:
    """Say in one line why a command ends, and return its exit code."""
    print(f"minitorch {command}: error: {error}", file=sys.stderr)
    return code


@contextmanager
def writing(command: str, path: Path) -> Iterator[None]:
    """Say that `path` is written; what fails then (a full disk) ends the process in one line."""
    try:
        yield
    except OSError as error:
        why = f"cannot write {str(path)!r}: {error.strerror or error}"
        raise SystemExit(failed(command, why, 1)) from None
    print(f"Wrote {path}", file=sys.stderr)
