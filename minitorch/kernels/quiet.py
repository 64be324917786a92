"""Silence for NumPy's floating-point warnings: PyTorch computes 1/0 and log(0) without a word.

``np.errstate`` does the same, but takes longer than most small operations. NumPy 2 keeps the
state in a context variable, which can be set and reset in a tenth of that; where that variable
is not to be found, ``np.seterr`` does the work. Either way a user's own setting is put back.

The same variable holds the size of NumPy's buffers. Where one operand is broadcast along runs
shorter than that, NumPy copies its number into a buffer, once for each element, which takes longer
than the operation itself. With a smaller buffer it does so only where runs are short anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

ignore_float_errors: Callable[[], Any]
"""Ignore floating-point errors from here on; returns what `restore` takes."""
restore: Callable[[Any], object]
"""Put back the error handling that `ignore_float_errors` found."""

BUFFER = 1024  # elements; NumPy's own choice is 8192

try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    ignore_float_errors = partial(
        _extobj_contextvar.set, _make_extobj(all="ignore", bufsize=BUFFER)
    )
    restore = _extobj_contextvar.reset
except ImportError:  # NumPy 1.26
    ignore_float_errors = partial(np.seterr, all="ignore")

    def _put_back(previous: Any) -> object:
        return np.seterr(**previous)

    restore = _put_back
