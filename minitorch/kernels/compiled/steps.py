"""Steps of optimizers in one pass over a parameter, its gradient and its averages."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.compiled import Array, in_parts, loop


def _flat(*arrays: Array) -> list[Array] | None:
    """The arrays as rows; None if they are not of one floating dtype, in C's order."""
    dtype = arrays[0].dtype
    if dtype.char not in "fd":
        return None
    for x in arrays:
        if x.dtype != dtype or not x.flags.c_contiguous:
            return None
    return [x.reshape(-1) for x in arrays]


@loop
def _sgd(
    start: int,
    stop: int,
    p: Array,
    g: Array,
    v: Array,
    lr: float,
    momentum: float,
    rest: float,
    decay: float,
    nesterov: bool,
) -> None:
    number = p.dtype.type
    lr, momentum, rest, decay = number(lr), number(momentum), number(rest), number(decay)
    p, g, v = p[start:stop], g[start:stop], v[start:stop]
    for i in range(p.size):
        d = g[i] + decay * p[i] if decay else g[i]
        velocity = momentum * v[i] + rest * d
        v[i] = velocity
        p[i] -= lr * (d + momentum * velocity if nesterov else velocity)


@loop
def _plain_sgd(start: int, stop: int, p: Array, g: Array, lr: float, decay: float) -> None:
    number = p.dtype.type
    lr, decay = number(lr), number(decay)
    p, g = p[start:stop], g[start:stop]
    for i in range(p.size):
        p[i] -= lr * (g[i] + decay * p[i] if decay else g[i])


def sgd(
    p: Array,
    g: Array,
    v: Array,
    lr: float,
    momentum: float,
    dampening: float,
    decay: float,
    nesterov: bool,
    is_first: bool,
) -> Any:
    arrays = _flat(p, g, v) if momentum else _flat(p, g)
    if arrays is None or is_first:
        return NotImplemented
    if momentum:
        numbers = lr, momentum, 1.0 - dampening, decay, nesterov
        in_parts(_sgd, p.size, 1, *arrays, *map(float, numbers[:4]), nesterov)
    else:
        in_parts(_plain_sgd, p.size, 1, *arrays, float(lr), float(decay))
    return True


@loop
def _adam(
    start: int,
    stop: int,
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    size: float,
    rest1: float,
    beta2: float,
    unbias: float,
    eps: float,
    decay: float,
    kept: float,
) -> None:
    number = p.dtype.type
    rest2 = number(1 - beta2)  # before beta2 is rounded
    size, rest1, beta2, eps = number(size), number(rest1), number(beta2), number(eps)
    unbias, decay, kept = number(unbias), number(decay), number(kept)
    p, g, m, v = p[start:stop], g[start:stop], m[start:stop], v[start:stop]
    for i in range(p.size):
        d = g[i] + decay * p[i] if decay else g[i]
        mean = m[i] + rest1 * (d - m[i])
        square = beta2 * v[i] + (rest2 * d) * d
        m[i], v[i] = mean, square
        p[i] = kept * p[i] - size * mean / (np.sqrt(square) / unbias + eps)


def adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    decay: float,
    decoupled: bool,
    t: float,
) -> Any:
    arrays = _flat(p, g, m, v)
    if arrays is None:
        return NotImplemented
    beta1, beta2 = betas
    size, unbias = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5
    kept, added = (1 - lr * decay, 0.0) if decoupled else (1.0, decay)
    numbers = size, 1 - beta1, beta2, unbias, eps, added, kept
    in_parts(_adam, p.size, 2, *arrays, *map(float, numbers))
    return True
