"""Import what is not NumPy, or say which extra brings it."""

from __future__ import annotations

import importlib
from types import ModuleType


class MissingExtra(ImportError):
    """A library that only a command or a module needs is not installed."""


def require(module: str, *, wanted_for: str, extra: str) -> ModuleType:
    """Import `module`, or raise MissingExtra with the command that installs it.

    >>> require("no_such_library", wanted_for="the plot", extra="digits")
    Traceback (most recent call last):
    minitorch._extras.MissingExtra: the plot needs no_such_library, which is not installed: \
pip install "minitorch-numpy[digits]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise  # the library is there, and something that it needs itself is not
        raise MissingExtra(
            f"{wanted_for} needs {library}, which is not installed: "
            f'pip install "minitorch-numpy[{extra}]"'
        ) from error
