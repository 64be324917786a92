"""Attention's weights and their gradient, a row of scores at a time while it is in the cache."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from minitorch.kernels.compiled import Array, in_parts, loop, served
from minitorch.kernels.compiled.softmax import BLOCK, EXP, add_up, dot, exponentiate, largest


def masked(row: Any, scale: Any, mask: Any, place: int) -> None:
    """Scale a row of scores, and mask it by the row of `mask` at that place."""


@overload(masked, inline="always")
def _masked(row: Any, scale: Any, mask: Any, place: int) -> Any:
    def without(row: Any, scale: Any, mask: Any, place: int) -> None:
        for c in range(row.size):
            row[c] *= scale

    def by_bools(row: Any, scale: Any, mask: Any, place: int) -> None:
        low, kept = row.dtype.type(-np.inf), mask[place]
        for c in range(row.size):
            scaled = row[c] * scale
            row[c] = scaled if kept[c] else low

    def by_numbers(row: Any, scale: Any, mask: Any, place: int) -> None:
        low, added = row.dtype.type(-np.inf), mask[place]
        for c in range(row.size):
            total = row[c] * scale + added[c]
            row[c] = low if added[c] == low else total

    if mask is types.none:
        return without
    return by_bools if mask.dtype == types.boolean else by_numbers


@loop
def _shares(start: int, stop: int, x: Array, scale: Any, mask: Any, places: Array) -> None:
    S = x.shape[1]
    for first in range(start, stop, 1 + BLOCK // S):
        last = min(first + 1 + BLOCK // S, stop)
        for n in range(first, last):
            masked(x[n], scale, mask, places[n])
            most = largest(x[n])
            if most == -np.inf:  # nothing may be attended to
                most = x.dtype.type(0)
            for c in range(S):
                x[n, c] -= most
        exponentiate(x[first:last])
        for n in range(first, last):
            total = add_up(x[n])
            if total == 0:
                total = x.dtype.type(1)
            for c in range(S):
                x[n, c] /= total


@functools.lru_cache(maxsize=64)
def _places(own: tuple[int, ...], rows: tuple[int, ...]) -> Array:
    """Find which of a mask's rows each row of the scores has. (Not to be written into.)"""
    numbers = np.arange(math.prod(own)).reshape(own)
    return np.broadcast_to(numbers, rows).reshape(-1).copy()


def shares(scores: Array, mask: Array | None, scale: float) -> Any:
    S = scores.shape[-1]
    if not (served(scores) and scores.flags.carray and scores.size):
        return NotImplemented
    rows, places = scores.size // S, np.empty(0, np.int64)
    if mask is not None:
        if mask.dtype not in (np.bool_, scores.dtype):
            return NotImplemented
        places = _places(mask.shape[:-1], scores.shape[:-1])
        if mask.shape[-1] != S:
            mask = np.broadcast_to(mask, (*mask.shape[:-1], S))
        mask = mask.reshape(-1, S)
    x = scores.reshape(rows, S)
    in_parts(_shares, rows, (EXP + 1) * S, x, scores.dtype.type(scale), mask, places)
    return scores


@loop
def _weigh_back(start: int, stop: int, grad: Array, weights: Array) -> None:
    for n in range(start, stop):
        total = dot(grad[n], weights[n])
        for c in range(grad.shape[1]):
            grad[n, c] = (grad[n, c] - total) * weights[n, c]


def weigh_back(grad: Array, weights: Array) -> Any:
    if not (served(grad, weights) and grad.flags.carray and weights.flags.carray and grad.size):
        return NotImplemented
    S = grad.shape[-1]
    in_parts(_weigh_back, grad.size // S, 2 * S, grad.reshape(-1, S), weights.reshape(-1, S))
    return grad
