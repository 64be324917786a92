"""Signal processing: the windows."""

from minitorch._missing import missing
from minitorch.signal import windows

__all__ = ["windows"]

__getattr__ = missing(__name__)
