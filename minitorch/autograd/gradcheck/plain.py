"""Checking a gradient written by hand for a plain NumPy function: no tensors, no graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.check import Options, check
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import Report


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

    @wraps(f)
    def values(*xs: Array) -> Array:
        return np.asarray(f(*xs), np.float64)

    def jacobians(*xs: Array) -> list[Array]:
        given = grad_f(*xs)
        return [np.asarray(j, np.float64) for j in (given if isinstance(x, tuple) else (given,))]

    def vjp(cotangent: Array, *xs: Array) -> list[Array]:
        found = []
        for j, array in zip(jacobians(*xs), xs, strict=True):
            weights = cotangent.reshape(cotangent.shape + (1,) * array.ndim)
            with np.errstate(invalid="ignore"):
                terms = np.where(weights == 0, 0, weights * j)  # 0 also where j is infinite
            found.append(terms.sum(tuple(range(cotangent.ndim))))
        return found

    of, found = values(*arrays).shape, jacobians(*map(np.copy, arrays))
    if len(found) != len(arrays):
        raise ValueError(
            f"check_gradient: {len(arrays)} inputs, but grad_f gave {len(found)} gradients"
        )
    for number, (array, j) in enumerate(zip(arrays, found, strict=True)):
        if j.shape != of + array.shape:
            raise ValueError(
                f"check_gradient: the gradient of input {number} should have shape "
                f"{list(of + array.shape)} (f(x) {list(of)}, x {list(array.shape)}), got "
                f"{list(j.shape)}"
            )
    report = check((values, vjp), arrays, (1,), Options(atol=atol, rtol=rtol, locate=False))
    report.call = ""  # which would be one of a pair
    if raise_exception:
        report.raise_if_wrong()
    return report
