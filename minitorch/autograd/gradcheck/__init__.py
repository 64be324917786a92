"""Comparing gradients with numerical derivatives, to the precision that the numbers allow.

Where to read what, from the bottom up: `numeric` derivatives with error bars; `verdict` what is
said of one element; `contracts` what any backward owes; `patterns` what a mistake looks like;
`jacobian` all elements of a function; `forward` the same in forward mode; `kinks` points nearby
where operations stand at kinks; `trace` and `locate` which operation is at fault; `report` and
`page` how it is told; `check` a check from beginning to end; `whole` models; `plain` NumPy;
`bridge` and `libraries` functions of other libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch.autograd.gradcheck.bridge import Checked
from minitorch.autograd.gradcheck.check import Options, check
from minitorch.autograd.gradcheck.plain import check_gradient
from minitorch.autograd.gradcheck.report import GradcheckError, Report
from minitorch.autograd.gradcheck.whole import gradcheck_graph, gradcheck_module, progress


def gradcheck(
    func: Checked,
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether `func`'s gradients are right, element by element; PyTorch's signature.

    It needs no tolerances. Every numerical derivative comes with an error bar, from a ladder of
    step sizes; an element fails if the two values differ by more than the bars explain. So a
    function of size 1e-12 is checked as sharply as any, and float32 inputs are no false alarm: they
    are checked in float64, and then against it. At a kink (ReLU at 0, a tie in max) the gradient
    must lie between the slopes on either side; where kinks of several operations meet, each of them
    must be right, and the whole at points nearby. What backward owes besides (`contracts`) is
    checked too. See `gradcheck_report` for all that was found.

    Args:
        func: takes the inputs, returns a tensor or a tuple of them. Must be deterministic. For
            ndarrays a pair ``(func, vjp)``, where ``vjp(grad_output, *inputs)`` gives one gradient
            an input, or None where no output depends on it.
        inputs: a tensor or a tuple; those that require grad are checked. Also another library's
            tensors, with a function of that library.
        eps: never step further than this from the inputs; chosen by itself if None.
        atol, rtol: differences to allow beyond the error bars; if None, 1e-7 of the element (in
            float64), as a rounding of the function's own.
        raise_exception: raise what was found instead of returning False.
        nondet_tol: how much two runs may differ.
        fast_mode: look along random directions only, and bisect down to the element on failure.
        check_batched_grad, check_batched_forward_grad, check_forward_ad, check_backward_ad: which
            ways to look at; all but backward in other libraries alone, where they have such a way.
            minitorch itself has no vmap, and takes `check_batched_grad` without a word.
        check_undefined_grad, check_grad_dtypes, masked: accepted; what they are about is checked
            in any case.

    Raises:
        GradcheckError: naming the worst element, both values, the likely cause, and, where the
            function is composed of several operations, the first that is wrong by itself.
        ValueError: if no input requires grad, or `func` returns no tensor.
        NotImplementedError: for forward mode in a library that has none, as minitorch.

    >>> import minitorch
    >>> x = minitorch.tensor([0.0, 1e-8, 3.0], requires_grad=True)
    >>> gradcheck(minitorch.relu, x)
    True
    """
    __tracebackhide__ = True
    if not (check_backward_ad or check_forward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError(
            "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
        )
    if check_batched_grad and not check_backward_ad:
        raise AssertionError(
            "Setting check_batched_grad=True requires check_backward_ad to be True"
        )
    options = Options(eps, atol, rtol, nondet_tol, fast_mode, locate=raise_exception)
    options.forward, options.backward = check_forward_ad, check_backward_ad
    options.vmapped = (check_batched_grad, check_batched_forward_grad)
    return _outcome(func, inputs, (1,), options)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of `func`'s gradients are right; PyTorch's signature.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: the outputs' gradients to differentiate at, and by; random ones by default.
        gen_non_contig_grad_outputs: make the random ones non-contiguous.
        eps and the rest: as for `gradcheck`.

    Raises:
        As `gradcheck`.

    >>> import minitorch
    >>> x = minitorch.randn(3, dtype=minitorch.float64, requires_grad=True)
    >>> gradgradcheck(lambda x: x**3, x)
    True
    """
    __tracebackhide__ = True
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    options = Options(eps, atol, rtol, nondet_tol, fast_mode, locate=raise_exception)
    options.spread = gen_non_contig_grad_outputs
    options.forward, options.backward = check_fwd_over_rev, check_rev_over_rev
    options.vmapped = (check_batched_grad, False)
    return _outcome(func, inputs, (2,), options, grad_outputs)


def _outcome(
    func: Checked, inputs: Any, orders: Any, options: Options, grad_outputs: Any = None
) -> bool:
    __tracebackhide__ = True
    try:
        check(func, inputs, orders, options, grad_outputs).raise_if_wrong()
    except GradcheckError:
        if options.locate:  # as it is where the error is wanted
            raise
        return False
    return True


def gradcheck_report(
    func: Checked,
    inputs: Any,
    *,
    orders: Sequence[int] = (1, 2),
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
    seed: int = 0,
    progress_bar: bool | None = None,
) -> Report:
    """All that there is to find about `func`'s gradients, at both orders.

    Args:
        func, inputs, eps, atol, rtol, nondet_tol, fast_mode: as for `gradcheck`.
        orders: 1 for the gradients, 2 for their gradients.
        seed: of the random incoming gradients.
        progress_bar: show one; by default if stderr is a terminal and tqdm is installed.

    Returns:
        A `Report`: true if nothing is wrong; prints as text; `table()`, `to_html(path)`,
        `to_json(path)`.

    Raises:
        GradcheckError: if the function is not deterministic.
        ValueError: if no input requires grad, or `func` returns no tensor.

    >>> import minitorch
    >>> x = minitorch.tensor([0.0, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> print(gradcheck_report(minitorch.abs, x, orders=(1,)))
    gradients of abs: right (3 pass, 1 at a kink)
    """
    options = Options(eps, atol, rtol, nondet_tol, fast_mode=fast_mode, seed=seed)
    return check(func, inputs, orders, options, watch=progress(progress_bar, "gradcheck"))


__all__ = [
    "GradcheckError",
    "Report",
    "check_gradient",
    "gradcheck",
    "gradcheck_graph",
    "gradcheck_module",
    "gradcheck_report",
    "gradgradcheck",
]
