"""Checking a gradient written by hand for a plain NumPy function: no tensors, no graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.jacobian import Subject, typical_size
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.patterns import likely_cause
from minitorch.autograd.gradcheck.report import Jacobian, Report
from minitorch.autograd.gradcheck.verdict import Tolerance, Verdict, judge


def check_gradient(
    f: Callable[..., Any],
    grad_f: Callable[..., Any],
    x: Any,
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
    raise_exception: bool = True,
) -> Report:
    """Check a gradient written by hand, for a function of NumPy arrays.

    Args:
        f: takes the arrays in `x`, gives a number or an array.
        grad_f: takes the same, gives df/dx: for a number, of x's shape; for an array, of the
            shape of f(x) followed by that of x. For several arrays a tuple, one each.
        x: an array, or a tuple of them. They are converted to float64.
        rtol, atol: what to allow beyond the error bars.
        raise_exception: raise what was found instead of only returning it.

    Returns:
        The report; true if nothing is wrong.

    Raises:
        GradcheckError: naming the element, both values and the likely cause.
        ValueError: for a gradient of another shape.

    >>> import numpy as np
    >>> f, grad_f = lambda x: (x**3).sum(), lambda x: 3 * x**2
    >>> print(check_gradient(f, grad_f, np.array([1.0, -2.0])).summary())
    gradients of <lambda>: right (2 pass)
    """
    arrays = [np.array(a, np.float64) for a in (x if isinstance(x, tuple) else (x,))]
    output = np.asarray(f(*arrays), np.float64)
    given = grad_f(*[a.copy() for a in arrays])
    gradients = given if isinstance(x, tuple) else (given,)
    if len(gradients) != len(arrays):
        raise ValueError(
            f"check_gradient: {len(arrays)} inputs, but grad_f gave {len(gradients)} gradients"
        )
    subject = _OfArrays(partial(f, *arrays), (), (), tolerance=Tolerance(53, atol, rtol))
    report = Report(getattr(f, "__name__", type(f).__name__))
    for number, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        got = np.asarray(gradient, np.float64)
        if got.shape != output.shape + array.shape:
            raise ValueError(
                f"check_gradient: the gradient of input {number} should have shape "
                f"{list(output.shape + array.shape)} (f(x) {list(output.shape)}, x "
                f"{list(array.shape)}), got {list(got.shape)}"
            )
        flat = got.reshape(output.size, array.size).T
        report.jacobians.append(_compared(subject, number, array, flat, output))
    if raise_exception:
        report.raise_if_wrong()
    return report


class _OfArrays(Subject):
    def values(self) -> Array:
        return np.array(self.run(), np.float64).reshape(-1)


def _compared(subject: Subject, number: int, array: Array, got: Array, output: Array) -> Jacobian:
    scale = np.abs(output).reshape(-1) / typical_size(array)
    scale = np.maximum(np.abs(got).max(0, initial=0), scale)
    judged: list[tuple[Array, Array, Array]] = []
    for row, place in enumerate(np.ndindex(array.shape)):
        for thorough in (False, True):
            found = subject.column(array, place, thorough)
            verdict = judge(found, got[row], scale, subject.tolerance, 0.0)
            if (verdict[0] == Verdict.PASS).all():
                break
        judged.append(verdict)
    shape = (array.size, output.size)
    verdicts, numerical, bars = (np.array([t[i] for t in judged]).reshape(shape) for i in range(3))
    jacobian = Jacobian(
        1, number, 0, f"input {number}", array.shape, output.shape, got, numerical, bars, verdicts
    )
    if jacobian.count(Verdict.FAIL):
        jacobian.cause = likely_cause(got, numerical, array)
    return jacobian
