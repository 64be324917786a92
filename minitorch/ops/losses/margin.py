"""Losses with a margin: they ask for a gap, and give nothing more once it is there."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from minitorch.ops.losses.classification import reduced, reduction_of
from minitorch.ops.math.select import where
from minitorch.ops.nn.activation import Softplus, floats, logsigmoid
from minitorch.ops.nn.distance import pairwise_distance
from minitorch.ops.shape.index import Take
from minitorch.ops.support.operands import broadcast_shape, require_tensor, set_grad_fn_name

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target * (input1 - input2) + margin)``: 1 ranks `input1` higher, -1 `input2`.

    Shape: three of as many dimensions that broadcast.

    Raises:
        RuntimeError: if the numbers of dimensions differ.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape}"
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input` where the target is 1, ``max(0, margin - input)`` where it is -1.

    As in PyTorch, any other target gets both.

    Shape: two that broadcast.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    apart = (margin - input).clamp(min=0)
    losses = where(target != 1, apart, 0) + where(target != -1, input, 0)
    return reduced(losses.to(input.dtype), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))``, without overflow; targets are 1 or -1.

    Shape: two that broadcast.

    Raises:
        RuntimeError: for integers.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    x = require_tensor("soft_margin_loss", "input", input)
    y = require_tensor("soft_margin_loss", "target", target)
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"soft_margin_loss: expected floats, got {x.dtype}; convert with .float()"
        )
    shape = broadcast_shape("soft_margin_loss", x._array.shape, y._array.shape)
    if shape != x._array.shape:
        raise RuntimeError(
            f"soft_margin_loss: output with shape {list(x.shape)} doesn't match the broadcast "
            f"shape {list(shape)}: the target has {list(y.shape)}"
        )
    loss = reduced(Softplus.apply(-y * x, beta=1.0, threshold=math.inf), reduction)
    return set_grad_fn_name("SoftMarginLossBackward0", loss)


def _rows(who: str, x: Tensor) -> tuple[int, int]:
    """Count the samples and classes of `x`: (N, C), or one sample."""
    shape = x._array.shape
    if len(shape) > 2 or (shape and shape[-1] == 0):
        raise RuntimeError(
            f"{who}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(shape)}"
        )
    return (shape[0] if len(shape) == 2 else 1), (shape[-1] if shape else 1)


def _long(who: str, target: Tensor) -> Tensor:
    if target._array.dtype != np.int64:
        raise RuntimeError(
            f"{who}: expected target of scalar type Long but found {target.dtype}; "
            "convert with .long()"
        )
    return target


def _above(gaps: Tensor) -> Tensor:
    """The gaps above 0. Unlike `relu`, 0 for NaN, as in PyTorch."""
    return where(gaps > 0, gaps, 0.0)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the other classes' ``max(0, margin - input[target] + input[other]) ** p``.

    (The sum over the other classes is divided by the number of all.)

    Shape: input ``(N, C)`` or ``(C)``, target ``(N)`` or ``()`` of int64, weight ``(C)``.

    Raises:
        RuntimeError: for targets out of range, or shapes and dtypes that do not fit.
        ValueError: for another `p` than 1 and 2.
        NotImplementedError: for integers.
    """
    who = "multi_margin_loss"
    reduction = reduction_of(size_average, reduce, reduction)
    x, t = require_tensor(who, "input", input), require_tensor(who, "target", target)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight._array.ndim != 1:
        raise ValueError(f"weight must be one-dimensional, got {weight._array.ndim}")
    N, C = _rows(who, x)
    if t._array.ndim > 1 or t._array.size != N:
        raise RuntimeError(
            f"{who}: target tensor should be 1-D with size equal to the number of input samples "
            f"(batch size). Expected target size [{N}], but got {list(t._array.shape)}. Input has "
            f"shape {list(x._array.shape)}."
        )
    if weight is not None and weight._array.shape != (C,):
        raise RuntimeError(
            f"{who}: inconsistent weight size, expected {C} but got {list(weight._array.shape)}"
        )
    floats(who, x)
    classes = _long(who, t).reshape(N)
    array = classes._array
    if weight is not None and weight._array.dtype != x._array.dtype:
        raise RuntimeError(f"{who}: expected weight of {x.dtype} but found {weight.dtype}")
    if ((array < 0) | (array >= C)).any():
        raise RuntimeError(f"{who}: target out of range, expected 0..{C - 1}")
    rows = x.reshape(N, C)
    own = Take.apply(rows, np.arange(N), classes).unsqueeze(1)  # (N, 1)
    others = x._wrap(np.arange(C) != array[:, None])  # (N, C)
    gaps = _above(where(others, margin - own + rows, 0.0))
    losses = gaps if p == 1 else gaps * gaps
    if weight is not None:
        losses = losses * weight[classes].unsqueeze(1)
    losses = losses.sum(1) / C
    return reduced(losses if t._array.ndim else losses.reshape(()), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum over targets and others of ``max(0, 1 - input[target] + input[other]) / C``.

    Shape: input and target ``(N, C)`` or ``(C)``; the targets of a sample are the indices (int64)
    before its first -1.

    Raises:
        RuntimeError: for targets out of range, or shapes and dtypes that do not fit.
        NotImplementedError: for integers.
    """
    who = "multilabel_margin_loss"
    reduction = reduction_of(size_average, reduce, reduction)
    x, t = require_tensor(who, "input", input), require_tensor(who, "target", target)
    N, C = _rows(who, x)
    if t._array.shape != x._array.shape:
        raise RuntimeError(
            f"{who}: inconsistent target size: {list(t._array.shape)} for input of size: "
            f"{list(x._array.shape)}"
        )
    if ((t._array < -1) | (t._array >= C)).any():
        raise RuntimeError(f"{who}: argument 'target' is out of range, expected -1..{C - 1}")
    classes = _long(who, t)._array.reshape(N, C)
    floats(who, x)
    wanted = np.logical_and.accumulate(classes >= 0, axis=1)
    sample, place = np.nonzero(wanted)
    chosen = classes[sample, place]
    other = np.ones((N, C), bool)
    other[sample, chosen] = False
    rows = x.reshape(N, C)
    own = Take.apply(rows, sample, chosen).unsqueeze(1)  # (targets, 1)
    rest = Take.apply(rows, sample)  # (targets, C)
    gaps = _above(where(x._wrap(other[sample]), 1 - own + rest, 0.0)).sum(1) / C
    losses = x.new_zeros(N).index_put((x._wrap(sample),), gaps, accumulate=True)
    return reduced(losses if x._array.ndim == 2 else losses.reshape(()), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of the binary cross entropy of each, with logits.

    Args:
        weight: a factor for each class.

    Shape: input and target ``(*, C)``; 'none' gives ``(*)``.

    Raises:
        IndexError: for 0-d tensors.
        ValueError: for another reduction.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    if not input._array.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    return reduced(losses.sum(-1) / input._array.shape[-1], reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Shape: inputs ``(N, D)`` and target ``(N)``, or ``(D)`` and ``()``.

    Raises:
        RuntimeError: for other numbers of dimensions.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    ndim = target.ndim
    if ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.ndim != ndim + 1 or input2.ndim != ndim + 1:
        raise RuntimeError(
            f"{ndim}D target tensor expects {ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1._array.shape)} and {list(input2._array.shape)}."
        )
    # PyTorch adds this to the squares, and so it is smooth at 0.
    eps = 1e-12
    squares = ((input1 * input1).sum(ndim) + eps) * ((input2 * input2).sum(ndim) + eps)
    cosine = (input1 * input2).sum(ndim) / squares.sqrt()
    apart = (cosine - margin).clamp(min=0)
    losses = where(target == 1, 1 - cosine, 0.0) + where(target == -1, apart, 0.0)
    return reduced(losses, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin + d(anchor, positive) - d(anchor, negative))`` for a p-norm's distance d.

    Args:
        swap: where the positive is nearer to the negative than the anchor is, take that distance
            (Balntas et al., Learning shallow convolutional feature descriptors with triplet losses,
            2016).

    Shape: three ``(N, D)`` or ``(D)``; 'none' gives ``(N)`` or ``()``.

    Raises:
        ValueError: for a margin that is not positive.
        RuntimeError: if the numbers of dimensions differ.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=functools.partial(pairwise_distance, p=p, eps=eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own (by default `pairwise_distance`)."""
    reduction = reduction_of(None, None, reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((margin + near - far).clamp(min=0), reduction)
