"""Intel's MKL: not there."""

from minitorch._missing import missing


def is_available() -> bool:
    """False."""
    return False


__getattr__ = missing(__name__)
