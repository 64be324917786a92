"""Comparing gradients with finite differences, element by element, at first and second order.

The numerical derivative is the central difference ``(f(x + h) - f(x - h)) / 2h``, whose error is
O(h ** 2) (Press et al., Numerical Recipes, section 5.7); in float64 the default h of 1e-6 leaves
about ten digits. Every element of every Jacobian is compared; nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import enable_grad

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class GradcheckError(RuntimeError):
    """A gradient that differs from the numerical one, or a function that cannot be checked."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
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
    """Whether `func`'s gradients agree with finite differences in every element.

    Args:
        func: takes the inputs, returns a tensor or a tuple of them.
        inputs: a tensor or a tuple; those that require grad are checked, and must be float64.
        eps: the step.
        atol, rtol: an element passes if ``|analytical - numerical| <= atol + rtol |numerical|``.
        raise_exception: raise on a difference instead of returning False.
        nondet_tol: how much two runs of backward may differ.
        check_grad_dtypes: also require each gradient to have its input's dtype.
        fast_mode: accepted; the whole Jacobian is checked in any case.
        check_undefined_grad, check_batched_grad, masked: accepted for PyTorch's signature.

    Raises:
        GradcheckError: naming the input, the output, the worst element and both values.
        ValueError: if no input requires grad.
        NotImplementedError: for forward-mode checks, which there is nothing to check with.

    >>> import minitorch
    >>> x = minitorch.randn(3, dtype=minitorch.float64, requires_grad=True)
    >>> gradcheck(minitorch.tanh, x)
    True
    """
    if check_forward_ad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck: minitorch has no forward-mode differentiation")
    if not check_backward_ad:
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad True")
    try:
        with enable_grad():
            _check(func, _tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
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
    """Whether the gradients of `func`'s gradients agree with finite differences.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: the outputs' gradients to differentiate at, and by; random ones by default.
        gen_non_contig_grad_outputs: make the random ones non-contiguous.
        eps and the rest: as for `gradcheck`.

    Raises:
        As `gradcheck`.
    """
    if check_fwd_over_rev or not check_rev_over_rev:
        raise NotImplementedError("gradgradcheck: minitorch has no forward-mode differentiation")
    given = _tuple(inputs)
    with enable_grad():
        outputs = _differentiable(func(*given))
        if grad_outputs is None:
            cotangents = _random_like(outputs, gen_non_contig_grad_outputs)
        else:
            cotangents = _tuple(grad_outputs)
    count = len(given)

    def first_order(*args: Any) -> tuple[Any, ...]:
        xs, seeds = args[:count], args[count:]
        wanted = [x for x in xs if _wants_grad(x)]
        found = engine.grad(
            _differentiable(func(*xs)), wanted, seeds, create_graph=True, allow_unused=True
        )
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first_order,
        given + cotangents,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
    )


def _tuple(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, TensorBase) else tuple(value)


def _wants_grad(value: Any) -> bool:
    return isinstance(value, TensorBase) and value._requires_grad


def _differentiable(outputs: Any) -> tuple[Any, ...]:
    """The outputs that a gradient can flow into."""
    if not isinstance(outputs, (TensorBase, tuple, list)):
        raise ValueError(
            f"gradcheck: expected func to return tensors, got {type(outputs).__name__}"
        )
    return tuple(out for out in _tuple(outputs) if _wants_grad(out))


