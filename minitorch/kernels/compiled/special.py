"""Sigmoid, the error function and GELU."""

from __future__ import annotations

import math
from typing import Any

from minitorch.kernels.blocks import by_blocks
from minitorch.kernels.compiled import Array, elementary, loop, pointwise, served
from minitorch.kernels.compiled.elementary import exp, normal_tail, number

DENSITY = 1 / math.sqrt(2 * math.pi)  # of the normal distribution, at 0
TWICE, CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715  # of GELU's 2 u = TWICE * (x + CUBIC * x ** 3)


@pointwise
def _sigmoid(x: Any) -> Any:
    return elementary.sigmoid(x)


def sigmoid(x: Array) -> Any:
    return _sigmoid(x)


@loop
def _erf(x: Array, y: Array) -> None:
    for i in range(x.size):
        y[i] = elementary.erf(x[i])


def erf(x: Array) -> Any:
    return by_blocks(_erf, (x,), 1)[0] if served(x) else NotImplemented


@loop
def _gelu(x: Array, y: Array, slope: Array) -> None:
    for i in range(x.size):
        v = x[i]
        size, most = abs(v), number(1e6, v)
        tail = normal_tail(most if size > most else size)
        below = tail if v < 0 else number(1, v) - tail
        y[i] = v * below
        slope[i] = below + v * (number(DENSITY, v) * exp(number(-0.5, v) * v * v))


def gelu(x: Array, y: Array, slope: Array) -> Any:
    return _gelu(x, y, slope) if served(x) else NotImplemented


@loop
def _gelu_tanh(x: Array, y: Array, slope: Array) -> None:
    for i in range(x.size):
        v = x[i]
        one, twice, cubic, most = number(1, v), number(TWICE, v), number(CUBIC, v), number(30, v)
        size = abs(v)
        size = most if size > most else size
        square = size * size
        e = exp(-size * (twice + twice * cubic * square))
        share = one / (one + e)
        below = e * share if v < 0 else share
        y[i] = v * below
        steep = (twice + number(3, v) * twice * cubic * square) * (e * share * share)
        slope[i] = below + v * steep


def gelu_tanh(x: Array, y: Array, slope: Array) -> Any:
    return _gelu_tanh(x, y, slope) if served(x) else NotImplemented
