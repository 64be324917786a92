"""Derivatives of functions: Jacobians, Hessians, and their products with a vector.

Each takes a function of tensors and the point to differentiate at; every ``.grad`` is left alone.

>>> import minitorch
>>> jacobian(lambda x: x**2, minitorch.tensor([1.0, 3.0]))
tensor([[2., 0.],
        [0., 6.]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._missing import missing
from minitorch.autograd.base import TensorBase
from minitorch.autograd.engine import grad, stacked
from minitorch.autograd.mode import enable_grad, is_grad_enabled, set_grad_enabled

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]
Func = Callable[..., Any]


# ---- what goes in and comes out -----------------------------------------------------------------


def _as_tuple(what: str, who: str, value: Any) -> tuple[bool, Tensors]:
    """Whether `value` was a tuple, and it as one.

    Raises:
        TypeError: for anything but tensors.
    """
    several = isinstance(value, tuple)
    tensors = value if several else (value,)
    for index, tensor in enumerate(tensors):
        if not isinstance(tensor, TensorBase):
            where = f"value at index {index}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {who} must be either a Tensor or a tuple of Tensors but the "
                f"{where} has type {type(tensor)}."
            )
    return several, tensors


def _result(tensors: Tensors, several: bool, create_graph: bool) -> Any:
    """Shape a result for the caller: a tuple if the argument was one, detached unless asked for."""
    if not create_graph:
        tensors = tuple(tensor.detach() for tensor in tensors)
    return tensors if several else tensors[0]


def _points(inputs: Tensors, create_graph: bool) -> Tensors:
    """Stand-ins for the inputs, each a tensor of its own that requires grad."""
    return tuple(
        x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()
        for x in inputs
    )


def _called(func: Func, points: Tensors, who: str, strict: bool) -> tuple[bool, Tensors]:
    """The function's outputs."""
    several, outputs = _as_tuple("outputs of the user-provided function", who, func(*points))
    for index, output in enumerate(outputs):
        if strict and not output.requires_grad:
            raise RuntimeError(
                f"Output {index} of the user-provided function does not require gradients. The "
                "outputs must be computed in a differentiable manner from the input when running "
                "in strict mode."
            )
    return several, outputs


def _scalar(func: Func, points: Tensors, who: str, strict: bool) -> Tensor:
    """The one number that the function gives."""
    several, outputs = _called(func, points, who, strict)
    if several:
        raise RuntimeError(f"The function given to {who} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {who} should contain a single element"
        )
    return outputs[0]


def _vector(v: Any, who: str, like: Tensors, several: bool, create_graph: bool) -> Tensors:
    """The vector to multiply with: given in the shapes of `like`, or 1 for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function works on a single "
                f"Tensor with a single element ({who} has shapes "
                f"{[list(tensor.shape) for tensor in like]})."
            )
        return (like[0].new_ones(like[0].shape),)
    _, given = _as_tuple("v", who, v)
    if len(given) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(given)}."
            if several
            else "The given v should contain a single Tensor."
        )
    for index, (vector, tensor) in enumerate(zip(given, like, strict=True)):
        if vector.shape != tensor.shape:
            entry = f"Entry {index} in " if several else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {tensor.shape} but got {vector.shape}."
            )
    return tuple(x if create_graph and x.requires_grad else x.detach() for x in given)


def _gradients(
    outputs: Tensors, inputs: Tensors, vector: Tensors, create_graph: bool, strict: bool, what: str
) -> Tensors:
    """`grad`, with zeros where an output does not depend on an input (an error if strict)."""
    pairs = [(out, v) for out, v in zip(outputs, vector, strict=True) if out.requires_grad]
    found: tuple[Any, ...] = (None,) * len(inputs)
    if pairs:
        outs, vs = zip(*pairs, strict=True)
        found = grad(outs, inputs, vs, create_graph=create_graph, allow_unused=True)
    for index, gradient in enumerate(found):
        if strict and gradient is None:
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {index}. "
                "This is not allowed in strict mode."
            )
        if strict and create_graph and not gradient.requires_grad:
            raise RuntimeError(
                f"The derivative of the {what} of the user-provided function is independent of "
                f"input {index}. This is not allowed in strict mode when create_graph=True."
            )
    return tuple(
        x.new_zeros(x.shape) if gradient is None else gradient
        for x, gradient in zip(inputs, found, strict=True)
    )


# ---- products with a vector ---------------------------------------------------------------------


def vjp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's outputs, and the product of `v` with its Jacobian.

    Args:
        func: takes tensors, returns a tensor or a tuple of tensors.
        inputs: the tensor, or tuple of tensors, that it is called with.
        v: in the outputs' shapes; may be left out for an output of one element.
        create_graph: record it all, so that it can be differentiated.
        strict: raise where an output does not depend on an input, instead of giving zeros.

    Raises:
        RuntimeError: for a `v` of other shapes; for independence, if `strict`.
        TypeError: for anything but tensors.
    """
    several, given = _as_tuple("inputs", "vjp", inputs)
    with enable_grad():
        points = _points(given, create_graph)
        several_out, outputs = _called(func, points, "vjp", strict)
        vector = _vector(v, "vjp", outputs, several_out, create_graph)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _gradients(outputs, points, vector, create_graph, strict, "output")
    return (
        _result(outputs, several_out, create_graph),
        _result(product, several, create_graph),
    )


def jvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's outputs, and the product of its Jacobian with `v`.

    A vector-Jacobian product is linear in its vector: its derivative by that is this product.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        v: in the inputs' shapes; may be left out for an input of one element.

    Raises:
        RuntimeError, TypeError: as `vjp`.
    """
    several, given = _as_tuple("inputs", "jvp", inputs)
    with enable_grad():
        points = _points(given, create_graph)
        vector = _vector(v, "jvp", points, several, create_graph)
        several_out, outputs = _called(func, points, "jvp", strict)
        weights = tuple(out.new_zeros(out.shape).requires_grad_() for out in outputs)
        pulled = _gradients(outputs, points, weights, True, strict, "output")
        product = _gradients(pulled, weights, vector, create_graph, strict, "gradient")
    return (
        _result(outputs, several_out, create_graph),
        _result(product, several_out, create_graph),
    )


def vhp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's output, a single number, and the product of `v` with its Hessian.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        v: in the inputs' shapes; may be left out for an input of one element.

    Raises:
        RuntimeError, TypeError: as `vjp`; for a function that does not give a single number.
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's output, a single number, and the product of its Hessian with `v`.

    The Hessian is symmetric, so that this is `vhp`.

    Args:
        func, inputs, v, create_graph, strict: as for `vhp`.

    Raises:
        RuntimeError, TypeError: as `vhp`.
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    who: str, func: Func, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    several, given = _as_tuple("inputs", who, inputs)
    with enable_grad():
        points = _points(given, create_graph)
        vector = _vector(v, who, points, several, create_graph)
        output = _scalar(func, points, who, strict)
        ones = (output.new_ones(output.shape),)
        slope = _gradients((output,), points, ones, True, strict, "output")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = _gradients(slope, points, vector, create_graph, strict, "jacobian")
    return _result((output,), False, create_graph), _result(product, several, create_graph)


# ---- whole matrices -----------------------------------------------------------------------------


def jacobian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Every output's derivative by every input: one walk back for each element of the outputs.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        vectorize: accepted, and of no effect.
        strategy: only 'reverse-mode'.

    Returns:
        A tensor of shape ``output.shape + input.shape``; with a tuple of inputs, a tuple of
        those; with a tuple of outputs, a tuple of these.

    Raises:
        RuntimeError, TypeError: as `vjp`.
        NotImplementedError: for another strategy.
    """
    if strategy != "reverse-mode":
        raise NotImplementedError(f"jacobian: only strategy='reverse-mode', got {strategy!r}")
    several, given = _as_tuple("inputs", "jacobian", inputs)
    with enable_grad():
        points = _points(given, create_graph)
        several_out, outputs = _called(func, points, "jacobian", strict)
        whole = tuple(_rows(output, points, create_graph, strict) for output in outputs)
    blocks = tuple(_result(row, several, create_graph) for row in whole)
    return blocks if several_out else blocks[0]


def _rows(output: Tensor, points: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The derivative of one output by each input."""
    shape, count = tuple(output.shape), output.numel()
    if not count:
        return tuple(x.new_zeros(shape + tuple(x.shape)) for x in points)
    rows = []
    for position in range(count):
        one = np.zeros(shape, output._array.dtype)
        one.flat[position] = 1
        found: tuple[Any, ...] = (None,) * len(points)
        if output.requires_grad:
            found = grad(
                output,
                points,
                output._wrap(one),
                retain_graph=create_graph or position + 1 < count,
                create_graph=create_graph,
                allow_unused=True,
            )
        for index, gradient in enumerate(found):
            if strict and (gradient is None or (create_graph and not gradient.requires_grad)):
                raise RuntimeError(
                    "The output (or, with create_graph=True, the jacobian) of the user-provided "
                    f"function is independent of input {index}. This is not allowed in strict mode."
                )
        rows.append(found)
    return tuple(
        stacked(tuple(x.new_zeros(x.shape) if r is None else r for r in column)).reshape(
            shape + tuple(x.shape)
        )
        for x, column in zip(points, zip(*rows, strict=True), strict=True)
    )


def hessian(
    func: Func,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function that gives a single number: its Jacobian's Jacobian.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        vectorize: accepted, and of no effect.
        outer_jacobian_strategy: only 'reverse-mode'.

    Returns:
        A tensor of shape ``input.shape + input.shape``; with a tuple of inputs, a tuple of tuples.

    Raises:
        RuntimeError, TypeError: as `vhp`.
        NotImplementedError: for another strategy.

    >>> import minitorch
    >>> hessian(lambda x: (x**3).sum(), minitorch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    several, _ = _as_tuple("inputs", "hessian", inputs)

    def slope(*points: Tensor) -> Tensors:
        def number(*xs: Tensor) -> Tensor:
            return _scalar(func, xs, "hessian", strict).reshape(())

        made: Tensors = jacobian(number, points, create_graph=True)
        if strict and not all(gradient.requires_grad for gradient in made):
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided "
                "function is independent of an input. This is not allowed in strict mode."
            )
        return made

    whole = jacobian(
        slope,
        inputs if several else (inputs,),
        create_graph=create_graph,
        strict=strict,
        strategy=outer_jacobian_strategy,
    )
    return whole if several else whole[0][0]


__getattr__ = missing(__name__)
