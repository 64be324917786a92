"""Activations: ReLU, softmax and its logarithm, dropout. Sigmoid and tanh are elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, dtype
from minitorch.autograd.function import Function
from minitorch.kernels import random
from minitorch.kernels.mask import keep
from minitorch.ops import operands as args
from minitorch.ops.inplace import assign
from minitorch.ops.operands import tensor_of, wrap_dim

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class ReLU(Function):
    """y = max(x, 0); the gradient at 0 is 0."""

    order = "follows"
    torch_name = "ReluBackward0"

    def forward(self, x: Array) -> Array:
        if self.needs(0):
            self.save(x > 0)
        return np.maximum(x, x.dtype.type(0))

    def backward(self, grad: Tensor) -> Any:
        (positive,) = self.saved
        return Keep.apply(grad, positive)


class Keep(Function):
    """y = x where the mask holds, else 0 (whatever x is there: inf and NaN too)."""

    order = "follows"
    torch_name = "ThresholdBackwardBackward0"

    def forward(self, x: Array, mask: Array) -> Array:
        self.save(mask)
        return keep(x, mask)

    def backward(self, grad: Tensor) -> Any:
        (mask,) = self.saved
        return Keep.apply(grad, mask), None


class Softmax(Function):
    """y = exp(x) / sum(exp(x)) along `dim`."""

    def forward(self, x: Array, *, dim: int) -> Array:
        self.dim = dim
        y = np.exp(x - x.max(dim, keepdims=True)) if x.size else x.copy()
        y /= y.sum(dim, keepdims=True)
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        weighted = grad * y
        return weighted - y * weighted.sum(self.dim, keepdim=True)


class LogSoftmax(Function):
    """y = x - log(sum(exp(x))) along `dim`."""

    def forward(self, x: Array, *, dim: int) -> Array:
        self.dim = dim
        y = x - x.max(dim, keepdims=True) if x.size else x.copy()
        y -= np.log(np.exp(y).sum(dim, keepdims=True))
        self.save(y)
        return y

    def backward(self, grad: Tensor) -> Any:
        (y,) = self.saved
        return grad - y.exp() * grad.sum(self.dim, keepdim=True)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``; the gradient at 0 is 0.

    >>> import minitorch
    >>> relu(minitorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    x = tensor_of("relu", "input", input)
    if x._peek().dtype.kind == "b":
        raise RuntimeError("relu: Boolean inputs not supported")
    return assign(x, ReLU.apply, x) if inplace else ReLU.apply(x)


def _along(function: type[Function], who: str, input: Tensor, dim: Any, to: Any) -> Tensor:
    x = tensor_of(who, "input", input)
    if dim is None:
        # PyTorch guesses a dimension and warns that it should not.
        dim = 0 if x._array.ndim in (0, 1, 3) else 1
    if to is not None:
        x = args.as_dtype(x, to.numpy)
    if x._array.dtype.kind != "f":
        raise NotImplementedError(
            f'"{who}" not implemented for {x.dtype}; convert with .float() first'
        )
    axis = wrap_dim(dim, x._array.ndim)
    if x._array.ndim == 0:
        return function.apply(x.reshape(1), dim=0).reshape(())
    return function.apply(x, dim=axis)


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """``exp(input) / sum(exp(input))`` along `dim`, without overflow: positive, adding up to 1.

    >>> import minitorch
    >>> softmax(minitorch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _along(Softmax, "softmax", input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """The logarithm of `softmax`, without losing precision."""
    return _along(LogSoftmax, "log_softmax", input, dim, dtype)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zeroed with probability `p`, the others scaled by ``1 / (1 - p)``.

    The mask is drawn from the default generator as PyTorch draws it: same seed, same mask.

    Raises:
        ValueError: for a probability outside 0..1.
    """
    x = tensor_of("dropout", "input", input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or x._array.size == 0:
        return x
    noise = np.zeros_like(x._array)
    if p < 1:
        random.fill(noise, random.default.bernoulli(noise.size, 1 - p, noise.dtype))
        noise /= noise.dtype.type(1 - p)
    mask = x._wrap(noise)
    return assign(x, lambda: x * mask) if inplace else x * mask
