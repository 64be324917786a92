"""Dropout: elements or whole channels zeroed at random, the rest scaled up to keep the mean.

The masks are drawn from the default generator as PyTorch draws them: same seed, same mask.
Hinton et al., https://arxiv.org/abs/1207.0580.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from minitorch._dtypes import Array
from minitorch.kernels import random
from minitorch.ops.nn.activation import SELU_ALPHA, SELU_SCALE
from minitorch.ops.support.inplace import assign
from minitorch.ops.support.operands import caller_stacklevel, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _drawn(like: Array, p: float, whole_channels: bool) -> Array:
    """Ones, each with probability 1 - p, else zeros: an element or a channel (N, C, 1...) each."""
    shape, dtype = like.shape, like.dtype
    if whole_channels:
        if like.ndim < 2:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        shape = shape[:2] + (1,) * (like.ndim - 2)
    drawn = random.default.bernoulli(math.prod(shape), 1 - p, dtype)
    if whole_channels or like.flags.c_contiguous:
        return drawn.reshape(shape)
    kept = np.empty_like(like)
    random.fill(kept, drawn)
    return kept


def _dropout(
    who: str,
    input: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    channels: bool = False,
    alpha: bool = False,
) -> Tensor:
    """Dropout of elements or whole `channels`; with `alpha`, such that SELU's statistics stay."""
    x = require_tensor(who, "input", input)
    _check(p)
    if not training or p == 0 or x._array.size == 0:
        return x
    if p == 1:
        return assign(x, lambda: x * 0) if inplace else x * x.new_zeros(())
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {x.dtype}; "
            "convert with .float() first"
        )
    kept = _drawn(x._array, p, channels)
    scalar = kept.dtype.type
    if not alpha:
        kept /= scalar(1 - p)
        mask = x._wrap(kept)
        return assign(x, lambda: x * mask) if inplace else x * mask
    # What is dropped gets SELU's lowest value; then an affine map restores mean 0 and variance 1.
    low = SELU_ALPHA * SELU_SCALE
    scale = 1 / math.sqrt((low**2 * p + 1) * (1 - p))
    shift = x._wrap(
        ((kept - scalar(1)) * scalar(low * scale) + scalar(low * scale * p)).astype(kept.dtype)
    )
    mask = x._wrap((kept * scalar(scale)).astype(kept.dtype, copy=False))
    return assign(x, lambda: x * mask + shift) if inplace else x * mask + shift


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zeroed with probability `p`, the others scaled by ``1 / (1 - p)``.

    Raises:
        ValueError: for a probability outside 0..1.
    """
    return _dropout("dropout", input, p, training, inplace)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels zeroed with probability `p`, the others scaled by ``1 / (1 - p)``.

    Shape: ``(N, C, L)`` or ``(C, L)``.

    Raises:
        RuntimeError: for another number of dimensions.
        ValueError: for a probability outside 0..1.
    """
    x = require_tensor("dropout1d", "input", input)
    _check(p)
    ndim = x._array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input.")
    return _batched("dropout1d", x, p, training, inplace, ndim == 3)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels zeroed with probability `p`, the others scaled by ``1 / (1 - p)``.

    Shape: ``(N, C, H, W)``. As in PyTorch, another number of dimensions gets a warning, and three
    are taken for ``(N, C, L)``.

    Raises:
        ValueError: for a probability outside 0..1.
    """
    x = require_tensor("dropout2d", "input", input)
    _check(p)
    ndim = x._array.ndim
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input and assuming that channel-wise 1D dropout behavior is "
            "desired: it is taken for (N, C, L). Use dropout1d for that.",
            stacklevel=caller_stacklevel(),
        )
    elif ndim != 4:
        _warn_dims("dropout2d", ndim, "3D or 4D")
    return _dropout("dropout2d", x, p, training, inplace, channels=True)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels zeroed with probability `p`, the others scaled by ``1 / (1 - p)``.

    Shape: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.

    Raises:
        ValueError: for a probability outside 0..1.
    """
    x = require_tensor("dropout3d", "input", input)
    _check(p)
    ndim = x._array.ndim
    if ndim not in (4, 5):
        _warn_dims("dropout3d", ndim, "4D or 5D")
    return _batched("dropout3d", x, p, training, inplace, ndim == 5)


def _warn_dims(who: str, ndim: int, expected: str) -> None:
    warnings.warn(
        f"{who}: Received a {ndim}-D input to {who}, which is deprecated and will result in an "
        f"error in a future release; expected {expected}. Use dropout instead.",
        stacklevel=caller_stacklevel(),
    )


def _batched(who: str, x: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    """Channel dropout of an input whose first dimension may be missing."""
    y = _dropout(who, x if batched else x.unsqueeze(0), p, training, inplace, True)
    return x if inplace else y if batched else y.squeeze(0)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout for SELU networks: keeps mean 0 and variance 1.

    Klambauer et al., https://arxiv.org/abs/1706.02515.

    Raises:
        ValueError: for a probability outside 0..1.
    """
    return _dropout("alpha_dropout", input, p, training, inplace, alpha=True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels.

    Shape: ``(N, C, *)``.

    Raises:
        ValueError: for a probability outside 0..1.
        RuntimeError: for less than two dimensions.
    """
    return _dropout("feature_alpha_dropout", input, p, training, inplace, True, alpha=True)
