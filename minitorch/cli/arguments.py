"""Argument types for argparse: each refuses a bad value at once, and says what it expected."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

PLOT_FORMATS = (".pdf", ".png", ".svg")


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


def writable(text: str, formats: tuple[str, ...]) -> Path:
    """Parse the path of a file that can be written, of one of the formats."""
    path = Path(text)
    reason = None
    if path.suffix.lower() not in formats:
        reason = f"expected a name that ends in {', '.join(formats)}"
    elif path.is_dir():
        reason = "it is a directory"
    elif not path.parent.is_dir():
        reason = f"there is no directory {str(path.parent)!r}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "it is not writable"
    if reason:
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: {reason}")
    return path
