"""`assert_gradients`: gradcheck as an assertion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.autograd import GradcheckError, gradcheck_report


def assert_gradients(fn: Callable[..., Any], inputs: Any, order: int = 2, **options: Any) -> None:
    """Assert that `fn`'s gradients, and the gradients of these, agree with numerical ones.

    Args:
        fn: takes the inputs, returns a tensor or a tuple of them.
        inputs: a tensor or a tuple; those that require grad are checked.
        order: 1 for the gradients alone, 2 for both orders.
        options: as for `minitorch.autograd.gradcheck_report`.

    Raises:
        AssertionError: with the report: the worst element, the likely cause, the faulty operation.
        ValueError: for another order, or inputs of which none requires grad.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> assert_gradients(minitorch.log, x)
    >>> assert_gradients(lambda x: x * x.detach(), x, order=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: gradients of <lambda>: WRONG ...
    """
    __tracebackhide__ = True
    if order not in (1, 2):
        raise ValueError(f"assert_gradients: order must be 1 or 2, got {order!r}")
    try:
        gradcheck_report(fn, inputs, orders=range(1, order + 1), **options).raise_if_wrong()
    except GradcheckError as error:
        raise AssertionError(str(error)) from None
