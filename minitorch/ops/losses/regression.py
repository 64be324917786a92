"""Losses of numbers: squared and absolute differences and what lies between, and likelihoods.

They broadcast as PyTorch's do, with its warning: shapes that differ are almost always a mistake,
as with (N, 1) against (N), which makes (N, N).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops.losses.classification import reduced, reduction_of
from minitorch.ops.math.select import where
from minitorch.ops.support.operands import (
    broadcast_shape,
    caller_stacklevel,
    is_tensor,
    promote_pair,
    require_tensor,
    set_grad_fn_name,
)

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


def _two(who: str, input: Any, target: Any, integers: bool = False) -> tuple[Tensor, Tensor]:
    """The two operands in their common dtype, with a warning if their shapes differ."""
    x, y = require_tensor(who, "input", input), require_tensor(who, "target", target)
    if x._array.shape != y._array.shape:
        warnings.warn(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}). "
            "This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=caller_stacklevel(),
        )
        broadcast_shape(who, x._array.shape, y._array.shape)
    x, y = promote_pair(who, x, y)
    if x._array.dtype.kind != "f" and not integers:
        raise NotImplementedError(f'"{who}" not implemented for {x.dtype}; convert with .float()')
    return x, y


def _weighed(losses: Tensor, weight: Any, x: Tensor, reduction: str) -> Tensor:
    """`reduced`; with a weight for each, the mean divides by their sum."""
    if weight is None:
        return reduced(losses, reduction)
    if not is_tensor(weight) or weight._array.shape != x._array.shape:
        raise ValueError("Weights and input must have the same size.")
    losses = losses * weight
    if reduction == "mean":
        return losses.sum() / weight.sum()
    return reduced(losses, reduction)


class MSELoss(Function):
    """loss = the sum of (x - y) ** 2, or their mean; x and y of one shape."""

    torch_name = "MseLossBackward0"

    def forward(self, x: Array, y: Array, *, mean: bool) -> Array:
        self.save(x, y)
        gap = x - y
        self.factor = 2 / max(x.size, 1) if mean else 2.0
        if self.edges:
            self.cache = gap
        total = np.add.reduce(gap * gap, axis=None)
        return np.asarray(np.divide(total, x.dtype.type(x.size)) if mean else total)

    def backward(self, grad: Tensor) -> Any:
        x, y = self.saved
        slope = (x - y) * (grad * self.factor)
        return slope, -slope if self.needs(1) else None

    def backward_kernel(self, grad: Array) -> Any:
        _ = self.saved  # refused if one was changed
        slope = self.cache * (grad * self.factor)
        return slope, -slope if self.needs(1) else None


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared difference, averaged, summed or as it is.

    Args:
        weight: a factor for each element, of input's shape; the mean divides by their sum.

    Shape: two that broadcast.

    >>> import minitorch
    >>> mse_loss(minitorch.tensor([1.0, 2.0]), minitorch.tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = _two("mse_loss", input, target, integers=weight is not None)
    plain = x._array.shape == y._array.shape and x._array.dtype.char in "fd"
    if plain and weight is None and reduction != "none":
        return MSELoss.apply(x, y, mean=reduction == "mean")
    loss = _weighed((x - y) ** 2, weight, x, reduction)
    return loss if weight is not None else set_grad_fn_name("MseLossBackward0", loss)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute difference, averaged, summed or as it is.

    Args:
        weight: a factor for each element, of input's shape; the mean divides by their sum.

    Shape: two that broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = _two("l1_loss", input, target, integers=True)
    return _weighed((x - y).abs(), weight, x, reduction)


def _blunted(x: Tensor, y: Tensor, edge: float) -> Tensor:
    """d * d / 2 up to d = |x - y| = `edge`, and from there on straight."""
    gap = x - y
    near = gap.abs() < edge
    held = where(near, gap, 0.0)  # no square that overflows, so no 0 * inf in backward
    return where(near, held * held * 0.5, (gap.abs() - edge / 2) * edge)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``d ** 2 / (2 * beta)`` where ``d = |input - target| < beta``, else ``d - beta / 2``.

    Shape: two that broadcast.

    Raises:
        RuntimeError: for a negative `beta`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x, y = _two("smooth_l1_loss", input, target, integers=beta == 0)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if not beta:
        return reduced((x - y).abs(), reduction)
    return set_grad_fn_name(
        "SmoothL1LossBackward0", reduced(_blunted(x, y, beta) / beta, reduction)
    )


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """``d ** 2 / 2`` where ``d = |input - target| <= delta``, else ``delta * (d - delta / 2)``.

    Args:
        weight: a factor for each element, of input's shape (the mean is over the elements).

    Shape: two that broadcast.

    Raises:
        RuntimeError: for a `delta` that is not positive.
    """
    reduction = reduction_of(None, None, reduction)
    x, y = _two("huber_loss", input, target)
    if not delta > 0:
        raise RuntimeError(
            f"huber_loss does not support non-positive values for delta, got {delta}"
        )
    losses = _blunted(x, y, delta)
    if weight is not None:
        if weight._array.shape != x._array.shape:
            raise ValueError("Weights and input must have the same size.")
        return reduced(losses * weight, reduction)
    return set_grad_fn_name("HuberLossBackward0", reduced(losses, reduction))


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of the counts `target` under Poisson rates, without log(target!).

    Args:
        log_input: `input` is the logarithm of the rate.
        full: add Stirling's approximation of log(target!), for targets above 1.
        eps: added to a rate before its logarithm is taken.

    Shape: two that broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    who = "poisson_nll_loss"
    x, y = require_tensor(who, "input", input), require_tensor(who, "target", target)
    losses = x.exp() - y * x if log_input else x - y * (x + eps).log()
    if full:
        large = y > 1
        safe = where(large, y, 2)
        stirling = y * safe.log() - y + 0.5 * (2 * math.pi * safe).log()
        losses = losses + where(large, stirling, 0.0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of `target` under normal distributions, without its constant.

    Args:
        var: the variances; below `eps` they count as it, and get no gradient from it being so.
        full: add the constant, ``log(2 * pi) / 2``.

    Shape: input and target broadcast; var as input, or 1 or left out in one dimension.

    Raises:
        ValueError: for a negative variance, one of a shape that does not fit, or the reduction.
    """
    who = "gaussian_nll_loss"
    x, y = require_tensor(who, "input", input), require_tensor(who, "target", target)
    if isinstance(var, float):
        v = x.new_full(x._array.shape, var) if x.is_floating_point() else x * 0 + float(var)
    else:
        v = require_tensor(who, "var", var)
    if v._array.dtype.kind != "f":
        raise RuntimeError(f"{who}: var must be of floats, got {v.dtype}; convert with .float()")
    if (v._array < 0).any():
        raise ValueError("var has negative entry/entries")
    shape, widths = x._array.shape, v._array.shape
    if widths != shape:
        if shape[:-1] == widths and shape:
            v = v.unsqueeze(-1)
        elif len(shape) != len(widths) or (
            sum(b for a, b in zip(shape, widths, strict=True) if a != b) != 1
        ):
            raise ValueError(f"var is of incorrect size: {list(widths)} for input of {list(shape)}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    # Held to eps in value but not in gradient, as PyTorch does.
    held = v + (v.detach().clamp(min=eps) - v.detach())
    losses = 0.5 * (held.log() + (x - y) ** 2 / held)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)
