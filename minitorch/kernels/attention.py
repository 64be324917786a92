"""Attention's products and weights, and their gradients."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minitorch.kernels.choice import or_compiled
from minitorch.kernels.softmax import BOUNDS
from minitorch.kernels.sums import add_up

Array = np.ndarray[Any, np.dtype[Any]]


@functools.lru_cache(maxsize=16)
def causal(L: int, S: int) -> Array:
    """Where query i may attend to key j: up to its own place."""
    mask = np.tri(L, S, dtype=bool)
    mask.flags.writeable = False
    return mask


def weigh(q: Array, k: Array, mask: Array | None, scale: float) -> Array:
    """softmax(scale * q @ k.T + mask) over the keys; 0 for a query that may attend to nothing.

    Args:
        mask: bool (True: may attend) or floats that are added.

    Shape: q (..., L, E), k (..., S, E), mask broadcasts with the result's (..., L, S).
    """
    return shares(np.matmul(q, k.swapaxes(-2, -1)), mask, scale)


@or_compiled
def shares(scores: Array, mask: Array | None, scale: float) -> Array:
    """softmax(scale * scores + mask) over the keys, as `weigh`; `scores` may be overwritten."""
    scalar = scores.dtype.type
    scores *= scalar(scale)
    kept, added = mask, None  # what may be attended to, and numbers to add there
    if mask is not None and mask.dtype != np.bool_:
        kept = mask != -np.inf
        if kept.all():
            kept, added = None, mask
        else:
            added = np.where(kept, mask, scalar(0))
    if added is not None and added.any():
        scores = scores + added
    bound = BOUNDS[scores.dtype] / 2  # within it, nothing need be subtracted: see `softmax`
    if scores.size and scores.max() < bound and scores.min() > -bound:
        weights = np.exp(scores, out=scores)
        if kept is not None:
            weights = weights * kept.astype(scores.dtype)
    else:
        if kept is not None:
            scores = np.where(kept, scores, scalar(-np.inf))
        best = scores.max(-1, keepdims=True)
        best[best == -np.inf] = 0
        scores -= best
        weights = np.exp(scores, out=scores)
    total = add_up(weights, (weights.ndim - 1,), keepdim=True)
    total[total == 0] = 1
    weights /= total
    return weights


@or_compiled
def weigh_back(grad: Array, weights: Array) -> Array:
    """The gradient in the scores, given that in the weights, which is overwritten."""
    grad -= np.einsum("...s,...s->...", grad, weights)[..., np.newaxis]  # the sums: (..., L, 1)
    grad *= weights
    return grad


def product(x: Array, y: Array, like: Array) -> Array:
    """x @ y, where heads and places (dims 1 and 2 of four) lie in memory as those of `like` do.

    Each is then one row of heads, as the layers before and after need it, and no copy is made.
    """
    if not (x.ndim == y.ndim == like.ndim == 4 and like.strides[1] < like.strides[2]):
        return np.matmul(x, y)
    N, H = np.broadcast_shapes(x.shape[:2], y.shape[:2])
    L, E = x.shape[2], y.shape[3]
    out = np.empty((N, L, H, E), x.dtype).transpose(0, 2, 1, 3)  # (N, H, L, E)
    return np.matmul(x, y, out=out)
