"""Losses of probabilities: binary cross entropy, with and without logits, and the KL divergence."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops.losses.classification import reduced, reduction_of
from minitorch.ops.math.bivariate import xlogy
from minitorch.ops.nn.activation import floats, logsigmoid
from minitorch.ops.support.operands import (
    as_dtype,
    broadcast_shape,
    caller_stacklevel,
    require_tensor,
    set_grad_fn_name,
)

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]


def _check_weight(who: str, x: Tensor, weight: Tensor | None) -> None:
    """Refuse a weight that does not broadcast to x's shape."""
    if weight is None:
        return
    shape, weights = x._array.shape, weight._array.shape
    wide = broadcast_shape(who, shape, weights)
    if wide != shape:
        raise RuntimeError(
            f"{who}: output with shape {list(shape)} doesn't match the broadcast shape {list(wide)}"
        )


class BinaryCrossEntropy(Function):
    """z = -(y * log(x) + (1 - y) * log(1 - x)), with logarithms held to -100."""

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        low = x.dtype.type(-100)
        hit, miss = np.maximum(np.log(x), low), np.maximum(np.log1p(-x), low)
        return (y - x.dtype.type(1)) * miss - y * hit

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        grad_x = grad_y = None
        if self.needs(0):
            grad_x = grad * ((x - y) / ((1 - x) * x).clamp(min=1e-12))
        if self.needs(1):
            grad_y = grad * ((1 - x).log() - x.log())
        return grad_x, grad_y


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(target * log(input) + (1 - target) * log(1 - input))``, the logarithms held to -100.

    Args:
        weight: a factor for each element; broadcast to target's shape.

    Shape: input and target the same.

    Raises:
        RuntimeError: for an input outside 0..1, or a target of another dtype.
        ValueError: for shapes that differ.
        NotImplementedError: for integers.
    """
    who = "binary_cross_entropy"
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = require_tensor(who, "input", input), require_tensor(who, "target", target)
    if x._array.shape != y._array.shape:
        raise ValueError(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}) is "
            "deprecated. Please ensure they have the same size."
        )
    _check_weight(who, x, weight)
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(f"{who}: Found dtype {y.dtype} but expected {x.dtype} as the input is")
    floats(who, x)
    for name, array in (("input", x._array), ("target", y._array)):
        if not ((array >= 0) & (array <= 1)).all():
            raise RuntimeError(f"{who}: all elements of {name} should be between 0 and 1")
    losses = BinaryCrossEntropy.apply(x, y)
    losses = losses if weight is None else losses * weight
    return set_grad_fn_name("BinaryCrossEntropyBackward0", reduced(losses, reduction))


class BinaryCrossEntropyWithLogits(Function):
    """z = log(1 + exp(x)) - x * y: the same for x = sigmoid's argument, without overflow."""

    def forward(self, x: Array, y: Array) -> Array:
        self.save(x, y)
        one, zero = x.dtype.type(1), x.dtype.type(0)
        return (one - y) * x - np.minimum(x, zero) + np.log1p(np.exp(-np.abs(x)))

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        return (
            grad * (x.sigmoid() - y) if self.needs(0) else None,
            -grad * x if self.needs(1) else None,
        )


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, without overflow or loss of precision.

    Args:
        weight: a factor for each element; broadcasts.
        pos_weight: a factor for the loss of positive targets; broadcasts.

    Shape: input and target the same.

    Raises:
        ValueError: for shapes that differ.
        RuntimeError: for an integer target.
        NotImplementedError: for an integer input.

    >>> import minitorch
    >>> x, y = minitorch.tensor([0.0, 100.0]), minitorch.tensor([1.0, 0.0])
    >>> binary_cross_entropy_with_logits(x, y, reduction="none")
    tensor([  0.6931, 100.0000])
    """
    who = "binary_cross_entropy_with_logits"
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = require_tensor(who, "input", input), require_tensor(who, "target", target)
    if x._array.shape != y._array.shape:
        raise ValueError(f"Target size ({y.shape}) must be the same as input size ({x.shape})")
    floats(who, x)
    if y._array.dtype.kind != "f":
        raise RuntimeError(
            f"{who}: result type Float can't be cast to the desired output type {y.dtype} of the "
            "target; convert it with .float()"
        )
    _check_weight(who, x, weight)
    _check_weight(who, x, pos_weight)
    if pos_weight is not None:
        losses = (1 - y) * x - (1 + (pos_weight - 1) * y) * logsigmoid(x)
    elif x._array.dtype == y._array.dtype:
        losses = BinaryCrossEntropyWithLogits.apply(x, y)
    else:
        losses = (1 - y) * x - logsigmoid(x)
    if weight is not None:
        losses = losses * weight
    # PyTorch computes in place of ``1 - target``, so in the target's dtype.
    loss = reduced(as_dtype(losses, y._array.dtype), reduction)
    return set_grad_fn_name("BinaryCrossEntropyWithLogitsBackward0", loss)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence of the log-probabilities `input` from `target`, pointwise.

    Args:
        reduction: 'batchmean' (the divergence itself), 'sum', 'mean' (over all elements) or 'none'.
        log_target: `target` too is of log-probabilities.

    Shape: two that broadcast.

    Raises:
        RuntimeError: for integers.
    """
    x, y = require_tensor("kl_div", "input", input), require_tensor("kl_div", "target", target)
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            stacklevel=caller_stacklevel(),
        )
    if by_batch:
        reduction = "sum"
    reduction = reduction_of(size_average, reduce, reduction)
    if x._array.dtype.kind != "f" or y._array.dtype.kind != "f":
        raise RuntimeError(
            f"kl_div: Integral inputs not supported, got {x.dtype} and {y.dtype}; convert with "
            ".float()"
        )
    losses = y.exp() * (y - x) if log_target else xlogy(y, y) - y * x
    loss = reduced(losses, reduction)
    return loss / x._array.shape[0] if by_batch and x._array.ndim else loss
