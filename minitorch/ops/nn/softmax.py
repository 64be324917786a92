"""Softmax, its logarithm, and what is made of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, dtype, meant
from minitorch.autograd.function import Function
from minitorch.kernels import softmax as kernels
from minitorch.ops.math import random as draws
from minitorch.ops.nn.activation import floats
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import (
    accept_axis_keepdims,
    caller_stacklevel,
    require_tensor,
    wrap_dim,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["log_softmax", "softmax"]


def _along(function: type[Function], who: str, input: Tensor, dim: int, to: dtype | None) -> Tensor:
    x = require_tensor(who, "input", input)
    if to is not None:
        x = args.as_dtype(x, meant(to).numpy)
    axis = wrap_dim(dim, x._array.ndim)
    floats(who, x)
    if x._array.ndim == 0:
        return function.apply(x.reshape(1), dim=0).reshape(())
    dtype = x._numpy_dtype
    if dtype in args.HALVES and axis == x._array.ndim - 1:
        return function.apply(x, dim=axis, half=dtype)
    return function.apply(x, dim=axis)


def implied_dim(who: str, ndim: int) -> int:
    """The dimension that PyTorch takes where none is given, with its warning against that."""
    warnings.warn(
        f"Implicit dimension choice for {who} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=args.caller_stacklevel(),
    )
    return 0 if ndim in (0, 1, 3) else 1


class Softmax(Function):
    """y = exp(x) / sum(exp(x)) along `dim`."""

    memory_layout = "chosen"
    kernel = staticmethod(kernels.softmax)

    def forward(self, x: Array, *, dim: int, half: np.dtype[Any] | None = None) -> Array:
        self.dim = dim
        y = self.kernel(x, dim)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Tensor:
        (y,) = self.saved
        return (grad - (grad * y).sum(self.dim, keepdim=True)) * y

    def backward_kernel(self, grad: Array) -> Array:
        (y,) = self.saved
        return kernels.softmax_back(grad, y, self.dim)


@takes_out("softmax", SAME)
@accept_axis_keepdims
def softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """``exp(input) / sum(exp(input))`` along `dim`, without overflow: positive, adding up to 1.

    Args:
        dtype: convert to it first, so that the sum does not overflow or round.

    >>> import minitorch
    >>> softmax(minitorch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _along(Softmax, "softmax", input, dim, dtype)


class LogSoftmax(Softmax):
    """y = x - log(sum(exp(x))) along `dim`."""

    kernel = staticmethod(kernels.log_softmax)

    def forward(self, x: Array, *, dim: int, half: np.dtype[Any] | None = None) -> Array:
        if half is None:
            return super().forward(x, dim=dim)
        self.dim = dim
        y = kernels.log_softmax_of_halves(x, half)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Tensor:
        (y,) = self.saved
        return grad - y.exp() * grad.sum(self.dim, keepdim=True)

    def backward_kernel(self, grad: Array) -> Array:
        (y,) = self.saved
        return kernels.log_softmax_back(grad, y, self.dim)


@takes_out("log_softmax", SAME)
@accept_axis_keepdims
def log_softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """The logarithm of `softmax`, without losing precision."""
    return _along(LogSoftmax, "log_softmax", input, dim, dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of the categories with log-probabilities `logits`, differentiable in them.

    Args:
        tau: how soft: near 0 the sample is nearly one-hot.
        hard: give the one-hot vector, with the gradient of the soft sample.
        eps: deprecated, and has no effect.

    Jang, Gu, Poole, https://arxiv.org/abs/1611.01144.
    """
    x = require_tensor("gumbel_softmax", "logits", logits)
    if eps != 1e-10:
        warnings.warn(
            "`eps` parameter is deprecated and has no effect.", stacklevel=caller_stacklevel()
        )
    floats("exponential_", x)
    array = x._array
    waits = draws.stream(None).exponential(array.size, 1.0, array.dtype).reshape(array.shape)
    noise = -x._wrap(waits).log()  # distributed as Gumbel(0, 1)
    soft = softmax((x + noise) / tau, dim)
    if not hard:
        return soft
    axis, chosen = wrap_dim(dim, array.ndim), np.ones_like(soft._array)
    if array.ndim:
        chosen[...] = 0
        np.put_along_axis(chosen, np.expand_dims(soft._array.argmax(axis), axis), 1, axis)
    return x._wrap(chosen) - soft.detach() + soft
