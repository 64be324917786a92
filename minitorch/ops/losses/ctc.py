"""Connectionist temporal classification: the likelihood of a label sequence, however aligned.

Graves, Fernandez, Gomez, Schmidhuber, Connectionist Temporal Classification (2006), section 4.1:
the forward variables alpha, in logarithms, as operations on tensors. So its gradients of every
order are those of what it does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.ops.losses.classification import reduced, reduction_of
from minitorch.ops.math.select import where
from minitorch.ops.nn.activation import floats
from minitorch.ops.shape.index import Take
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import is_half, is_tensor, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-probability of `targets`, summed over all alignments with the inputs.

    The gradient in `log_probs` is the true one, minus the posterior of each label. (PyTorch's takes
    for granted that log_probs come from a log_softmax, and agrees with ours before that.)

    Args:
        input_lengths, target_lengths: how much of each sample counts; tensors or sequences of ints.
        blank: the label that stands for none.
        reduction: 'mean' divides each loss by its target's length first.
        zero_infinity: count an impossible target (longer than its input) as 0, without gradient.

    Shape: log_probs ``(T, N, C)`` or ``(T, C)``; targets ``(N, S)`` or all of them one after the
    other; lengths ``(N)`` or ``()``.

    Raises:
        RuntimeError: for lengths, targets or a blank that do not fit.
        NotImplementedError: for float16 and integers.

    >>> import minitorch
    >>> even = minitorch.zeros(2, 1, 2) - minitorch.tensor(2.0).log()
    >>> ctc_loss(even, minitorch.tensor([[1]]), [2], [1]).exp()  # 3 of 4 alignments: 1 / 0.75
    tensor(1.3333)
    """
    reduction = reduction_of(None, None, reduction)
    x = floats("ctc_loss", log_probs, "log_probs")
    if is_half(x):
        raise NotImplementedError(
            f'"ctc_loss" not implemented for {x.dtype}; convert with .float()'
        )
    if x._array.ndim not in (2, 3):
        raise RuntimeError(f"ctc_loss: log_probs must be 2D or 3D, got {x._array.ndim}D")
    single = x._array.ndim == 2
    if single:
        x = x.unsqueeze(1)
    T, N, C = x._array.shape
    if not x._array.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if not 0 <= blank < C:
        raise RuntimeError(f"blank must be in label range, 0..{C - 1}, got {blank}")
    durations = _lengths("input_lengths", input_lengths, N, T)
    sizes = _lengths("target_lengths", target_lengths, N, None)
    labels = _padded(require_tensor("ctc_loss", "targets", targets)._array, sizes, C)

    losses = _losses(x, labels, durations, sizes, blank, zero_infinity)
    if reduction == "mean":
        losses = losses / x._wrap(np.maximum(sizes, 1).astype(x._array.dtype))
    return reduced(losses.squeeze(0) if single else losses, reduction)


def _lengths(name: str, lengths: Any, N: int, most: int | None) -> Array:
    array = lengths._array if is_tensor(lengths) else np.asarray(lengths, np.int64)
    if array.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral, got {array.dtype}")
    if array.size != N:
        raise RuntimeError(f"{name} must be of size batch_size, {N}, got {array.size}")
    if (array < 0).any():
        raise RuntimeError(f"Expected {name} to have value at least 0, but got {array.min()}")
    if most is not None and (array > most).any():
        raise RuntimeError(
            f"Expected {name} to have value at most {most}, but got value {array.max()}"
        )
    return array.reshape(N).astype(np.int64)


def _padded(targets: Array, sizes: Array, C: int) -> Array:
    """The labels as (N, S), zeros after each target's end."""
    N, S = len(sizes), int(sizes.max(initial=0))
    within = np.arange(S) < sizes[:, None]
    labels = np.zeros((N, S), np.int64)
    if targets.ndim == 1:
        if targets.size != sizes.sum():
            raise RuntimeError(
                f"ctc_loss: expected targets of the lengths' sum {sizes.sum()}, got {targets.size}"
            )
        labels[within] = targets
    else:
        if targets.ndim != 2 or len(targets) != N or targets.shape[1] < S:
            raise RuntimeError(
                f"ctc_loss: expected targets of ({N}, at least {S}), got {list(targets.shape)}"
            )
        labels[within] = targets[:, :S][within]
    wrong = labels[(labels < 0) | (labels >= C)]
    if wrong.size:
        raise RuntimeError(f"ctc_loss: target {wrong[0]} is out of range, expected 0..{C - 1}")
    return labels


def _losses(
    x: Tensor, labels: Array, durations: Array, sizes: Array, blank: int, zero_infinity: bool
) -> Tensor:
    """Each sample's loss, from the (T, N, C) log-probabilities and the (N, S) labels."""
    N, S = labels.shape
    T = int(durations.max())
    states = np.full((N, 2 * S + 1), blank)  # a blank before, between and after the labels
    states[:, 1::2] = labels
    # A label may follow the one before without a blank between, unless the two are the same.
    skips = np.zeros(states.shape, bool)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    skips &= states != blank

    held = x._wrap
    sample, place = np.arange(N), np.arange(2 * S + 1)
    times = np.arange(max(T, 1))[:, None, None]  # (T, 1, 1)
    seen = Take.apply(x, times, sample[None, :, None], states[None])  # (T, N, states)
    nothing = held(np.full((N, 2), -math.inf, x._array.dtype))
    empty = held(np.where(place == 0, 0.0, -math.inf).astype(x._array.dtype))  # of no input at all
    alpha = where(held((durations > 0)[:, None]), seen[0], empty)  # (N, states)
    alpha = where(held(np.broadcast_to(place < 2, states.shape)), alpha, -math.inf)
    for t in range(1, T):
        before = cat([nothing, alpha], 1)  # (N, 2 + states)
        step = before.narrow(1, 1, 2 * S + 1)
        skip = where(held(skips), before.narrow(1, 0, 2 * S + 1), -math.inf)
        total, top = _total(alpha, step, skip)
        reached = total != 0
        log = where(reached, where(reached, total, 1.0).log() + top, -math.inf)
        alpha = where(held((t < durations)[:, None]), log + seen[t], alpha)

    last = Take.apply(alpha, sample, 2 * sizes)  # (N)
    label = Take.apply(alpha, sample, np.maximum(2 * sizes - 1, 0))
    total, top = _total(last, where(held(sizes > 0), label, -math.inf))
    if not zero_infinity:
        return -(total.log() + top)
    possible = total != 0
    return where(possible, -(where(possible, total, 1.0).log() + top), 0.0)


def _total(*terms: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the terms' exponentials, each divided by e ** top, and the top (a constant)."""
    top = np.maximum.reduce([term._array for term in terms])
    top = terms[0]._wrap(np.where(np.isneginf(top), top.dtype.type(0), top))
    total = (terms[0] - top).exp()
    for term in terms[1:]:
        total = total + (term - top).exp()
    return total, top
