"""Activations and their gradients, each a formula for one number."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.compiled import Array, loop, pointwise, served
from minitorch.kernels.compiled.elementary import exp, log1p, number, sigmoid


@partial(pointwise, exactly=True)
def _tanh_back(grad: Any, y: Any) -> Any:
    return grad * (number(1, y) - y * y)


def tanh_back(grad: Array, y: Array) -> Any:
    return _tanh_back(grad, y)


@partial(pointwise, exactly=True)
def _sigmoid_back(grad: Any, y: Any) -> Any:
    return grad * ((number(1, y) - y) * y)


def sigmoid_back(grad: Array, y: Array) -> Any:
    return _sigmoid_back(grad, y)


@pointwise
def _silu(x: Any) -> Any:
    return x / (number(1, x) + exp(-x))


def silu(x: Array) -> Any:
    return _silu(x)


@pointwise
def _silu_back(grad: Any, x: Any) -> Any:
    one = number(1, x)
    s = one / (one + exp(-x))
    return grad * ((x * (one - s) + one) * s)


def silu_back(grad: Array, x: Array) -> Any:
    return _silu_back(grad, x)


@loop
def _hardsigmoid(x: Array, y: Array, inside: Array) -> None:
    for i in range(x.size):
        zero, six = number(0, x[i]), number(6, x[i])
        u = x[i] + number(3, x[i])
        u = zero if u < zero else u
        y[i] = (six if u > six else u) / six
        inside[i] = abs(x[i]) < 3


def hardsigmoid(x: Array) -> Any:
    return (
        tuple(by_blocks(_hardsigmoid, (x,), (x.dtype, np.bool_))) if served(x) else NotImplemented
    )


@pointwise
def _hardswish(x: Any) -> Any:
    zero, six = number(0, x), number(6, x)
    u = x + number(3, x)
    u = zero if u < zero else u
    u = six if u > six else u
    return x * u / six


def hardswish(x: Array) -> Any:
    return _hardswish(x)


@pointwise
def _hardswish_back(grad: Any, x: Any) -> Any:
    three = number(3, x)
    bent = grad * (x / three + number(0.5, x))
    bent = bent if x < three else grad  # and at NaN
    return number(0, x) if x <= -three else bent


def hardswish_back(grad: Array, x: Array) -> Any:
    return _hardswish_back(grad, x)


@loop
def _softplus(beta: Any, threshold: Any, x: Array, y: Array) -> None:
    for i in range(x.size):
        straight = x[i]
        z = beta * straight
        bent = ((number(0, z) if z < 0 else z) + log1p(exp(-abs(z)))) / beta
        y[i] = straight if z > threshold else bent


def softplus(x: Array, beta: float, threshold: float) -> Any:
    if not served(x):
        return NotImplemented
    scalar = x.dtype.type
    (y,) = by_blocks(partial(_softplus, scalar(beta), scalar(threshold)), (x,), 1)
    return y


@loop
def _softplus_back(beta: Any, threshold: Any, grad: Array, x: Array, out: Array) -> None:
    for i in range(x.size):
        z, straight = beta * x[i], grad[i]
        bent = straight * sigmoid(z)
        out[i] = straight if z > threshold else bent


def softplus_back(grad: Array, x: Array, beta: float, threshold: float) -> Any:
    if not served(grad, x):
        return NotImplemented
    scalar = x.dtype.type
    (out,) = by_blocks(partial(_softplus_back, scalar(beta), scalar(threshold)), (grad, x), 1)
    return out


@loop
def _leaky_relu(slope: Any, x: Array, y: Array, positive: Array) -> None:
    for i in range(x.size):
        y[i] = x[i] if x[i] > 0 else slope * x[i]
        positive[i] = x[i] > 0


def leaky_relu(x: Array, slope: float) -> Any:
    if not served(x):
        return NotImplemented
    return tuple(by_blocks(partial(_leaky_relu, x.dtype.type(slope)), (x,), (x.dtype, np.bool_)))


@loop
def _leaky_relu_back(slope: Any, grad: Array, positive: Array, out: Array) -> None:
    for i in range(grad.size):
        low = slope * grad[i]
        out[i] = grad[i] if positive[i] else low


def leaky_relu_back(grad: Array, positive: Array, slope: float) -> Any:
    if not served(grad):
        return NotImplemented
    (out,) = by_blocks(partial(_leaky_relu_back, grad.dtype.type(slope)), (grad, positive), 1)
    return out
