"""Activations and their gradients, in as few steps of NumPy as will do, block by block.

A step's result goes into memory that is there already. (``out=`` is the last argument of a ufunc:
by position it takes less time.) Gradients are given the activation's input x, or its output y.
Sigmoid, GELU and the error function are in `special`, ReLU in `mask`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.mask import choose, clip, keep

Array = np.ndarray[Any, np.dtype[Any]]


def _tanh_back(grad: Array, y: Array, out: Array) -> None:
    np.multiply(y, y, out)
    np.subtract(1, out, out)
    np.multiply(grad, out, out)


@or_compiled
def tanh_back(grad: Array, y: Array) -> Array:
    """grad * (1 - y * y)."""
    (out,) = by_blocks(_tanh_back, (grad, y), 1)
    return out


def _sigmoid_back(grad: Array, y: Array, out: Array) -> None:
    np.subtract(1, y, out)
    np.multiply(out, y, out)
    np.multiply(grad, out, out)


@or_compiled
def sigmoid_back(grad: Array, y: Array) -> Array:
    """grad * (1 - y) * y."""
    (out,) = by_blocks(_sigmoid_back, (grad, y), 1)
    return out


def _silu(x: Array, y: Array) -> None:
    np.negative(x, y)
    np.exp(y, y)
    np.add(y, 1, y)
    np.divide(x, y, y)


@or_compiled
def silu(x: Array) -> Array:
    """x * sigmoid(x)."""
    (y,) = by_blocks(_silu, (x,), 1)
    return y


def _silu_back(grad: Array, x: Array, out: Array) -> None:
    s = np.negative(x)
    np.exp(s, s)
    np.add(s, 1, s)
    np.divide(1, s, s)
    np.subtract(1, s, out)
    np.multiply(out, x, out)
    np.add(out, 1, out)
    np.multiply(out, s, out)
    np.multiply(grad, out, out)


@or_compiled
def silu_back(grad: Array, x: Array) -> Array:
    """grad * s * (1 + x * (1 - s)), where s = sigmoid(x)."""
    (out,) = by_blocks(_silu_back, (grad, x), 1)
    return out


def _softplus(beta: float, threshold: float, x: Array, y: Array) -> None:
    scalar = x.dtype.type
    z = x if beta == 1 else x * scalar(beta)
    np.abs(z, y)
    np.negative(y, y)
    np.exp(y, y)
    np.log1p(y, y)
    np.add(y, clip(z, scalar(0), scalar(np.inf)), y)
    if beta != 1:
        np.divide(y, scalar(beta), y)
    straight = z > threshold
    if straight.any():
        y[...] = choose(straight, x, y)


@or_compiled
def softplus(x: Array, beta: float, threshold: float) -> Array:
    """log(1 + e ** (beta * x)) / beta; x itself where beta * x > threshold."""
    (y,) = by_blocks(partial(_softplus, beta, threshold), (x,), 1)
    return y


def _softplus_back(beta: float, threshold: float, grad: Array, x: Array, out: Array) -> None:
    z = x if beta == 1 else x * x.dtype.type(beta)
    np.negative(z, out)
    np.exp(out, out)
    np.add(out, 1, out)
    np.divide(grad, out, out)
    straight = z > threshold
    if straight.any():
        out[...] = choose(straight, grad, out)


@or_compiled
def softplus_back(grad: Array, x: Array, beta: float, threshold: float) -> Array:
    """grad * sigmoid(beta * x); grad itself where beta * x > threshold."""
    (out,) = by_blocks(partial(_softplus_back, beta, threshold), (grad, x), 1)
    return out


def _leaky_relu(slope: float, x: Array, y: Array, positive: Array) -> None:
    np.greater(x, 0, positive)
    np.multiply(x, x.dtype.type(slope), y)
    if 0 < slope <= 1:  # the same, ten times as quick as a choice
        np.maximum(x, y, out=y)
    else:
        y[...] = choose(positive, x, y)


@or_compiled
def leaky_relu(x: Array, slope: float) -> tuple[Array, Array]:
    """x where x > 0, else slope * x; and where x > 0, as bools."""
    y, positive = by_blocks(partial(_leaky_relu, slope), (x,), (x.dtype, np.bool_))
    return y, positive


def _leaky_relu_back(slope: float, grad: Array, positive: Array, out: Array) -> None:
    scalar = grad.dtype.type
    if 0 <= slope <= 1:  # the larger of 1 or 0 and the slope
        np.copyto(out, positive)
        clip(out, scalar(slope), scalar(1), out)
    else:
        out[...] = choose(positive, np.asarray(scalar(1)), np.asarray(scalar(slope)))
    np.multiply(grad, out, out)


@or_compiled
def leaky_relu_back(grad: Array, positive: Array, slope: float) -> Array:
    """grad where `positive`, else slope * grad."""
    (out,) = by_blocks(partial(_leaky_relu_back, slope), (grad, positive), 1)
    return out


def _hardsigmoid(x: Array, y: Array, inside: Array) -> None:
    scalar = x.dtype.type
    np.abs(x, y)
    np.less(y, 3, inside)
    np.add(x, 3, y)
    clip(y, scalar(0), scalar(6), y)
    np.divide(y, 6, y)


@or_compiled
def hardsigmoid(x: Array) -> tuple[Array, Array]:
    """x / 6 + 1 / 2 held between 0 and 1; and where it is strictly between, as bools."""
    y, inside = by_blocks(_hardsigmoid, (x,), (x.dtype, np.bool_))
    return y, inside


def _hardswish(x: Array, y: Array) -> None:
    scalar = x.dtype.type
    np.add(x, 3, y)
    clip(y, scalar(0), scalar(6), y)
    np.multiply(x, y, y)
    np.divide(y, 6, y)


@or_compiled
def hardswish(x: Array) -> Array:
    """x * hardsigmoid(x)."""
    (y,) = by_blocks(_hardswish, (x,), 1)
    return y


def _hardswish_back(grad: Array, x: Array, out: Array) -> None:
    # x / 3 held between -1 and 1 is whole just where the curve ends; half of that is what the slope
    # x / 3 + 1 / 2 jumps by.
    scalar = x.dtype.type
    clip(x, scalar(-3), scalar(3), out)
    np.divide(out, 3, out)
    end = np.trunc(out)
    np.multiply(end, 0.5, end)
    np.subtract(out, end, out)
    np.add(out, 0.5, out)
    np.multiply(grad, out, out)
    if not np.isfinite(out).all():  # 0 up to -3 even where grad is infinite, and 1 where x is NaN
        out[...] = keep(choose(np.isnan(x), grad, out), ~(x <= -3))


@or_compiled
def hardswish_back(grad: Array, x: Array) -> Array:
    """grad times the slope of `hardswish`: 0 up to -3, 1 from 3 on (and at NaN)."""
    (out,) = by_blocks(_hardswish_back, (grad, x), 1)
    return out
