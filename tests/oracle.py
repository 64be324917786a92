"""PyTorch as the oracle: one call under both frameworks, its results and errors compared.

>>> import numpy as np
>>> same(lambda m, x: m.tanh(x), np.zeros((2, 3)))
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import minitorch

Array = np.ndarray[Any, np.dtype[Any]]

HOW_TO_GET_IT = "the parity tests need: pip install torch==2.13.0"

# Relative and absolute; the second for a gradient's gradient, in which rounding adds up.
TOLERANCES = {"float64": (1e-9, 1e-8), "float32": (2e-5, 2e-4), "float16": (4e-3, 4e-2)}


def the_torch() -> Any:
    """PyTorch, or a skip that says how to get it."""
    return pytest.importorskip("torch", reason=HOW_TO_GET_IT)


def outputs(result: Any) -> tuple[Any, ...]:
    """A call's results as a flat tuple."""
    if isinstance(result, (tuple, list)):
        return tuple(part for item in result for part in outputs(item))
    return (result,)


def weighted(outs: Any) -> Any:
    """A scalar whose gradient differs from output to output and element to element."""
    total = None
    for out in outputs(outs):
        if not getattr(out, "requires_grad", False):
            continue
        module = minitorch if isinstance(out, minitorch.Tensor) else the_torch()
        weights = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)) + 1.5
        term = (out * module.tensor(weights.tolist(), dtype=out.dtype).reshape(out.shape)).sum()
        total = term if total is None else total + term
    return total


def as_inputs(m: Any, arrays: tuple[Array, ...], gradients: bool) -> list[Any]:
    """Each array as a tensor of the module `m`, with its strides kept where PyTorch can."""
    made = []
    for array in arrays:
        backwards = m is not minitorch and any(step < 0 for step in array.strides)
        held = np.array(array, order="C" if backwards else "K")
        x = minitorch.Tensor._wrap(held) if m is minitorch else m.from_numpy(held)
        made.append(x.requires_grad_() if gradients and array.dtype.kind == "f" else x)
    return made


def outcome(m: Any, function: Callable[..., Any], inputs: list[Any]) -> Any:
    """What the call gives: its outputs, or the exception that it raised."""
    try:
        return outputs(function(m, *inputs))
    except Exception as error:
        return error


def agree(ours: Any, theirs: Any, tolerance: float | None = None, what: str = "output") -> None:
    """Assert that two results are alike in kind, shape, dtype and values."""
    if not hasattr(theirs, "dtype") or not hasattr(theirs, "shape"):
        if isinstance(theirs, float):
            np.testing.assert_allclose(ours, theirs, tolerance or 1e-9)
        else:
            assert str(ours) == str(theirs), what
        return
    assert tuple(ours.shape) == tuple(theirs.shape), what
    assert str(ours.dtype) == str(theirs.dtype), what
    a, b = ours.detach().numpy(), theirs.detach().numpy(force=True)
    close = tolerance or TOLERANCES.get(str(a.dtype), (0.0, 0.0))[0]
    np.testing.assert_allclose(a, b, close, close, err_msg=what)


# What PyTorch's texts call a dtype, where they do not call it by its name.
SCALARS = {
    "Bool": "bool", "Byte": "uint8", "unsigned char": "uint8", "Int": "int32", "Long": "int64",
    "long int": "int64", "Half": "float16", "Float": "float32", "Double": "float64",
}  # fmt: skip


def dtypes_in(text: str) -> set[str]:
    """The dtypes that an error's text names."""
    named = {
        d for word, d in SCALARS.items() if re.search(rf"\b(CPU)?{word}(Tensor|Type)?\b", text)
    }
    return named | set(re.findall(r"\bu?int\d+\b|\bfloat\d+\b|\bbool\b", text))


def shapes_in(text: str) -> set[tuple[str, ...]]:
    """The shapes, and other groups of numbers, that an error's text names."""
    groups = re.findall(r"\[-?\d[-\d, ]*\]|\(-?\d+,[-\d, ]*\)", re.sub(r"\w+\[\d+\]=", "", text))
    return {tuple(re.findall(r"-?\d+", group)) for group in groups}


def opens_well(ours: str, theirs: str) -> bool:
    """Whether a text begins with the operation's name, or as PyTorch's does."""
    name = re.match(r'"?([\w.]+)', ours)
    places = (minitorch, minitorch.nn, minitorch.nn.functional, minitorch.Tensor, minitorch.linalg)
    named = name is not None and any(hasattr(m, name[1].rpartition(".")[2]) for m in places)
    quoted = ours.startswith('"') and theirs.startswith(ours.rpartition('" not')[0] or ours)
    return named or quoted or ours.split()[:3] == theirs.split()[:3]


