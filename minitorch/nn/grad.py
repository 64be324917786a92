"""The gradients of convolutions, as functions of their own.

>>> import minitorch
>>> x, w = minitorch.ones(1, 1, 3), minitorch.ones(1, 1, 2)
>>> conv1d_input(x.shape, w, minitorch.ones(1, 1, 2))
tensor([[[1., 2., 1.]]])
"""

from __future__ import annotations

from typing import Any

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.autograd import enable_grad, grad
from minitorch.ops.nn import conv

__all__: list[str] = [f"conv{n}d_{of}" for n in (1, 2, 3) for of in ("input", "weight")]


def _gradient(
    convolve: Any, tensors: tuple[Any, Any], at: int, grad_output: Tensor, *options: Any
) -> Tensor:
    """The gradient with respect to input or weight, `at`, in whose place its size stands."""
    given = list(tensors)
    kept = given[1 - at].requires_grad or grad_output.requires_grad
    with enable_grad():
        given[at] = grad_output.new_zeros(given[at]).requires_grad_()
        output = convolve(*given, None, *options)
    return grad(output, given[at], grad_output, create_graph=kept)[0]


def _pair(convolve: Any, name: str) -> tuple[Any, Any]:
    """The gradients of `convolve` with respect to its input, and to its weight."""

    def of_input(
        input_size: Any,
        weight: Tensor,
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        options = (stride, padding, dilation, groups)
        return _gradient(convolve, (input_size, weight), 0, grad_output, *options)

    def of_weight(
        input: Tensor,
        weight_size: Any,
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        options = (stride, padding, dilation, groups)
        return _gradient(convolve, (input, weight_size), 1, grad_output, *options)

    of_input.__doc__ = f"The gradient of `{name}` with respect to its input, of size `input_size`."
    of_weight.__doc__ = (
        f"The gradient of `{name}` with respect to its weight, of size `weight_size`."
    )
    for of, function in (("input", of_input), ("weight", of_weight)):
        function.__name__ = function.__qualname__ = f"{name}_{of}"
    return of_input, of_weight


conv1d_input, conv1d_weight = _pair(conv.conv1d, "conv1d")
conv2d_input, conv2d_weight = _pair(conv.conv2d, "conv2d")
conv3d_input, conv3d_weight = _pair(conv.conv3d, "conv3d")

__getattr__ = missing(__name__)
