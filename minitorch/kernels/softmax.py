"""Exponentials that add up to 1 along an axis, their logarithms, and the gradient."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minitorch.kernels.bfloat16 import BFLOAT16, native, rounded
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.sums import add_up, ones

Array = np.ndarray[Any, np.dtype[Any]]

FEW = 512  # elements, of which the largest are found at once
# Up to here, exp does not overflow in a sum; down to its negative, nor underflow in a quotient.
# Farther out the largest is subtracted first, and to find it takes longer than all the rest.
BOUNDS = {np.dtype(np.float32): 40.0, np.dtype(np.float64): 300.0}
# Of quotients between these, whose terms are all between them, none underflows.
LEAST = {np.dtype(np.float32): 1e-18, np.dtype(np.float64): 1e-150}
MOST = {np.dtype(np.float32): 1e18, np.dtype(np.float64): 1e150}


def _moderate(x: Array) -> bool:
    """Whether exp(x) does not overflow, and x is so large that this is worth asking."""
    return x.size > FEW and x.dtype in BOUNDS and bool(x.max() < BOUNDS[x.dtype])


@or_compiled
def softmax(x: Array, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along `axis`."""
    moderate = _moderate(x)
    e = np.exp(x if moderate or not x.size else x - x.max(axis, keepdims=True))
    total = add_up(e, (axis,), keepdim=True)
    if moderate and not total.min() > LEAST[x.dtype]:  # some are all far below 0, or masked
        e = np.exp(x - x.max(axis, keepdims=True))
        total = add_up(e, (axis,), keepdim=True)
    e /= total
    return e


@or_compiled
def softmax_back(grad: Array, y: Array, axis: int) -> Array:
    """The gradient in `softmax`'s x, given its y: (grad - sum(grad * y)) * y."""
    grad_x = grad * y
    total = add_up(grad_x, (axis,), keepdim=True)
    np.subtract(grad, total, out=grad_x)
    grad_x *= y
    return grad_x


@or_compiled
def log_softmax(x: Array, axis: int) -> Array:
    """x - log(sum(exp(x))) along `axis`."""
    if _moderate(x) and x.min() > -BOUNDS[x.dtype]:
        e = np.exp(x)
        e /= add_up(e, (axis,), keepdim=True)
        return np.log(e, out=e)  # more precise than x less the logarithm
    shifted = x - x.max(axis, keepdims=True) if x.size else x
    return shifted - np.log(add_up(np.exp(shifted), (axis,), keepdim=True))


def log_softmax_of_halves(x: Array, half: np.dtype[Any]) -> Array:
    """x - log(sum(exp(x))) along the last axis, the sum and its logarithm rounded as by PyTorch.

    Args:
        x: numbers that `half` holds, in any dtype.
        half: float16 or bfloat16.
    """

    def halved(y: Array) -> Array:
        return native(rounded(y)) if half == BFLOAT16 else y.astype(half).astype(np.float32)

    wide = x.astype(np.float32)
    largest = wide.max(-1, keepdims=True) if x.size else wide
    total = halved(np.exp(wide - largest).sum(-1, keepdims=True)) if x.size else wide
    return (wide - largest - halved(np.log(total))).astype(x.dtype)


@or_compiled
def log_softmax_back(grad: Array, y: Array, axis: int) -> Array:
    """The gradient in `log_softmax`'s x, given its y: grad - exp(y) * sum(grad)."""
    grad_x = np.exp(y)
    grad_x *= add_up(grad, (axis,), keepdim=True)
    return np.subtract(grad, grad_x, out=grad_x)


@functools.lru_cache(maxsize=64)
def _starts(rows: int, columns: int) -> Array:
    """Where each row of a matrix begins. (Not to be written into.)"""
    return np.arange(0, rows * columns, columns)


@or_compiled
def cross_entropy(x: Array, target: Array) -> tuple[Array, Array, Array]:
    """-log(softmax(x)[n, target[n]]); softmax(x); and where in it, flat, the targets are.

    Shape: x (N, C) and target (N) in 0..C-1; gives (N), (N, C), (N).
    """
    N, C = x.shape
    at = _starts(N, C) + target
    if x.dtype in LEAST and x.size:
        e = np.exp(x, order="C")
        total = e.dot(ones(C, x.dtype))
        own = e.take(at)
        # To find the largest number of each row, and to subtract it, takes longer than all this.
        if own.min() > LEAST[x.dtype] and total.max() < MOST[x.dtype]:
            own /= total
            e /= total[:, None]
            losses = np.log(own, out=own)
            return np.negative(losses, out=losses), e, at
    y = log_softmax(x, 1)
    return -y.take(at), np.exp(y, order="C"), at


def cross_entropy_back(grad: Array, y: Array, at: Array) -> Array:
    """The gradient in x of `cross_entropy`, which gave y and `at`: (y - one_hot) * grad.

    Shape: grad () or (N).
    """
    grad_x = np.multiply(y, grad[:, None] if grad.ndim else grad, order="C")
    grad_x.reshape(-1)[at] -= grad
    return grad_x