def says_less(ours: Exception, theirs: Exception, came: set[str] | None = None) -> str:
    """What an error's text leaves out that PyTorch's tells; empty if it is as good.

    It has to begin with the operation's name, or as PyTorch's does, and to name every shape that
    PyTorch's names, and every dtype that PyTorch's names and that came.

    Args:
        ours: the exception of minitorch.
        theirs: PyTorch's.
        came: the dtypes of the inputs.
    """
    a, b = str(ours), str(theirs)
    left_out = [
        *sorted((dtypes_in(b) & (came or set())) - dtypes_in(a)),
        *map(str, sorted(shapes_in(b) - shapes_in(a))),
        *([] if opens_well(a, b) else ["the operation"]),
    ]
    return f"{', '.join(left_out)}: {a!r}, PyTorch: {b!r}" if left_out else ""


def same(
    function: Callable[..., Any],
    *arrays: Array,
    gradients: bool = True,
    tolerance: float | None = None,
    texts: bool = False,
) -> None:
    """Assert that ``function(m, *tensors)`` is the same under minitorch and PyTorch.

    Either both raise (ours PyTorch's exception type, or a subclass of it), or both give outputs of
    the same shapes, dtypes and values, and gradients of the first and second order that agree.

    Args:
        function: takes the module and a tensor an array.
        arrays: the inputs; those of floating dtype require grad.
        gradients: whether to compare gradients.
        tolerance: relative and absolute, of the values; by default what suits the dtype.
        texts: whether the text of an error has to tell as much as PyTorch's: see `says_less`.
    """
    torch = the_torch()
    xs = as_inputs(minitorch, arrays, gradients)
    zs = as_inputs(torch, arrays, gradients)
    ours, theirs = outcome(minitorch, function, xs), outcome(torch, function, zs)
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        if not isinstance(theirs, Exception):
            raise AssertionError(f"minitorch raises where PyTorch gives {theirs}") from ours
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}, minitorch gives {ours}"
        if not isinstance(ours, type(theirs)):
            raise AssertionError(f"PyTorch raises {theirs!r}, minitorch {ours!r}") from ours
        if texts:
            less = says_less(ours, theirs, {str(array.dtype) for array in arrays})
            assert not less, f"the text leaves out {less}"
        return
    assert len(ours) == len(theirs), "number of outputs"
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        agree(a, b, tolerance, f"output {number}")
        wants = getattr(a, "requires_grad", False), getattr(b, "requires_grad", False)
        assert wants[0] == wants[1], f"requires_grad of output {number}"
    if gradients:
        same_gradients(ours, xs, theirs, zs)


def same_gradients(ours: Any, xs: list[Any], theirs: Any, zs: list[Any]) -> None:
    """Assert that the outputs' gradients in the inputs agree, at first and second order."""
    torch = the_torch()
    xs, zs = ([t for t in ts if t.requires_grad] for ts in (xs, zs))
    total, their_total = weighted(ours), weighted(theirs)
    if total is None or not xs:
        return
    options = {"create_graph": True, "materialize_grads": True}
    # A walk that nobody differentiates has a way of its own: see `Function.array_backward`.
    plain = minitorch.autograd.grad(total, xs, retain_graph=True, materialize_grads=True)
    first = minitorch.autograd.grad(total, xs, **options)
    their_first = torch.autograd.grad(their_total, zs, **options)
    order = TOLERANCES.get(str(np.dtype(xs[0]._array.dtype)), (1e-9, 1e-8))
    for number, (a, b) in enumerate(zip(first, their_first, strict=True)):
        agree(a, b, order[0], f"gradient of input {number}")
    for number, (a, b) in enumerate(zip(plain, their_first, strict=True)):
        agree(a, b, order[0], f"gradient of input {number}, not recorded")
    # Some of PyTorch's gradients are constants where ours still carry a graph of zeros.
    again = sum(weighted(g * g) for g in first if g.requires_grad)
    their_again = sum(weighted(g * g) for g in their_first if g.requires_grad)
    if not all(hasattr(total, "requires_grad") for total in (again, their_again)):
        return
    second = minitorch.autograd.grad(again, xs, materialize_grads=True)
    with suppress(NotImplementedError):  # PyTorch has no second derivative of a few
        try:
            their_second = torch.autograd.grad(their_again, zs, materialize_grads=True)
        except RuntimeError as error:
            if "not implemented" in str(error) or "derivative for" in str(error):
                return
            raise
        for number, (a, b) in enumerate(zip(second, their_second, strict=True)):
            agree(a, b, order[1], f"second derivative of input {number}")