def _random_like(outputs: Sequence[Tensor], spread: bool) -> tuple[Tensor, ...]:
    """Random gradients from a generator of their own, so that no other stream is touched."""
    draws = np.random.default_rng(0)
    made = []
    for out in outputs:
        shape, dtype = out._array.shape, out._array.dtype
        array = draws.standard_normal((*shape, 2) if spread else shape).astype(dtype)
        tensor = out._wrap(np.asarray(array[..., 0] if spread else array))
        tensor.requires_grad = True
        made.append(tensor)
    return tuple(made)


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_grad_dtypes: bool,
) -> None:
    wanted = [(i, x) for i, x in enumerate(inputs) if _wants_grad(x)]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, "
            "but none of the them have requires_grad=True."
        )
    for index, x in wanted:
        if x._array.dtype != np.float64:
            raise GradcheckError(
                f"gradcheck: input {index} is {x.dtype}; differences of {eps:g} need float64: "
                "convert it with .double()"
            )
        if x._array.size and any(
            s == 0 and n > 1 for s, n in zip(x._array.strides, x._array.shape, strict=True)
        ):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    numerical = _numerical(func, inputs, [x for _, x in wanted], eps)
    tensors = [x for _, x in wanted]
    analytical = _analytical(func, inputs, tensors, check_grad_dtypes)
    again = _analytical(func, inputs, tensors, check_grad_dtypes)
    for row, (index, x) in enumerate(wanted):
        for out, (expected, got, repeated) in enumerate(
            zip(numerical[row], analytical[row], again[row], strict=True)
        ):
            if got.size and np.max(np.abs(got - repeated)) > nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    f"grad_output multiple times gives different values (output {out}, input "
                    f"{index}), although analytical gradient matches numerical gradient; the "
                    f"tolerance for nondeterminism was {nondet_tol}."
                )
            _compare(expected, got, index, out, x._array.shape, atol, rtol)


def _compare(
    numerical: Array,
    analytical: Array,
    index: int,
    out: int,
    shape: tuple[int, ...],
    atol: float,
    rtol: float,
) -> None:
    """Both Jacobians are (input elements, output elements)."""
    difference = np.abs(analytical - numerical)
    allowed = atol + rtol * np.abs(numerical)
    failed = ~(difference <= allowed)  # so that NaN fails
    if not failed.any():
        return
    excess = np.where(np.isnan(difference), np.inf, difference / allowed)
    worst = np.unravel_index(int(np.argmax(excess)), excess.shape)
    place = tuple(int(i) for i in np.unravel_index(int(worst[0]), shape)) if shape else ()
    raise GradcheckError(
        f"Jacobian mismatch for output {out} with respect to input {index}: {failed.sum()} of "
        f"{failed.size} elements differ. The worst is d output[{worst[1]}] / d input{list(place)}: "
        f"numerical {numerical[worst]:.9g}, analytical {analytical[worst]:.9g}\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n"
    )


def _outputs(func: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Array]:
    return [out._array.astype(np.float64) for out in _differentiable(func(*inputs))]


def _numerical(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[Any], eps: float
) -> list[list[Array]]:
    """For each input and output, the Jacobian by central differences."""
    jacobians = []
    shapes = [out.size for out in _outputs(func, inputs)]
    for x in wanted:
        array = x._array
        columns = [np.zeros((array.size, size)) for size in shapes]
        for row, place in enumerate(np.ndindex(array.shape)):
            kept = array[place]
            array[place] = kept + eps
            above = _outputs(func, inputs)
            array[place] = kept - eps
            below = _outputs(func, inputs)
            array[place] = kept
            for column, high, low in zip(columns, above, below, strict=True):
                column[row] = (high - low).reshape(-1) / (2 * eps)
        jacobians.append(columns)
    return jacobians


def _analytical(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[Any], check_dtypes: bool
) -> list[list[Array]]:
    """For each input and output, the Jacobian by one backward an output element."""
    outputs = _differentiable(func(*inputs))
    jacobians: list[list[Array]] = [
        [np.zeros((x._array.size, out._array.size)) for out in outputs] for x in wanted
    ]
    for number, out in enumerate(outputs):
        for column in range(out._array.size):
            seed = np.zeros(out._array.size, out._array.dtype)
            seed[column] = 1
            cotangent = out._wrap(seed.reshape(out._array.shape))
            found = engine.grad(out, wanted, cotangent, retain_graph=True, allow_unused=True)
            for row, (x, gradient) in enumerate(zip(wanted, found, strict=True)):
                if gradient is None:
                    continue
                if check_dtypes and gradient._array.dtype != x._array.dtype:
                    raise GradcheckError(
                        f"the gradient of input {row} is {gradient.dtype}, not {x.dtype}"
                    )
                jacobians[row][number][:, column] = gradient._array.reshape(-1)
    return jacobians
